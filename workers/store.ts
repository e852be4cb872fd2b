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
import { checkBody, checksumFor, PartsDigest } from './checksum.js';
import { AsyncTemporaryFile, TemporaryFile, type UnfinishedFile, writeWhole, writeWholeAsync } from './files.js';
import { type Original, originalName, writeBoth, writeBothAsync } from './originals.js';
import { checksumOf, LEAST_KEPT, notWhole } from './partial.js';
import { type Made, MAX_READ_BACK } from './steps/step.js';
import { applySteps, stepsFor } from './steps/steps.js';
import { CANCELLED, checkSize, isCancelled, storedAs } from './plain.js';

/**
 * Bytes that a body may have after decoding to be held whole; one that has more is decoded again, part by part. A
 * bound on the memory of a worker, whatever the server sends.
 */
const MAX_DECODED_WHOLE = 16 << 20;
/** Bytes of bodies that this thread has read back for their steps at once. */
const readBack = new Gate(MAX_READ_BACK);

/** Where bodies are written, once they are decoded and checked: synchronously, to files of their own or into shards. */
export interface Place {
  /**
   * @param original of an image that was made of another one, which is kept, too
   * @throws what the operating system said
   */
  writeWhole(
    settings: StoreSettings,
    name: string,
    bytes: Uint8Array,
    stored: StoredFile,
    modified?: number,
    original?: Original,
  ): void;
  /** What the image is called that another one was made of. @param format in which it came */
  originalName(settings: StoreSettings, name: string, format: string): string;
  open(settings: StoreSettings, name: string, partial?: PartialJob): UnfinishedFile;
}

const FILES: Place = {
  writeWhole: (settings, name, bytes, _stored, modified, original) => {
    if (original === undefined) writeWhole(settings, name, bytes, modified);
    else writeBoth(settings, { name, bytes }, original, modified);
  },
  originalName,
  open: (...args) => new TemporaryFile(...args),
};

/** Stores one body: synchronously, unless a step is not, or it swells beyond what is held whole. */
export function storeBody(
  body: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
  place: Place = FILES,
): StoreResult | Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  const write = (made: Made, came: Uint8Array): StoredFile => {
    const original = originalOf(made, came, job, settings, place);
    const stored = describeMade(made, settings, original);
    place.writeWhole(settings, job.name, made.bytes, stored, job.modified, original);
    return stored;
  };
  try {
    const decoded = decode(body, job.encoding, mostWhole(settings));
    checkBody(decoded, job);
    const made = applySteps(decoded, settings);
    if (!(made instanceof Promise)) return write(made, decoded);
    return made
      .then((later) => write(later, decoded))
      .catch((error: unknown) => describeStoreFailure(error, job.name, settings));
  } catch (error) {
    return swells(error, settings)
      ? storeLarge([body], job, settings, place)
      : describeStoreFailure(error, job.name, settings);
  }
}

/** The same as {@link storeBody} with nothing synchronous but steps. */
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
    const undone = await undo(body, job.encoding, mostWhole(settings));
    checkBody(undone, job);
    const made = await applySteps(undone, settings);
    const original = originalOf(made, undone, job, settings, FILES);
    const stored = describeMade(made, settings, original);
    await writeAsync(settings, job, made.bytes, original);
    return stored;
  } catch (error) {
    return swells(error, settings)
      ? storeLargeAsync([body], job, settings)
      : describeStoreFailure(error, job.name, settings);
  }
}

/** Loads what bodies need on their way; what cannot be loaded is told of each of them. */
export async function prepare(settings: StoreSettings): Promise<void> {
  await Promise.resolve(stepsFor(settings)).catch(() => undefined);
}

function describeMade({ bytes, image }: Made, settings: StoreSettings, original?: Original): StoredFile {
  const kept = original && { original: { name: original.name, ...storedAs(original.bytes) } };
  return { ...storedAs(bytes), ...checksumFor(bytes, settings), ...(image && { image: { ...image, ...kept } }) };
}

/** The image that came, if another one was made of it, and both are to be there. */
function originalOf(
  { cameAs }: Made,
  bytes: Uint8Array,
  { name }: StoreJob,
  settings: StoreSettings,
  place: Pick<Place, 'originalName'>,
): Original | undefined {
  if (cameAs === undefined || settings.images?.keepOriginal !== true) return undefined;
  return { name: place.originalName(settings, name, cameAs), bytes };
}

function writeAsync(
  settings: StoreSettings,
  { name, modified }: StoreJob,
  bytes: Uint8Array,
  original: Original | undefined,
): Promise<void> {
  return original === undefined
    ? writeWholeAsync(settings, name, bytes, modified)
    : writeBothAsync(settings, { name, bytes }, original, modified);
}

function mostWhole({ maxBodySize }: StoreSettings): number {
  return Math.min(maxBodySize, MAX_DECODED_WHOLE);
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
  storeParts(parts, job, settings, {
    open: () => place.open(settings, job.name, job.partial),
    originalName: (...args) => place.originalName(...args),
    writeWhole: (bytes, stored, original) =>
      place.writeWhole(settings, job.name, bytes, stored, job.modified, original),
  });

/** The same through `fs.promises`. */
export const storeLargeAsync: LargeStore = (parts, job, settings) =>
  storeParts(parts, job, settings, {
    open: () => AsyncTemporaryFile.open(settings, job.name, job.partial),
    originalName,
    writeWhole: (bytes, _stored, original) => writeAsync(settings, job, bytes, original),
  });

/** Where one body in parts goes. */
interface PartsPlace extends Pick<Place, 'originalName'> {
  readonly open: () => UnfinishedFile | Promise<UnfinishedFile>;
  readonly writeWhole: (bytes: Uint8Array, stored: StoredFile, original?: Original) => void | Promise<void>;
}

/** What has steps is read back for them before it gets its final name: they take a body whole, and may make another of it. */
async function storeParts(
  parts: Parts,
  job: StoreJob,
  settings: StoreSettings,
  place: PartsPlace,
): Promise<StoreResult> {
  const { partial } = job;
  let file: UnfinishedFile | undefined;
  let size = 0;
  let check = 0;
  try {
    const decoders = createDecoder(job.encoding);
    const digest = new PartsDigest(job, settings);
    const steps = await stepsFor(settings);
    file = await place.open();
    if (partial !== undefined && partial.from > 0) {
      size = partial.from;
      check = await checksumOf(partial, digest.update);
    }
    for await (const part of decoders.length === 0 ? parts : decoded(parts, decoders)) {
      if (isCancelled(settings)) throw new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED);
      size += part.length;
      checkSize(size, job, settings);
      for (const step of steps) if (size > step.most) throw step.refuse(job.name);
      await file.write(part);
      check = crc32(part, check);
      digest.update(part);
    }
    if (partial !== undefined && size !== partial.total) throw notWhole(partial.path);
    const checksum = digest.end();
    await file.close(job.modified);
    const asItCame = { size, crc32: check, ...checksum };
    if (steps.length > 0)
      return await readBack.within(size, () => finish(file as UnfinishedFile, asItCame, job, settings, place));
    await file.commit(asItCame);
    return asItCame;
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

/** Gives a body its final name, or what its steps make of it. */
async function finish(
  file: UnfinishedFile,
  asItCame: StoredFile,
  job: StoreJob,
  settings: StoreSettings,
  place: PartsPlace,
): Promise<StoredFile> {
  const bytes = await file.read();
  const made = await applySteps(bytes, settings);
  if (made.bytes === bytes) {
    const stored = made.image === undefined ? asItCame : { ...asItCame, image: made.image };
    await file.commit(stored);
    return stored;
  }
  await file.discard();
  const original = originalOf(made, bytes, job, settings, place);
  const stored = describeMade(made, settings, original);
  await place.writeWhole(made.bytes, stored, original);
  return stored;
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
