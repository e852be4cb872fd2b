/**
 * The store: decode, check and write one body. The same handlers for the pool's workers and for the executors that run
 * on the main thread, so that they can be compared. None of them throws: a failure is a result.
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { SluiceError } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { PartialJob, StoredFile, StoreJob, StoreResult } from '../src/protocol/result.js';
import { createDecoder, decode, decodeAsync } from './steps/decode.js';
import { describeStoreFailure } from './failure.js';
import { Gate } from './gate.js';
import { AsyncTemporaryFile, TemporaryFile, type UnfinishedFile, writeWhole, writeWholeAsync } from './files.js';
import { checkStructure } from './steps/structure.js';
import { imageError } from './steps/image/cursor.js';
import { checksumOf, LEAST_KEPT, notWhole } from './partial.js';
import { checkPixels } from './steps/pixels.js';
import { CANCELLED, checkSize, isCancelled, storedAs } from './plain.js';

/**
 * Bytes that a body may have after decoding to be held whole; one that has more is decoded again, part by part. A
 * bound on the memory of a worker, whatever the server sends.
 */
const MAX_DECODED_WHOLE = 16 << 20;
/** Bytes of an image that is to be checked: for that it has to be read back whole. */
const MAX_CHECKED = 128 << 20;
/** Bytes of images that are read back at once by this thread. */
const readBack = new Gate(MAX_CHECKED);

/** Where bodies are written, once they are decoded and checked: synchronously, to files of their own or into shards. */
export interface Place {
  /** @throws what the operating system said */
  writeWhole(settings: StoreSettings, name: string, bytes: Uint8Array, stored: StoredFile): void;
  open(settings: StoreSettings, name: string, partial?: PartialJob): UnfinishedFile;
}

const FILES: Place = { writeWhole, open: (...args) => new TemporaryFile(...args) };

/**
 * Stores one body: synchronously, unless its pixels are to be checked (sharp has no synchronous call) or it swells
 * beyond what is held whole.
 */
export function storeBody(
  body: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
  place: Place = FILES,
): StoreResult | Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  try {
    const bytes = decode(body, job.encoding, Math.min(settings.maxBodySize, MAX_DECODED_WHOLE));
    if (settings.imageCheck !== 'none') checkStructure(bytes);
    if (settings.imageCheck === 'pixels') return storePixels(bytes, job, settings, place);
    const stored = storedAs(bytes);
    place.writeWhole(settings, job.name, bytes, stored);
    return stored;
  } catch (error) {
    return swells(error, settings)
      ? storeLarge([body], job, settings, place)
      : describeStoreFailure(error, job.name, settings);
  }
}

async function storePixels(
  bytes: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
  place: Place,
): Promise<StoreResult> {
  try {
    await checkPixels(bytes);
    const stored = storedAs(bytes);
    place.writeWhole(settings, job.name, bytes, stored);
    return stored;
  } catch (error) {
    return describeStoreFailure(error, job.name, settings);
  }
}

/** The same as {@link storeBody} with nothing synchronous but the walk over an image's blocks. */
export function storeBodyAsync(body: Uint8Array, job: StoreJob, settings: StoreSettings): Promise<StoreResult> {
  return storeUndone(body, job, settings, decodeAsync);
}

/** The same in a worker, which decodes by itself: libuv's threads may all be waiting for the storage. */
export function storeBodyWaiting(body: Uint8Array, job: StoreJob, settings: StoreSettings): Promise<StoreResult> {
  return storeUndone(body, job, settings, decode);
}

async function storeUndone(
  body: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
  undo: typeof decode | typeof decodeAsync,
): Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  try {
    const bytes = await undo(body, job.encoding, Math.min(settings.maxBodySize, MAX_DECODED_WHOLE));
    if (settings.imageCheck !== 'none') checkStructure(bytes);
    if (settings.imageCheck === 'pixels') await checkPixels(bytes);
    await writeWholeAsync(settings, job.name, bytes);
    return storedAs(bytes);
  } catch (error) {
    return swells(error, settings)
      ? storeLargeAsync([body], job, settings)
      : describeStoreFailure(error, job.name, settings);
  }
}

function swells(error: unknown, settings: StoreSettings): boolean {
  return error instanceof SluiceError && error.code === 'BODY_TOO_LARGE' && settings.maxBodySize > MAX_DECODED_WHOLE;
}

/** Takes the parts of a large body, which end when it is whole, and throw when it never will be. */
export type LargeStore = (parts: Parts, job: StoreJob, settings: StoreSettings, place?: Place) => Promise<StoreResult>;

/** The memory of one may be used again as soon as the next is asked for. */
type Parts = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Stores a body that is too large to be held whole, part by part, each of them synchronously. */
export const storeLarge: LargeStore = (parts, job, settings, place = FILES) =>
  storeParts(parts, job, settings, () => place.open(settings, job.name, job.partial));

/** The same through `fs.promises`. */
export const storeLargeAsync: LargeStore = (parts, job, settings) =>
  storeParts(parts, job, settings, () => AsyncTemporaryFile.open(settings, job.name, job.partial));

/** An image is read back for its check before it gets its final name: it can only be judged whole. */
async function storeParts(
  parts: Parts,
  job: StoreJob,
  settings: StoreSettings,
  open: () => UnfinishedFile | Promise<UnfinishedFile>,
): Promise<StoreResult> {
  const { partial } = job;
  let file: UnfinishedFile | undefined;
  let size = 0;
  let check = 0;
  try {
    const decoders = createDecoder(job.encoding);
    file = await open();
    if (partial !== undefined && partial.from > 0) {
      size = partial.from;
      check = await checksumOf(partial);
    }
    for await (const part of decoders.length === 0 ? parts : decoded(parts, decoders)) {
      if (isCancelled(settings)) throw new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED);
      size += part.length;
      checkSize(size, job, settings);
      checkImageSize(size, job, settings);
      await file.write(part);
      check = crc32(part, check);
    }
    if (partial !== undefined && size !== partial.total) throw notWhole(partial.path);
    await file.close();
    if (settings.imageCheck !== 'none') await checkImage(file, size, settings);
    const stored = { size, crc32: check };
    await file.commit(stored);
    return stored;
  } catch (error) {
    if (partial !== undefined && size >= LEAST_KEPT && isCancellation(error)) await file?.leave?.();
    else await file?.discard();
    return describeStoreFailure(error, job.name, settings);
  }
}

/** Of the run or of this body: nothing is wrong with what is there. */
function isCancellation(error: unknown): boolean {
  return error instanceof SluiceError && error.code === CANCELLED.code;
}

function checkImage(file: UnfinishedFile, size: number, { imageCheck }: StoreSettings): Promise<void> {
  return readBack.within(size, async () => {
    const bytes = await file.read();
    checkStructure(bytes);
    if (imageCheck === 'pixels') await checkPixels(bytes);
  });
}

/**
 * Streams read ahead: the next part is asked for while a decoder still reads the last one. The sender may use a part's
 * memory again as soon as the next is asked for, so a decoder gets a copy.
 */
function decoded(parts: Parts, decoders: readonly Transform[]): AsyncIterable<Uint8Array> {
  const copies = async function* (): AsyncGenerator<Uint8Array> {
    for await (const part of parts) yield Buffer.from(part);
  };
  const streams = [Readable.from(copies(), { objectMode: false }), ...decoders];
  // Whoever reads the last stream gets its error, and the callback would get the same.
  pipeline(streams, () => undefined);
  return streams.at(-1) as Readable;
}

function checkImageSize(size: number, job: StoreJob, { imageCheck }: StoreSettings): void {
  if (imageCheck !== 'none' && size > MAX_CHECKED) {
    throw imageError(`${job.name} is larger than the ${MAX_CHECKED} bytes of an image that can be checked`, {
      hint: 'with --image-check none it is stored unseen, if it really is that large',
    });
  }
}
