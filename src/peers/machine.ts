/** What a table's figures hold for. */
import { cpus, release, type } from 'node:os';

/** The heading of all tables: without it their figures mean nothing. */
export function heading(versions: readonly string[], date: Date): string {
  const processors = cpus();
  const model = processors[0]?.model.trim().replaceAll(/\s+/g, ' ') ?? 'unknown processor';
  const machine = [`${processors.length} × ${model}`, `${type()} ${release()}`, `Node ${process.versions.node}`];
  return `### ${[date.toISOString().slice(0, 10), ...machine, ...versions].join(', ')}`;
}
