/** What the pool's threads run: batches of whole bodies, and large bodies part by part. */
import type { PlainError } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { Checksum, ImageFacts } from '../src/item.js';
import type { BatchAnswer, BatchTask, LargeAnswer, LargeTask, StoreFailure, Task } from '../src/protocol/messages.js';
import { isStored, type StoreResult } from '../src/protocol/result.js';
import { InParts, now, timesSince } from './clock.js';
import { fsyncFiles, fsyncFilesAsync, namesOf } from './durable.js';
import { receiveParts } from './parts.js';
import { storePlain, storePlainWaiting } from './plain.js';
import { hasSteps } from './steps/steps.js';
import type * as Store from './store.js';

export default function run(task: Task): BatchAnswer | Promise<BatchAnswer | LargeAnswer> {
  if (task.kind === 'large') return receiveLarge(task);
  const { mode, encodings, checksums, settings } = task;
  const hashes = checksums !== undefined || settings.computeHash !== undefined;
  const plain = encodings === undefined && !hashes && !hasSteps(settings);
  if (plain) return storeBatch(task, mode === 'blocking' ? storePlain : storePlainWaiting);
  return loadStore(settings).then((loaded) =>
    storeBatch(task, mode === 'blocking' ? loaded.storeBody : loaded.storeBodyWaiting),
  );
}

type Handlers = Pick<typeof Store, 'storeBody' | 'storeBodyWaiting' | 'storeLarge' | 'storeLargeAsync'>;

/**
 * Decoding and checks are loaded by the first task that needs them: without, a worker starts in two thirds of the time.
 * Before its times begin: a thread that waits for modules would be taken for one that the storage holds up.
 */
async function loadStore(settings: StoreSettings): Promise<Handlers> {
  const { storeBody, storeBodyWaiting, storeLarge, storeLargeAsync, prepare } = await import('./store.js');
  await prepare(settings);
  return { storeBody, storeBodyWaiting, storeLarge, storeLargeAsync };
}

/** Stores a batch, body after body; synchronous for as long as the store is: a promise for each body would cost more. */
function storeBatch(task: BatchTask, store: typeof Store.storeBody): BatchAnswer | Promise<BatchAnswer> {
  const { arena, spans, names, encodings, checksums, modified, settings, mode } = task;
  const started = now();
  let failures: StoreFailure[] = [];
  const sizes = new Float64Array(names.length);
  const crc32s = new Uint32Array(names.length);
  const images = settings.images && names.map((): ImageFacts | undefined => undefined);
  const computed = settings.computeHash && names.map((): Checksum | undefined => undefined);

  const note = (position: number, result: StoreResult): void => {
    if (!isStored(result)) {
      failures.push({ position, error: result });
      return;
    }
    sizes[position] = result.size;
    crc32s[position] = result.crc32;
    if (computed !== undefined) computed[position] = result.checksum;
    if (images !== undefined) images[position] = result.image;
  };
  const storeFrom = (first: number): Promise<void> | undefined => {
    for (let position = first; position < names.length; position += 1) {
      const offset = spans[2 * position] as number;
      const body = arena.subarray(offset, offset + (spans[2 * position + 1] as number));
      const job = {
        name: names[position] as string,
        encoding: encodings?.[position] ?? '',
        checksum: checksums?.[position],
        modified: modified?.[position],
      };
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
  const stored = (): string[] => {
    const failed = new Set(failures.map(({ position }) => position));
    const originals = images?.flatMap((image) => image?.original?.name ?? []) ?? [];
    return [...originals, ...names.filter((_name, position) => !failed.has(position))];
  };
  const answer = (unsafe: PlainError | undefined): BatchAnswer => {
    if (unsafe !== undefined) {
      const failed = new Map(failures.map(({ position, error }) => [position, error]));
      failures = names.map((_name, position) => ({ position, error: failed.get(position) ?? unsafe }));
    }
    return { sizes, crc32s, checksums: computed, images, failures, times: timesSince(started) };
  };
  const storing = storeFrom(0);
  if (!settings.durable) return storing?.then(() => answer(undefined)) ?? answer(undefined);
  if (mode === 'waiting')
    return Promise.resolve(storing)
      .then(() => fsyncFilesAsync(stored(), settings))
      .then(answer);
  return storing?.then(() => answer(fsyncFiles(stored(), settings))) ?? answer(fsyncFiles(stored(), settings));
}

async function receiveLarge({ port, job, settings, mode }: LargeTask): Promise<LargeAnswer> {
  try {
    const clock = new InParts(mode);
    const parts = clock.of(receiveParts(port));
    const { storeLarge, storeLargeAsync } = await loadStore(settings);
    const stored = await (mode === 'blocking' ? storeLarge : storeLargeAsync)(parts, job, settings);
    const result = isStored(stored) ? ((await fsyncFilesAsync(namesOf(job.name, stored), settings)) ?? stored) : stored;
    return { result, times: clock.end() };
  } finally {
    port.close();
  }
}
