/** Lists as streams of bytes, with the errors of reading them. */

import { Buffer } from 'node:buffer';
import { constants, openSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';

import { SluiceError, toPlain } from '../errors.js';
import { printable } from '../shared/printable.js';

/** Read at once from a list, in bytes: some thousands of lines, to which the wait for libuv's threads is little. */
const READ_BYTES = 256 * 1024;
/** Handed on at once, in bytes: as much as Node's own streams of files read. It bounds the work of one batch. */
const CHUNK_BYTES = 64 * 1024;

const HINTS: Record<string, string> = {
  ENOENT: 'check the name of the list and the directory you are in',
  EACCES: 'make the list readable for your user',
  EISDIR: 'name a file in that directory',
  Z_BUF_ERROR: 'it is compressed and cut: fetch it again',
  Z_DATA_ERROR: 'it is compressed and damaged: fetch it again',
};

/** In bytes. */
export interface ListPosition {
  readonly size: number;
  /** Of the chunks that are used up. */
  read: number;
}

/** A list that can be read. */
export interface OpenList {
  /** @throws SluiceError LIST_UNREADABLE */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Undefined for what comes when somebody writes it. */
  readonly file: FileHandle | undefined;
  /** How far it was read; undefined where nobody knows how much there is. */
  readonly position: ListPosition | undefined;
  close(): Promise<void>;
}

/** @throws SluiceError LIST_UNREADABLE if it is missing, a directory or may not be read */
export async function openList(path: string): Promise<OpenList> {
  let handle: FileHandle | undefined;
  try {
    if ((await stat(path)).isFIFO()) return openFifo(path);
    handle = await open(path);
    // A directory opens, and fails when it is read: too late.
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      throw Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' });
    }
    const opened = handle;
    const file = stats.isFile() ? opened : undefined;
    const position = file && { size: stats.size, read: 0 };
    return { chunks: readList(opened, path, position), file, position, close: () => opened.close() };
  } catch (error) {
    await handle?.close();
    throw unreadable(path, error);
  }
}

/**
 * What comes when somebody writes it is waited for by the event loop. A thread of libuv's that waited for it could not
 * be taken back, and the process could not end with a status of its own.
 */
function openFifo(path: string): OpenList {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = new Socket({ fd, readable: true, writable: false });
  const close = (): Promise<void> => Promise.resolve(void pipe.destroy());
  return { chunks: readStream(pipe, path), file: undefined, position: undefined, close };
}

/** Every chunk is in the same memory: it must be used up before the next one is asked for. */
async function* readList(
  handle: FileHandle,
  path: string,
  position: ListPosition | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (;;) {
    let length;
    try {
      ({ bytesRead: length } = await handle.read(buffer, 0, READ_BYTES));
    } catch (error) {
      throw unreadable(path, error);
    }
    if (length === 0) return;
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      const end = Math.min(at + CHUNK_BYTES, length);
      yield buffer.subarray(at, end);
      if (position !== undefined) position.read += end - at;
    }
  }
}

/** @throws SluiceError LIST_UNREADABLE */
export async function* readStream(
  stream: AsyncIterable<Uint8Array>,
  label: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch (error) {
    throw unreadable(label, error);
  }
}

/**
 * What reading a list threw, told of the list; what is told already stays as it is.
 *
 * @param option that names it. Default: `--input-file`
 */
export function unreadable(label: string, error: unknown, option?: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const { message, cause } = toPlain(error, { code: 'LIST_UNREADABLE', hint: '' });
  const hint = HINTS[cause?.code ?? ''] ?? 'check that the list can be read to its end, for example with cat';
  return unreadableBecause(label, message, hint, error, option);
}

export function unreadableBecause(
  label: string,
  reason: string,
  hint: string,
  cause?: unknown,
  option = '--input-file',
): SluiceError {
  const message = `cannot read ${option} ${printable(label, 1000)}: ${printable(reason)}`;
  return new SluiceError('LIST_UNREADABLE', message, { hint, cause });
}
