/**
 * The figures that *Fluent Python* begins its chapters on concurrent downloads with: 20 flags one after the other and all
 * at once, which it found to be five times as fast, and hundreds of requests at once, over 70 times.
 */
import { version } from '../shared/version.js';
import { judge } from './judgement.js';
import { describeMachine } from './machine.js';
import type { Machine, ServerSettings } from './report.js';
import { Harness } from './harness.js';
import { embedded, withSource } from './source.js';
import { type Spread, spreadOf } from './statistics.js';
import { spread } from './text.js';

export interface HeadlineReport {
  readonly schema: 'sluice-bench-flags/1';
  readonly version: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended: string;
  readonly machine: Machine;
  /** Milliseconds until each answer begins. */
  readonly latency: number;
  readonly cases: readonly HeadlineCase[];
}

export interface HeadlineCase {
  /** Files, all requested at once by the one that is not sequential. */
  readonly requests: number;
  /** Seconds. */
  readonly sequential: Spread;
  readonly concurrent: Spread;
  /** How often as fast all at once is. */
  readonly ratio: Spread;
  /** What the book found. */
  readonly book: number;
}

/** Minutes one after the other are measured once: they are latency, which hardly varies. */
const CASES = [
  { requests: 20, book: 5, sequentialRounds: 3 },
  { requests: 600, book: 70, sequentialRounds: 1 },
] as const;
const ROUNDS = 3;

/** @param latency milliseconds until each answer begins */
export async function headline(
  directory: string,
  latency: number,
  signal: AbortSignal,
  tell: (what: string) => void,
): Promise<HeadlineReport> {
  const started = new Date();
  const server: ServerSettings = {
    bodies: { kind: 'flags' },
    encoding: 'identity',
    latency,
    errorRate: 0,
    bandwidth: 0,
    seed: 0,
  };
  return withSource(
    directory,
    signal,
    () => embedded(server),
    async (place, source) => {
      const rig = new Harness({ place, source, options: {}, files: undefined, most: Infinity, signal });
      const cases: HeadlineCase[] = [];
      for (const { requests, book, sequentialRounds } of CASES) {
        const setting = { layout: 'flat', requests, workers: 'auto' } as const;
        const concurrent: number[] = [];
        const sequential: number[] = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          tell(`${requests} requests at once`);
          concurrent.push((await rig.run('pool', setting, requests)).result.elapsed);
          if (round >= sequentialRounds) continue;
          tell(`${requests} requests one after the other, some ${Math.ceil((requests * latency) / 1000)} s`);
          sequential.push((await rig.run('sequential', setting, requests)).result.elapsed);
        }
        const [first = NaN] = sequential;
        const ratio = spreadOf(concurrent.map((seconds, round) => (sequential[round] ?? first) / seconds));
        cases.push({ requests, sequential: spreadOf(sequential), concurrent: spreadOf(concurrent), ratio, book });
      }
      const ended = new Date().toISOString();
      return {
        schema: 'sluice-bench-flags/1',
        version,
        started: started.toISOString(),
        ended,
        machine: describeMachine(),
        latency,
        cases,
      };
    },
  );
}

export function describeHeadline({ latency, cases }: HeadlineReport): string {
  const lines = cases.map(
    ({ requests, sequential, concurrent, ratio, book }) =>
      `${requests} requests: ${seconds(sequential)} one after the other, ${seconds(concurrent)} all at once: ` +
      `${gainOf(ratio)} (the book: ${book === 70 ? 'over 70' : book})`,
  );
  return `Flags from the embedded server, which answers after ${latency} ms:\n${lines.join('\n')}\n`;
}

function gainOf(ratio: Spread): string {
  if (judge(ratio) === 'unclear') return `rounds do not agree whether that is faster, ${spread(ratio)} times`;
  return `${ratio.median.toFixed(ratio.median < 100 ? 1 : 0)} times as fast`;
}

function seconds({ median }: Spread): string {
  return `${median.toFixed(2)} s`;
}
