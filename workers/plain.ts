/** The store of a body that needs neither decoding nor checking, which most do not: a worker starts with no more than this. */
import { type PlainError, SluiceError } from '../src/errors.js';
import { crc32 } from 'node:zlib';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { StoredFile, StoreJob, StoreResult } from '../src/protocol/result.js';
import { describeStoreFailure } from './failure.js';
import { writeWhole, writeWholeAsync } from './files.js';

export const CANCELLED: PlainError = {
  code: 'ABORTED',
  message: 'not stored: the run was interrupted',
  hint: 'run the same command again to go on',
};

export function isCancelled(settings: Pick<StoreSettings, 'cancelled'>): boolean {
  return Atomics.load(settings.cancelled, 0) === 1;
}

/** @throws SluiceError BODY_TOO_LARGE */
export function checkSize(size: number, { name }: StoreJob, { maxBodySize }: StoreSettings): void {
  if (size <= maxBodySize) return;
  throw new SluiceError('BODY_TOO_LARGE', `${name} is larger than ${maxBodySize} bytes`, {
    hint: 'raise --max-body-size if the file is what you want',
  });
}

export function storedAs(bytes: Uint8Array): StoredFile {
  return { size: bytes.length, crc32: crc32(bytes) };
}

/** Writes the body as it is. Never throws: a failure is a result. */
export function storePlain(body: Uint8Array, job: StoreJob, settings: StoreSettings): StoreResult {
  if (isCancelled(settings)) return CANCELLED;
  try {
    checkSize(body.length, job, settings);
    writeWhole(settings, job.name, body, job.modified);
    return storedAs(body);
  } catch (error) {
    return describeStoreFailure(error, job.name, settings);
  }
}

/** The same while this thread waits for other files as well. */
export async function storePlainWaiting(
  body: Uint8Array,
  job: StoreJob,
  settings: StoreSettings,
): Promise<StoreResult> {
  if (isCancelled(settings)) return CANCELLED;
  try {
    checkSize(body.length, job, settings);
    await writeWholeAsync(settings, job.name, body, job.modified);
    return storedAs(body);
  } catch (error) {
    return describeStoreFailure(error, job.name, settings);
  }
}
