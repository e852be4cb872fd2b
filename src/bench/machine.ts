/** What figures hold for. */
import { cpus, release, totalmem, type } from 'node:os';
import type { Machine } from './report.js';

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim().replaceAll(/\s+/g, ' ') ?? 'unknown',
    processors: processors.length,
    memory: totalmem(),
    system: `${type()} ${release()}`,
    node: process.versions.node,
  };
}
