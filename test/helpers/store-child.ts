/**
 * A program that stores bodies and prints what it was told, to be run where a test cannot go itself: under limits, with
 * a module loaded before it, or to see that it ends. Closes its executor and leaves the rest to Node.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createExecutor } from '../../src/executor/create.js';
import type { SimulatedLatency, StoreSettings } from '../../src/protocol/settings.js';
import { simulate } from '../../workers/slow.js';
import { cut, text, TINY_GIF } from './bodies.js';
import { filesBelow } from './folders.js';
import { LargeBody, settingsFor, storeWhole, Told } from './stores.js';

export interface ChildTask {
  readonly executor: 'pool' | 'inline' | 'libuv';
  readonly directory: string;
  /**
   * Name and bytes of each body; its content is `text(bytes, position)`, or an image where its name ends in `.gif`. One of
   * more than a MiB goes in parts.
   */
  readonly bodies: readonly (readonly [name: string, length: number])[];
  /** Bodies at the end of those that are given to the executor when it has told of all others. */
  readonly afterwards?: number;
  /** Threads; 2 if it is missing. */
  readonly workers?: number | 'auto';
  /** Whether bodies come encoded. */
  readonly gzip?: boolean;
  /** What is not as in {@link settingsFor}. */
  readonly settings?: Partial<Pick<StoreSettings, 'layout' | 'imageCheck'>>;
  readonly simulatedLatency?: SimulatedLatency;
}

export interface ChildAnswer {
  /** What was told, in this order. */
  readonly told: readonly (readonly [name: string, result: number | { code: string; cause?: string }])[];
  /** What lies in the directory; of each file, whether it is the body of its name, byte for byte. */
  readonly files: Readonly<Record<string, boolean>>;
  /** Threads that were started. */
  readonly threads: number;
  /** From the first body to the end. */
  readonly milliseconds: number;
}

const task = JSON.parse(process.argv[2] as string) as ChildTask;
const { directory } = task;
const bodies = new Map(
  task.bodies.map(([name, length], position) => [name, name.endsWith('.gif') ? TINY_GIF : text(length, position)]),
);
const encode = task.gzip === true ? (body: Buffer): Buffer => gzipSync(body) : (body: Buffer): Buffer => body;
const encoding = task.gzip === true ? 'gzip' : '';
let threads = 0;
process.on('worker', () => (threads += 1));
const told = new Told();
const slow = task.simulatedLatency && simulate(task.simulatedLatency);
const settings = settingsFor(directory, { ...task.settings, slow });
const executor = await createExecutor(task.executor, task.workers ?? 2, settings, told.listener);
const received = [...bodies].map(([name, body]) => [name, encode(body)] as const);
const started = performance.now();
const sent: Promise<void>[] = [];
const first = received.length - (task.afterwards ?? 0);
for (const [position, [name, body]] of received.entries()) {
  if (position === first) {
    await Promise.all(sent);
    for (const [before] of received.slice(0, first)) await told.of(before);
  }
  if (body.length > 1 << 20) {
    const large = new LargeBody(executor, name, encoding);
    sent.push(large.send(cut(body, 100_000)).then(() => large.writer.end()));
  } else {
    storeWhole(executor, name, [body], encoding);
  }
}
await Promise.all(sent);
await executor.close();
const milliseconds = performance.now() - started;
const answer: ChildAnswer = {
  told: [...told.results].map(([name, result]) => [
    name,
    typeof result === 'number' ? result : { code: result.code, cause: result.cause?.message ?? '' },
  ]),
  files: Object.fromEntries(
    filesBelow(directory).map((name) => [name, bodies.get(name)?.equals(readFileSync(join(directory, name))) ?? false]),
  ),
  threads,
  milliseconds,
};
process.stdout.write(JSON.stringify(answer));
