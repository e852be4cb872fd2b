/** What the pool's threads run: batches of whole bodies, and large bodies part by part. */
import {
  type BatchAnswer,
  type BatchTask,
  isStored,
  type LargeAnswer,
  type LargeTask,
  type StoreFailure,
  type StoreResult,
  type Task,
} from '../src/protocol.js';
import { InParts, now, timesSince } from './clock.js';
import { receiveParts } from './parts.js';
import { storePlain, storePlainWaiting } from './plain.js';
import type * as Store from './store.js';

export default function run(task: Task): BatchAnswer | Promise<BatchAnswer | LargeAnswer> {
  if (task.kind === 'large') return receiveLarge(task);
  const { manner, encodings, settings } = task;
  const plain = encodings === undefined && settings.imageCheck === 'none';
  if (plain) return storeBatch(task, manner === 'blocking' ? storePlain : storePlainWaiting);
  return loadStore().then((loaded) =>
    storeBatch(task, manner === 'blocking' ? loaded.storeBody : loaded.storeBodyWaiting),
  );
}

/** Decoding and checks are loaded by the first task that needs them: without, a worker starts in two thirds of the time. */
function loadStore(): Promise<typeof Store> {
  return import('./store.js');
}

/** Stores a batch, body after body; synchronous for as long as the store is: a promise for each body would cost more. */
function storeBatch(task: BatchTask, store: typeof Store.storeBody): BatchAnswer | Promise<BatchAnswer> {
  const { arena, spans, names, encodings, settings } = task;
  const started = now();
  const failures: StoreFailure[] = [];
  const sizes = new Float64Array(names.length);
  const crc32s = new Uint32Array(names.length);

  const note = (position: number, result: StoreResult): void => {
    if (!isStored(result)) {
      failures.push({ position, error: result });
      return;
    }
    sizes[position] = result.size;
    crc32s[position] = result.crc32;
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
  const answer = (): BatchAnswer => ({ sizes, crc32s, failures, times: timesSince(started) });
  return storeFrom(0)?.then(answer) ?? answer();
}

async function receiveLarge({ port, job, settings, manner }: LargeTask): Promise<LargeAnswer> {
  try {
    const clock = new InParts();
    const parts = clock.of(receiveParts(port));
    const { storeLarge, storeLargeAsync } = await loadStore();
    const result = await (manner === 'blocking' ? storeLarge : storeLargeAsync)(parts, job, settings);
    return { result, times: clock.times };
  } finally {
    port.close();
  }
}
