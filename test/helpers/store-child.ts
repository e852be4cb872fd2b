/**
 * A program that stores bodies and prints what it was told, to be run where a test cannot go itself: under limits, with
 * a module loaded before it, or to see that it ends. Closes its executor and leaves the rest to Node.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createExecutor } from '../../src/executor/create.js';
import { cut, text } from './bodies.js';
import { filesBelow } from './folders.js';
import { LargeBody, settingsFor, storeWhole, Told } from './stores.js';

export interface ChildTask {
  readonly executor: 'pool' | 'inline' | 'libuv';
  readonly directory: string;
  /** Name and bytes of each body; its content is `text(bytes, position)`. One of more than a MiB goes in parts. */
  readonly bodies: readonly (readonly [name: string, length: number])[];
}

export interface ChildAnswer {
  /** What was told, in this order. */
  readonly told: readonly (readonly [name: string, result: number | { code: string; cause?: string }])[];
  /** What lies in the directory; of each file, whether it is the body of its name, byte for byte. */
  readonly files: Readonly<Record<string, boolean>>;
}

const { executor: kind, directory, bodies } = JSON.parse(process.argv[2] as string) as ChildTask;
const told = new Told();
const executor = await createExecutor(kind, 2, settingsFor(directory), told.listener);
const sent: Promise<void>[] = [];
for (const [position, [name, length]] of bodies.entries()) {
  const body = text(length, position);
  if (length > 1 << 20) {
    const large = new LargeBody(executor, name);
    sent.push(large.send(cut(body, 100_000)).then(() => large.writer.end()));
  } else {
    storeWhole(executor, name, [body]);
  }
}
await Promise.all(sent);
await executor.close();
const bodyOf = new Map(bodies.map(([name, length], position) => [name, text(length, position)]));
const answer: ChildAnswer = {
  told: [...told.results].map(([name, result]) => [
    name,
    typeof result === 'number' ? result : { code: result.code, cause: result.cause?.message ?? '' },
  ]),
  files: Object.fromEntries(
    filesBelow(directory).map((name) => [name, bodyOf.get(name)?.equals(readFileSync(join(directory, name))) ?? false]),
  ),
};
process.stdout.write(JSON.stringify(answer));
