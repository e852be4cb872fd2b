/** Reads files that are in the destination, to see what they are. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { meaningOf } from '../../workers/failure.js';
import { SluiceError, StorageError, toPlain } from '../errors.js';
import type { ChecksumAlgorithm } from '../item.js';
import { printable } from '../shared/printable.js';
import type { StoredFile } from '../protocol/result.js';

/** Bytes that are read at once. */
const PIECE = 256 << 10;

/** Flags that follow no link and do not wait for a pipe's writer; not all systems have them. */
const PLAINLY = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Opens a file for reading. @throws the system's error, ELOOP for a link; EINVAL for what is no file */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, PLAINLY);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error(`EINVAL: ${path} is no file`), { code: 'EINVAL' });
}

/**
 * What is made of a journal that is opened for reading; it is closed again where nothing is.
 *
 * @returns undefined when there is none, or `read` makes nothing of it
 * @throws StorageError
 */
export async function openForReading<T>(
  path: string,
  read: (file: FileHandle) => Promise<T | undefined>,
): Promise<T | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await openFile(path);
    const made = await read(file);
    if (made === undefined) await file.close();
    return made;
  } catch (error) {
    await file?.close();
    if (file === undefined && isNoFile(error)) return undefined;
    throw storageFailed(error, 'read', path);
  }
}

/** Why an error of {@link openFile} says that there is no file of this name: none, a link, or something else. */
export function isNoFile(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO'].includes(String((error as NodeJS.ErrnoException).code));
}

/** @param path of what was to be read or removed */
export function storageFailed(error: unknown, doing: string, path: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code, what, hint } = meaningOf(error);
  const message = `cannot ${doing} ${printable(path, 1000)}: ${what}`;
  return new StorageError(toPlain(error, { code, message, hint }));
}

/**
 * The size and the CRC-32 of a file.
 *
 * @param algorithm of a checksum that is computed besides
 * @throws the system's error
 */
export async function examineFile(path: string, algorithm?: ChecksumAlgorithm): Promise<StoredFile> {
  const file = await openFile(path);
  try {
    const { size: expected } = await file.stat();
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE, expected + 1));
    let size = 0;
    let check = 0;
    const hash = algorithm && createHash(algorithm);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size);
      if (bytesRead === 0) {
        return { size, crc32: check, ...(hash && { checksum: { algorithm, hex: hash.digest('hex') } }) };
      }
      const piece = buffer.subarray(0, bytesRead);
      check = crc32(piece, check);
      hash?.update(piece);
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}
