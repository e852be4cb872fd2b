/** Single runs of `sluice bench`, as it makes them: in a process of its own, from its own server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ServerSettings } from '../../src/bench/report.js';
import type { Answer, Items, RunResult, RunSpec } from '../../src/bench/run.js';
import { type BenchServer, startBenchServer } from '../../src/bench/server.js';
import type { Contender } from '../../src/bench/strategies.js';
import type { DownloadOptions } from '../../src/options/resolve.js';
import type { Probed } from './bench-probe.cjs';
import { scratch } from './scratch.js';

const ENTRY = fileURLToPath(new URL('../../src/bench/process-entry.cjs', import.meta.url));
const PROBE = fileURLToPath(new URL('bench-probe.cjs', import.meta.url));

interface Context {
  after(fn: () => void | Promise<void>): void;
}

export interface Embedded {
  readonly items: Items;
  readonly server: BenchServer;
}

/** `count` items of an embedded server that ends with the test; it answers at once with 1,000 bytes, but for what is said. */
export async function embedded(t: Context, count: number, changes: Partial<ServerSettings> = {}): Promise<Embedded> {
  const settings: ServerSettings = {
    bodies: { kind: 'fixed', size: 1000 },
    encoding: 'identity',
    latency: 0,
    errorRate: 0,
    bandwidth: 0,
    seed: 1,
    ...changes,
  };
  const server = await startBenchServer(settings);
  t.after(() => server.stop());
  return { server, items: { kind: 'embedded', base: server.base, server: settings, count } };
}

/** A server in this process, which writes down what it does; its moments are milliseconds since 1970. */
export interface Logged {
  readonly items: Items;
  readonly log: { readonly asked: number[]; readonly answered: number[]; bytes: number };
}

/** @param latency milliseconds */
export async function logged(
  t: Context,
  count: number,
  body: Buffer,
  latency: number,
  encoding?: string,
): Promise<Logged> {
  const log: Logged['log'] = { asked: [], answered: [], bytes: 0 };
  const headers = { 'content-length': body.length, ...(encoding !== undefined && { 'content-encoding': encoding }) };
  const server = createServer((_request, response) => {
    log.asked.push(clock());
    response.on('finish', () => {
      log.answered.push(clock());
      log.bytes += body.length;
    });
    setTimeout(() => response.writeHead(200, headers).end(body), latency);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const requests = Array.from({ length: count }, (_, n) => ({ url: `http://127.0.0.1:${port}/${n}`, name: String(n) }));
  return { items: { kind: 'list', requests }, log };
}

export function clock(): number {
  return performance.timeOrigin + performance.now();
}

/** The files go into a folder that is removed after the test. */
export function specFor(t: Context, strategy: Contender, items: Items, options: DownloadOptions = {}): RunSpec {
  return { strategy, items, options: { ...options, directory: scratch(t) } };
}

export interface Watched {
  readonly result: RunResult;
  readonly probed: Probed;
  /** Milliseconds since 1970; and when its end was seen, which may be later than it was. */
  readonly spawned: number;
  readonly exited: number;
}

/** The same process as `runInProcess` makes, watched from outside. @param within the command that runs it */
export async function watched(t: Context, spec: RunSpec, within: readonly string[] = []): Promise<Watched> {
  const file = join(scratch(t), 'probed');
  const command: readonly string[] = [...within, process.execPath, ENTRY];
  const [program = '', ...args] = command;
  const env = { ...process.env, NODE_OPTIONS: `--require ${PROBE}`, SLUICE_PROBE: file };
  const spawned = clock();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  const exited = once(child, 'exit');
  const answered = once(child, 'message') as Promise<[Answer]>;
  child.send(spec);
  const [answer] = await Promise.race([
    answered,
    exited.then(([status]) => Promise.reject(new Error(`ended: ${status}`))),
  ]);
  await exited;
  const end = clock();
  if ('error' in answer) throw new Error(answer.error.message);
  return { result: answer.result, probed: JSON.parse(readFileSync(file, 'utf8')) as Probed, spawned, exited: end };
}

/** The bounds of a quantile. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

/**
 * A quantile of the delays that messages of a probe had. Where the probe itself had to wait for a processor, nobody knows
 * whether what it did not send would have waited no longer than usual, or until the next message was read.
 */
export function delayOf(messages: Probed['messages'], rank: number): Bounds {
  const delays = messages.map(([, delay]) => delay);
  const missed: number[] = [];
  for (const [index, [sent, delay]] of messages.entries()) {
    const before = messages[index - 1]?.[0] ?? sent;
    for (let moment = before + PROBED; moment < sent - PROBED; moment += PROBED) missed.push(sent + delay - moment);
  }
  const at = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.ceil(rank * values.length) - 1] ?? NaN;
  return { least: at(delays), most: Math.max(at(delays), at([...delays, ...missed])) };
}

/** @returns by how many milliseconds a thread that does nothing else wakes up too late, on average, while `work` is done */
export async function lateness(work: () => Promise<void>): Promise<number> {
  const sleeper = new Worker(SLEEPER, { eval: true });
  const late: number[] = [];
  sleeper.on('message', (milliseconds: number) => late.push(milliseconds));
  await work();
  await sleeper.terminate();
  return late.reduce((sum, each) => sum + each, 0) / Math.max(1, late.length);
}

/** Milliseconds between two messages. */
const PROBED = 2;
const SLEEPER = `
const { parentPort } = require('node:worker_threads');
const pause = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  const started = performance.now();
  Atomics.wait(pause, 0, 0, 20);
  parentPort.postMessage(performance.now() - started - 20);
}`;
