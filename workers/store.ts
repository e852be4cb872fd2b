/**
 * The store: decode, check and write one body. The same handlers for the pool's workers and for the executors that run
 * on the main thread, so that they can be compared. None of them throws: a failure is a result.
 */
import { Readable, type Transform } from 'node:stream';
import { readFileSync } from 'node:fs';
import { type PlainError, SluiceError } from '../src/errors.js';
import type { StoreJob, StoreResult, StoreSettings } from '../src/protocol.js';
import { createDecoder, decode, decodeAsync } from './decode.js';
import { describeStoreFailure } from './failure.js';
import { TemporaryFile, writeWhole, writeWholeAsync } from './files.js';
import { checkStructure } from './image.js';
import { checkPixels } from './pixels.js';

/**
 * Bytes that a body may have after decoding to be held whole; one that has more is decoded again, part by part. A
 * bound on the memory of a worker, whatever the server sends.
 */
const MAX_DECODED_WHOLE = 16 << 20;

export const CANCELLED: PlainError = {
  code: 'ABORTED',
  message: 'not stored: the run was interrupted',
  hint: 'run the same command again to go on',
};

export function isCancelled(settings: StoreSettings): boolean {
  return Atomics.load(settings.cancelled, 0) === 1;
}

/**
 * Stores one body: synchronously, unless its pixels are to be checked (sharp has no synchronous call) or it swells
 * beyond what is held whole.
 */
export function storeBody(
  body: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
): StoreResult | Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  try {
    const bytes = decode(body, job.encoding, Math.min(settings.maxBodySize, MAX_DECODED_WHOLE));
    if (settings.imageCheck !== 'none') checkStructure(bytes);
    if (settings.imageCheck === 'pixels') return storePixels(bytes, job, settings);
    writeWhole(settings, job.name, bytes);
    return bytes.length;
  } catch (error) {
    return swells(error, settings)
      ? storeLarge([body], job, settings)
      : describeStoreFailure(error, job.name, settings);
  }
}

async function storePixels(bytes: Uint8Array, job: StoreJob, settings: StoreSettings): Promise<StoreResult> {
  try {
    await checkPixels(bytes);
    writeWhole(settings, job.name, bytes);
    return bytes.length;
  } catch (error) {
    return describeStoreFailure(error, job.name, settings);
  }
}

/** The same as {@link storeBody} with nothing synchronous but the walk over an image's blocks. */
export async function storeBodyAsync(body: Uint8Array, job: StoreJob, settings: StoreSettings): Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  try {
    const bytes = await decodeAsync(body, job.encoding, Math.min(settings.maxBodySize, MAX_DECODED_WHOLE));
    if (settings.imageCheck !== 'none') checkStructure(bytes);
    if (settings.imageCheck === 'pixels') await checkPixels(bytes);
    await writeWholeAsync(settings, job.name, bytes);
    return bytes.length;
  } catch (error) {
    return swells(error, settings)
      ? storeLarge([body], job, settings)
      : describeStoreFailure(error, job.name, settings);
  }
}

function swells(error: unknown, settings: StoreSettings): boolean {
  return error instanceof SluiceError && error.code === 'BODY_TOO_LARGE' && settings.maxBodySize > MAX_DECODED_WHOLE;
}

/**
 * Stores a body that is too large to be held whole, part by part. An image is read back for its check before it gets
 * its final name: it can only be judged whole.
 *
 * @param parts end when the body is whole, and throw when it never will be
 */
export async function storeLarge(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  job: StoreJob,
  settings: StoreSettings,
): Promise<StoreResult> {
  let file: TemporaryFile | undefined;
  try {
    const decoders = createDecoder(job.encoding);
    file = new TemporaryFile(settings);
    let size = 0;
    for await (const part of decoders.length === 0 ? parts : decoded(parts, decoders)) {
      if (isCancelled(settings)) throw new SluiceError(CANCELLED.code, CANCELLED.message, CANCELLED);
      size += part.length;
      if (size > settings.maxBodySize) throw tooLarge(job, settings);
      file.write(part);
    }
    file.close();
    if (settings.imageCheck !== 'none') await checkImageFile(file.path, settings);
    file.commit(job.name);
    return size;
  } catch (error) {
    file?.discard();
    return describeStoreFailure(error, job.name, settings);
  }
}

async function checkImageFile(path: string, settings: StoreSettings): Promise<void> {
  const bytes = readFileSync(path);
  checkStructure(bytes);
  if (settings.imageCheck === 'pixels') await checkPixels(bytes);
}

function decoded(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  decoders: readonly Transform[],
): AsyncIterable<Uint8Array> {
  return decoders.reduce<Readable>(
    (source, decoder) => source.on('error', (error) => decoder.destroy(error)).pipe(decoder),
    Readable.from(parts, { objectMode: false }),
  );
}

function tooLarge(job: StoreJob, settings: StoreSettings): SluiceError {
  return new SluiceError('BODY_TOO_LARGE', `${job.name} is larger than ${settings.maxBodySize} bytes`, {
    hint: 'raise --max-body-size if the file is what you want',
  });
}
