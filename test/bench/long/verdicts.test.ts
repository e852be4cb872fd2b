/** The verdict that a run of the bench gives is right: each is held up by one thing. Times are not asserted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { BenchReport, ServerSettings, Strategy } from '../../../src/bench/report.js';
import { runInProcess } from '../../../src/bench/run.js';
import type { DownloadOptions } from '../../../src/options/resolve.js';
import type { Bound } from '../../../src/outcome.js';
import { embedded, specFor } from '../../helpers/bench.js';
import { sluice } from '../../helpers/cli.js';
import { scratch } from '../../helpers/scratch.js';

/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 600_000;
const never = new AbortController().signal;

/** Of a strategy: how many files it is given, so that what holds it up has some time to show, and what that is. */
type Expected = readonly [strategy: Strategy, files: number, bound: Bound];

interface Case {
  readonly server: Partial<ServerSettings>;
  readonly options: DownloadOptions;
  /** Runs that do little but wait can be made at the same time; the others are to have the processors for themselves. */
  readonly idle: boolean;
  readonly expected: readonly Expected[];
}

const CASES: Readonly<Record<string, Case>> = {
  'slow storage': {
    server: {},
    options: { maxRequests: 4, workers: 4, simulatedLatency: { name: 0, write: 200 } },
    idle: true,
    expected: [
      ['sequential', 10, 'storage'],
      ['inline', 10, 'storage'],
      ['libuv', 160, 'storage'],
      ['threads', 36, 'storage'],
      ['pool', 40, 'storage'],
    ],
  },
  'a slow server': {
    server: { latency: 400 },
    options: { maxRequests: 4 },
    idle: true,
    expected: [
      ['inline', 20, 'server'],
      ['libuv', 20, 'server'],
      ['threads', 20, 'server'],
      ['pool', 20, 'server'],
    ],
  },
  'a narrow server': {
    server: { bodies: { kind: 'fixed', size: 100_000 }, bandwidth: 1_000_000 },
    options: { maxRequests: 4 },
    idle: true,
    expected: [
      ['inline', 20, 'network'],
      ['libuv', 20, 'network'],
      ['threads', 20, 'network'],
      ['pool', 20, 'network'],
    ],
  },
  'heavy decoding': {
    server: { bodies: { kind: 'fixed', size: 1 << 20 }, encoding: 'br' },
    options: { maxRequests: 4, workers: 2 },
    idle: false,
    expected: [
      ['inline', 100, 'main thread'],
      ['pool', 140, 'cpu'],
      ['threads', 100, 'cpu'],
    ],
  },
  'pixels that are checked': {
    server: { bodies: { kind: 'flags' } },
    options: { imageCheck: 'pixels', workers: 2 },
    idle: false,
    expected: [
      ['inline', 400, 'main thread'],
      ['pool', 400, 'cpu'],
    ],
  },
  'a main thread that tiny bodies keep busy': {
    server: { bodies: { kind: 'fixed', size: 10 } },
    options: { maxRequests: 64 },
    idle: false,
    expected: [['inline', 3000, 'main thread']],
  },
  // Making files costs the writers as much as requests cost the main thread; a member of a shard is no file.
  'a main thread that tiny bodies keep busy, and shards that take little': {
    server: { bodies: { kind: 'fixed', size: 10 } },
    // Headers are the main thread's work, and the server's, which has a process of its own.
    options: { maxRequests: 64, layout: 'tar', headers: Array.from({ length: 60 }, (_, n) => `X-Header-${n}: ${n}`) },
    idle: false,
    expected: [['pool', 20_000, 'main thread']],
  },
  'a budget that is too small': {
    server: { bodies: { kind: 'fixed', size: 250_000 } },
    options: { memory: '8MiB', simulatedLatency: { name: 0, write: 150 } },
    idle: false,
    expected: [['pool', 500, 'budget']],
  },
};

describe('the verdict is right', () => {
  for (const [title, { server, options, idle, expected }] of Object.entries(CASES)) {
    describe(`with ${title}`, { concurrency: idle ? expected.length : 1 }, () => {
      for (const [strategy, files, bound] of expected) {
        test(`${strategy}: ${bound}`, { timeout }, async (t) => {
          const { items } = await embedded(t, files, server);
          const result = await runInProcess(specFor(t, strategy, items, options), never);
          assert.deepEqual([result.stored, result.failures], [files, {}]);
          assertBound(t, result.verdict, bound);
        });
      }
    });
  }

  const COMMANDS: readonly (readonly [title: string, bound: Bound, args: readonly string[]])[] = [
    ['slow storage', 'storage', ['--simulate-latency', '0,100', '--workers', '4', '--files', '24']],
    ['a slow server', 'server', ['--latency', '200', '--files', '12']],
  ];
  describe('of the whole command', { concurrency: COMMANDS.length }, () => {
    for (const [title, bound, args] of COMMANDS) {
      test(`with ${title}: ${bound}`, { timeout }, async (t) => {
        const cwd = scratch(t);
        const common = ['-d', 'there', '--advice', '0', '--strategies', 'pool', '-m', '4', '--json', 'report.json'];
        const { status, stdout, stderr } = await sluice(['bench', ...common, ...args], { cwd });
        assert.equal(status, 0, stderr);
        const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as BenchReport;
        const verdict = report.strategies[0]?.verdict ?? null;
        assertBound(t, verdict, bound);
        assert.ok(stdout.includes(`${bound} ${Math.round(100 * (verdict?.share ?? NaN))}%`), stdout);
      });
    }
  });
});

function assertBound(t: TestContext, verdict: BenchReport['strategies'][number]['verdict'], bound: Bound): void {
  t.diagnostic(JSON.stringify(verdict));
  assert.equal(verdict?.bound, bound);
  assert.ok(verdict.share > 0.3 && verdict.share <= 1, String(verdict.share));
}
