/**
 * Where a large body is written that another attempt or another run may go on with: a file that stays when the body
 * breaks off, and beside it a note of what it is the beginning of. The note is there first and goes last, so there is no
 * such file without one.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { SluiceError } from '../src/errors.js';
import type { PartialJob } from '../src/protocol/result.js';
import { makeFolder, makeFolderAsync } from './folders.js';

/** Bytes, from which on the beginning of a body is kept. */
export const LEAST_KEPT = 1 << 20;
/** What the name of a note ends in. */
export const NOTE = '.json';

/** Bytes that are read at once. */
const PIECE = 1 << 20;
/** A link in its place is not followed. */
const GOING_ON = fs.constants.O_WRONLY | fs.constants.O_APPEND | (fs.constants.O_NOFOLLOW ?? 0);
const NEW = { flag: 'wx' } as const;

const open = promisify(fs.open);
const close = promisify(fs.close);
const truncate = promisify(fs.ftruncate);

/** Opens the file to write behind what is kept of it; anew, if nothing is. */
export function openPartial({ path, from, note }: PartialJob): number {
  if (from === 0) {
    makeFolder(dirname(path));
    removePartial(path);
    fs.writeFileSync(path + NOTE, note, NEW);
    return fs.openSync(path, 'wx');
  }
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, GOING_ON);
    fs.ftruncateSync(fd, from);
    return fd;
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    throw isGone(error) ? notWhole(path) : error;
  }
}

/** The same through libuv's threads. */
export async function openPartialAsync({ path, from, note }: PartialJob): Promise<number> {
  if (from === 0) {
    await makeFolderAsync(dirname(path));
    await removePartialAsync(path);
    await fs.promises.writeFile(path + NOTE, note, NEW);
    return open(path, 'wx');
  }
  let fd: number | undefined;
  try {
    fd = await open(path, GOING_ON);
    await truncate(fd, from);
    return fd;
  } catch (error) {
    if (fd !== undefined) await close(fd);
    throw isGone(error) ? notWhole(path) : error;
  }
}

/** Removes the file, if it is there, and its note. */
function removePartial(path: string): void {
  for (const name of [path, path + NOTE]) fs.rmSync(name, { force: true });
}

/** The same through libuv's threads. */
export async function removePartialAsync(path: string): Promise<void> {
  for (const name of [path, path + NOTE]) await fs.promises.rm(name, { force: true });
}

/**
 * The CRC-32 of what is kept.
 *
 * @param onPiece told of all that is read
 * @throws SluiceError BODY_CUT when less of it is there
 */
export async function checksumOf({ path, from }: PartialJob, onPiece: (piece: Buffer) => void): Promise<number> {
  let size = 0;
  let check = 0;
  const pieces = fs.createReadStream(path, { end: from - 1, highWaterMark: PIECE }) as AsyncIterable<Buffer>;
  for await (const piece of pieces) {
    size += piece.length;
    check = crc32(piece, check);
    onPiece(piece);
  }
  if (size !== from) throw notWhole(path);
  return check;
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ELOOP', 'EISDIR'].includes(String((error as NodeJS.ErrnoException).code));
}

/** What is kept and what came do not make the whole: something else has changed the file. */
export function notWhole(path: string): SluiceError {
  return new SluiceError('BODY_CUT', `${path} is not as it was left`, {
    hint: 'it is fetched again from its beginning',
  });
}
