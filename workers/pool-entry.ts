/** What the pool's threads run: batches of whole bodies, and large bodies part by part. */
import { setPriority } from 'node:os';
import type { BatchAnswer, BatchTask, LargeTask, StoreFailure, StoreResult, Task } from '../src/protocol.js';
import { threadTimes, timesSince } from './clock.js';
import { receiveParts } from './parts.js';
import { storePlain } from './plain.js';
import type * as Store from './store.js';

/** How much lower than the main thread's the priority of a writer is. */
const NICE = 10;

// The network does not wait for the store, not for a processor either: on Linux a priority is a thread's own, and a
// writer that is woken by a batch then does not take the processor from the thread that sent it. Elsewhere it would be
// the whole process's.
if (process.platform === 'linux') setPriority(0, NICE);

export default function run(task: Task): BatchAnswer | StoreResult | Promise<BatchAnswer | StoreResult> {
  if (task.kind === 'large') return receiveLarge(task);
  const plain = task.encodings === undefined && task.settings.imageCheck === 'none';
  return plain ? storeBatch(task, storePlain) : loadStore().then((loaded) => storeBatch(task, loaded.storeBody));
}

/** Decoding and checks are loaded by the first task that needs them: without, a worker starts in two thirds of the time. */
function loadStore(): Promise<typeof Store> {
  return import('./store.js');
}

/** Stores a batch, body after body; synchronous for as long as the store is: a promise for each body would cost more. */
function storeBatch(task: BatchTask, store: typeof Store.storeBody): BatchAnswer | Promise<BatchAnswer> {
  const { arena, spans, names, encodings, settings } = task;
  const started = threadTimes();
  const failures: StoreFailure[] = [];
  const sizes = new Float64Array(names.length);

  const note = (position: number, result: StoreResult): void => {
    if (typeof result === 'number') sizes[position] = result;
    else failures.push({ position, error: result });
  };
  const storeFrom = (first: number): Promise<void> | undefined => {
    for (let position = first; position < names.length; position += 1) {
      const offset = spans[2 * position] as number;
      const body = arena.subarray(offset, offset + (spans[2 * position + 1] as number));
      const job = { name: names[position] as string, encoding: encodings?.[position] ?? '' };
      const result = store(body, job, settings);
      if (result instanceof Promise) {
        return result.then((settled) => {
          note(position, settled);
          return storeFrom(position + 1);
        });
      }
      note(position, result);
    }
    return undefined;
  };
  const answer = (): BatchAnswer => ({ sizes, failures, times: timesSince(started) });
  return storeFrom(0)?.then(answer) ?? answer();
}

async function receiveLarge({ port, job, settings }: LargeTask): Promise<StoreResult> {
  try {
    const parts = receiveParts(port);
    const { storeLarge } = await loadStore();
    return await storeLarge(parts, job, settings);
  } finally {
    port.close();
  }
}
