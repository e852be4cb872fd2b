/** What tests of `sluice bench` share: short runs of the command, their reports, and what a signal does to it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type BenchReport, REFERENCES, type Strategy } from '../../src/bench/report.js';
import { CLI, type Ran, sluice } from './cli.js';
import { isGone } from './programs.js';
import { scratch } from './scratch.js';
import { until } from './signals.js';

export const QUICK: readonly string[] = ['--rounds', '3', '--seconds', '0.1', '-m', '4'];

export async function benchIn(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return sluice(['bench', '-d', 'there', ...args], { cwd });
}

export function reportIn(cwd: string): BenchReport {
  return JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as BenchReport;
}

/** Asserts that a short bench runs each of these in each round, tells it in three ways, and leaves nothing but them. */
export async function assertMeasures(t: TestContext, names: readonly Strategy[]): Promise<void> {
  const cwd = scratch(t);
  const ways = ['--html', 'report.html', '--json', 'report.json'];
  const args = ['--strategies', names.join(), '--files', '100', '--advice', '0', ...ways];
  const { status, stdout, stderr } = await benchIn(cwd, ...QUICK, ...args);
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(cwd).toSorted(), ['report.html', 'report.json']);
  const report = reportIn(cwd);
  assert.deepEqual(
    report.strategies.map(({ strategy }) => strategy),
    names,
  );
  for (const { strategy, files, runs, failed, timeline } of report.strategies) {
    assert.equal(failed, 0, strategy);
    assert.deepEqual(
      runs.map(({ round, stored }) => [round, stored]),
      [1, 2, 3].map((round) => [round, files]),
      strategy,
    );
    assert.equal(timeline.fetched.at(-1), files, strategy);
    assert.equal(timeline.stored.at(-1), files, strategy);
    assert.ok(stdout.includes(strategy), stdout);
  }
  // Of every one to each reference but itself.
  const references = REFERENCES.filter((reference) => names.includes(reference)).length;
  assert.equal(report.ratios.length, references * (names.length - 1));
  assert.match(stdout, /Only 3 rounds/);
  assert.ok(readFileSync(join(cwd, 'report.html'), 'utf8').includes(report.answer[0] as string));
}

/** Writes a list of so many URLs of a server that ends with the test. */
export async function writeList(t: TestContext, path: string, count: number, answer: RequestListener): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  writeFileSync(path, Array.from({ length: count }, (_, n) => `http://127.0.0.1:${port}/f${n}\n`).join(''));
}

/** Asserts that a signal in the middle of a run ends it with this status, and that nothing of it is left. */
export async function assertInterrupted(t: TestContext, signal: NodeJS.Signals, expected: number): Promise<void> {
  const { status, by, stderr } = await disturb(t, (group) => process.kill(-group, signal));
  assert.ok(status === expected || by === signal, `${status}, ${by}: ${stderr}`);
  assert.match(stderr, /\*\*\* Interrupted/);
}

interface Disturbed {
  readonly status: number | null;
  readonly by: string | null;
  readonly stderr: string;
}

/** Does something to a bench while some files are stored, and asserts that nothing of it is left when it has ended. */
export async function disturb(t: TestContext, how: (pid: number) => unknown): Promise<Disturbed> {
  const cwd = scratch(t);
  const args = ['bench', '-d', 'there', '--files', '2000', '--advice', '0', '--simulate-latency', '1,1'];
  // A group of its own, as a terminal makes it: a signal goes to all of it.
  const child = spawn(process.execPath, [CLI, ...args], { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid as number;
  const closed = once(child, 'close');
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.resume();
  while (!existsSync(join(cwd, 'there')) || filesBelow(join(cwd, 'there')) < 50) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  how(pid);
  const [status, by] = (await closed) as [number | null, string | null];
  assert.deepEqual(readdirSync(cwd), []);
  // Those of a process that has ended are known as gone when whoever takes them over has seen it.
  await until(() => isGone(-pid));
  return { status, by, stderr };
}

function filesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch {
    // A folder was removed while it was read.
    return 0;
  }
}
