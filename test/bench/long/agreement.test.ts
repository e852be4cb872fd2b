/** What a run tells of itself is what others measure of the same run: to a tenth, and what the measures can tell apart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { STRATEGIES, type Strategy } from '../../../src/bench/report.js';
import { runInProcess, type RunResult } from '../../../src/bench/run.js';
import type { DownloadOptions } from '../../../src/options/resolve.js';
import { findTimer } from '../../../src/comparison/measure.js';
import { type Bounds, delayOf, embedded, lateness, logged, specFor, watched } from '../../helpers/bench.js';
import { text } from '../../helpers/bodies.js';
import { noInjection } from '../../helpers/faults.js';
import { scratch } from '../../helpers/scratch.js';

/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 600_000;
const never = new AbortController().signal;

/** @param resolution of both measures, in the same unit */
function assertNear(t: TestContext, what: string, inside: number, outside: number, resolution: number): void {
  assertWithin(t, what, inside, { least: outside, most: outside }, resolution);
}

/** @param outside where it is not known exactly */
function assertWithin(t: TestContext, what: string, inside: number, outside: Bounds, resolution: number): void {
  const rounded = (value: number): number => Math.round(1000 * value) / 1000;
  const { least, most } = outside;
  const found = `${what}: ${rounded(inside)} inside, ${[...new Set([least, most].map(rounded))].join(' to ')} outside`;
  t.diagnostic(found);
  assert.ok(inside >= 0.9 * least - resolution && inside <= 1.1 * most + resolution, found);
}

describe('a run agrees with GNU time and the log of its server', { timeout }, () => {
  const timer = findTimer();
  const body = gzipSync(text(200_000, 1));
  const ways: readonly (readonly [strategy: Strategy, options: DownloadOptions])[] = [
    ['inline', {}],
    ['pool', { workers: 2 }],
    ['threads', { maxRequests: 8 }],
  ];
  for (const [strategy, options] of ways) {
    test(strategy, { skip: timer === undefined ? 'needs GNU time' : false }, async (t) => {
      const count = 200;
      const { items, log } = await logged(t, count, body, 40, 'gzip');
      const file = join(scratch(t), 'time');
      const within = [timer as string, '--format=%e %U %S %M', `--output=${file}`];
      const { result, probed, spawned, exited } = await watched(t, specFor(t, strategy, items, options), within);
      const usage = readFileSync(file, 'utf8').split(' ').map(Number);
      const [wall, user, system, kibibytes] = usage as [number, number, number, number];

      // It counts in hundredths, and the end of a process takes some of them, or more on a machine that is busy.
      const [starting, ending] = [(probed.began - spawned) / 1000, (exited - probed.ended) / 1000];
      const between = { least: wall - starting - ending, most: wall - starting };
      assertWithin(t, 'seconds', result.elapsed, between, 0.05);
      assertNear(t, 'seconds of processors', result.cpuAll, user + system, 0.05);
      if (result.cpuMain !== null && probed.cpuMain !== null) {
        assertNear(t, 'seconds of the main thread', result.cpuMain, probed.cpuMain, 0.05);
      }
      assertNear(t, 'megabytes', result.peakMemory / 1e6, (kibibytes * 1024) / 1e6, 1);

      assert.deepEqual([result.stored, log.answered.length, log.asked.length], [count, count, count]);
      assert.equal(result.bytes, 200_000 * count);
      // After the last answer comes only what is stored last.
      const seconds = ((log.answered.at(-1) ?? NaN) - probed.began) / 1000;
      assertNear(t, 'seconds to the last answer', result.elapsed, seconds, 0.1);
      const rate = log.answered.length / seconds;
      assertNear(t, 'files a second', result.stored / result.elapsed, rate, (0.1 / seconds) * rate);
    });
  }
});

test('peak memory is that of the run, however large the process is that began it', { timeout }, async (t) => {
  const held = Buffer.alloc(400e6, 1);
  const { items } = await embedded(t, 10);
  const { peakMemory } = await runInProcess(specFor(t, 'inline', items), never);
  assert.ok(peakMemory > 20e6 && peakMemory < held.length / 2, String(peakMemory));
});

test('the server’s own account has as many files and bytes, whatever the strategy', { timeout }, async (t) => {
  const runs = STRATEGIES.map(async (strategy) => {
    const { items, server } = await embedded(t, 100, { bodies: { kind: 'range', least: 100, most: 300_000 } });
    await server.take();
    const { stored, bytes, failures } = await runInProcess(specFor(t, strategy, items, { maxRequests: 4 }), never);
    const account = await server.take();
    assert.deepEqual([stored, failures], [100, {}], strategy);
    assert.deepEqual([account.requests, account.answered, account.bytes], [100, stored, bytes], strategy);
  });
  await Promise.all(runs);
});

test('the delay of the event loop is what a probe finds in the same run', { timeout }, async (t) => {
  const { items } = await embedded(t, 32);
  // Stalls far longer than those at the start of a run, in which modules are loaded.
  const options = { maxRequests: 16, simulatedLatency: { name: 40, write: 20 } };
  const { result, probed } = await watched(t, specFor(t, 'inline', items, options));
  const messages = probed.messages.filter(([sent]) => sent >= probed.began && sent <= probed.ended);
  assert.ok(messages.length > 100 && delayOf(messages, 0.5).least > 60, `${messages.length} messages`);
  const { p50, p99, max } = result.loopDelay;
  assertWithin(t, 'median', p50, delayOf(messages, 0.5), 2);
  assertWithin(t, '99th percentile', p99, delayOf(messages, 0.99), 2);
  assertWithin(t, 'longest', max, delayOf(messages, 1), 2);
});

describe('the time of the storage', { timeout }, () => {
  /** Milliseconds. What libuv's threads have done is known when the event loop comes round, for a write three times. */
  const resolutionOf = (strategy: Strategy | undefined): number => (strategy === 'libuv' ? 10 : 2);
  /** Each does one thing at a time in each folder: no name waits for another. */
  const ways: readonly (readonly [strategy: Strategy, files: number, options: DownloadOptions])[] = [
    ['sequential', 15, {}],
    ['inline', 15, {}],
    // So many at once that what is loaded at first hardly counts.
    ['libuv', 100, { layout: 'hashed', maxRequests: 1 }],
    ['pool', 15, { workers: 1 }],
    ['threads', 15, { maxRequests: 1 }],
  ];

  test('is what was set', async (t) => {
    const simulatedLatency = { name: 60, write: 40 };
    // All at once: they do little but wait.
    const runs = ways.map(async ([strategy, files, options]) => {
      const { items } = await embedded(t, files);
      return { strategy, spec: specFor(t, strategy, items, { ...options, simulatedLatency }) };
    });
    const specs = await Promise.all(runs);
    const results: (readonly [Strategy, RunResult['storage']])[] = [];
    const late = await lateness(async () => {
      const each = specs.map(async ({ strategy, spec }) => {
        const { storage } = await runInProcess(spec, never);
        results.push([strategy, storage]);
      });
      await Promise.all(each);
    });
    for (const [strategy, storage] of results) {
      assertNear(
        t,
        `${strategy}, ms a name`,
        storage?.rename ?? NaN,
        simulatedLatency.name + late,
        resolutionOf(strategy),
      );
      assertNear(
        t,
        `${strategy}, ms a write`,
        storage?.write ?? NaN,
        simulatedLatency.write + late,
        resolutionOf(strategy),
      );
    }
    assert.equal(results.length, ways.length);
  });

  test('is that of the system calls, where these are slow', { skip: noInjection }, async (t) => {
    const runs = ways.map(async ([strategy, files, options]) => {
      const { items } = await embedded(t, files);
      const spec = specFor(t, strategy, items, options);
      const trace = join(scratch(t), 'trace');
      // With libuv, what a thread has done is told by a write, too.
      const { result } = await watched(
        t,
        spec,
        slowCalls(trace, strategy === 'libuv' ? ['rename'] : ['rename', 'write']),
      );
      return { storage: result.storage, outside: timesOf(trace, spec.options.directory as string) };
    });
    for (const [index, { storage, outside }] of (await Promise.all(runs)).entries()) {
      const [strategy, files = NaN] = ways[index] ?? [];
      assertNear(t, `${strategy}, ms a name`, storage?.rename ?? NaN, outside.rename / files, resolutionOf(strategy));
      if (strategy !== 'libuv') {
        assertNear(t, `${strategy}, ms a write`, storage?.write ?? NaN, outside.write / files, resolutionOf(strategy));
      }
    }
  });
});

/** The command that runs another one whose system calls of some kinds take 30 ms, whatever they are for. */
function slowCalls(trace: string, calls: readonly string[]): string[] {
  const inject = calls.flatMap((call) => ['-e', `inject=${call}:delay_enter=30000`]);
  return ['strace', '-f', '--seccomp-bpf', '-qq', '-y', '-T', '-o', trace, '-e', 'trace=rename,write', ...inject];
}

/** Milliseconds of all calls that concern a folder. */
function timesOf(trace: string, folder: string): { rename: number; write: number } {
  const times = { rename: 0, write: 0 };
  const unfinished = new Map<string, string>();
  for (const line of readFileSync(trace, 'latin1').split('\n')) {
    const [thread = ''] = line.split(' ', 1);
    if (line.includes('<unfinished ...>')) unfinished.set(thread, line);
    const [, seconds] = / <([\d.]+)>$/.exec(line) ?? [];
    if (seconds === undefined) continue;
    const call = line.includes(' resumed>') ? (unfinished.get(thread) ?? '') : line;
    const [, name] = /^\d+ +(rename|write)\(/.exec(call) ?? [];
    if (call.includes(`${folder}/`)) times[name as 'rename' | 'write'] += 1000 * Number(seconds);
  }
  return times;
}
