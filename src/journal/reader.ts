/**
 * Reads a journal from its first byte to its last. What a crash tore off its end is dropped; damage anywhere before that
 * is refused, because what comes after it may be true and what it said is not known any more.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { StorageError } from '../errors.js';
import { printable } from '../shared/printable.js';
import {
  claimedSize,
  FRAME_HEADER_SIZE,
  MARK,
  MAX_FRAME,
  payloadIn,
  PREAMBLE,
  type RecordVisitor,
  visitRecords,
} from './format.js';

/** Bytes that are read at once. */
const READ_SIZE = 2 << 20;

/** How far a journal can be trusted. */
export interface Extent {
  /** Bytes up to the end of the last whole frame: what is written next belongs there. */
  readonly end: number;
  /** Bytes after that, which a crash tore. */
  readonly torn: number;
  /** Bytes in the middle that were passed over; 0 unless they were to be. */
  readonly damaged: number;
}

export interface ReadOptions {
  /** Whether to pass over what is damaged instead of refusing the journal. Default: false. */
  readonly salvage?: boolean;
  /** Where to stop: the end of a frame. Default: at the end of the file. */
  readonly end?: number;
}

/**
 * Tells of every record, in order.
 *
 * @param path for messages
 * @returns undefined for a file of no bytes, or of a first line that is cut
 * @throws StorageError STORE_JOURNAL for a journal that is damaged, is none, or is of another version
 */
export async function readJournal(
  file: FileHandle,
  path: string,
  visitor: RecordVisitor,
  options: ReadOptions = {},
): Promise<Extent | undefined> {
  const frames = framesOf(file, path, options);
  for (;;) {
    const { done, value } = await frames.next();
    if (done === true) return value;
    try {
      visitRecords(value.payload, value.offset, visitor);
    } catch (error) {
      throw unreadable(path, value.offset, error);
    }
  }
}

/** The records of a frame. */
export interface Frame {
  /** In the same memory as those of other frames. */
  readonly payload: Buffer;
  /** Of the payload in the file. */
  readonly offset: number;
}

/** The same as {@link readJournal}, frame by frame. */
export async function* framesOf(
  file: FileHandle,
  path: string,
  { salvage = false, end: stop = Infinity }: ReadOptions,
): AsyncGenerator<Frame, Extent | undefined, undefined> {
  const window = new Window(file);
  await window.fill(PREAMBLE.length);
  const first = window.bytes.subarray(0, PREAMBLE.length);
  if (!first.equals(PREAMBLE.subarray(0, first.length))) throw notAJournal(path, first);
  if (first.length < PREAMBLE.length) return undefined;
  window.drop(PREAMBLE.length);
  let damaged = 0;
  for (;;) {
    if (window.offset >= stop) return { end: window.offset, torn: 0, damaged };
    const payload = await window.frame();
    if (payload !== undefined) {
      yield { payload, offset: window.offset + FRAME_HEADER_SIZE };
      window.drop(FRAME_HEADER_SIZE + payload.length);
      continue;
    }
    const end = window.offset;
    const found = await seekFrame(window);
    if (!found) return { end, torn: window.offset - end, damaged };
    if (!salvage) throw damagedAt(path, end);
    damaged += window.offset - end;
  }
}

/** Goes on to the next whole frame; false when there is none, and nothing left. */
async function seekFrame(window: Window): Promise<boolean> {
  for (;;) {
    window.drop(1);
    await window.fill(FRAME_HEADER_SIZE);
    if (window.bytes.length === 0) return false;
    const at = window.bytes.indexOf(MARK);
    // The first bytes of a mark may be the last that are here.
    window.drop(at === -1 ? Math.max(0, window.bytes.length - MARK.length) : at);
    if (at !== -1 && (await window.frame()) !== undefined) return true;
  }
}

/** A part of the file that is in memory, from where its reader is. While that is looked at, the next one is read. */
class Window {
  readonly #file: FileHandle;
  /** Each with room before what is read, for what is left of the part before. */
  #buffer: Buffer = Buffer.allocUnsafeSlow(MAX_FRAME + READ_SIZE);
  #other: Buffer | undefined;
  #from = 0;
  #to = 0;
  /** Where in the file the next part begins. */
  #position = 0;
  #next: Promise<number | { readonly error: unknown }>;
  #ended = false;
  /** Where the reader is in the file. */
  offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
    this.#next = this.#read(this.#buffer);
  }

  /** In the same memory as what comes later. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  drop(length: number): void {
    const dropped = Math.min(length, this.#to - this.#from);
    this.#from += dropped;
    this.offset += dropped;
  }

  /** Reads on until there are so many bytes, or no more: those of a frame at the most. */
  async fill(size: number): Promise<void> {
    while (this.#to - this.#from < size && !this.#ended) {
      const read = await this.#next;
      if (typeof read === 'object') throw read.error;
      this.#ended = read === 0;
      if (read > 0) this.#goOn(read);
    }
  }

  /** Goes on with the part that was read. */
  #goOn(read: number): void {
    const left = this.bytes;
    const isFirst = this.#position === 0;
    const buffer = isFirst ? this.#buffer : (this.#other as Buffer);
    buffer.set(left, MAX_FRAME - left.length);
    this.#other = isFirst ? undefined : this.#buffer;
    this.#buffer = buffer;
    this.#from = MAX_FRAME - left.length;
    this.#to = MAX_FRAME + read;
    this.#position += read;
    this.#other ??= Buffer.allocUnsafeSlow(MAX_FRAME + READ_SIZE);
    this.#next = this.#read(this.#other);
  }

  /** Of what fails, whoever wants it is told: perhaps nobody. */
  #read(buffer: Buffer): Promise<number | { readonly error: unknown }> {
    return this.#file.read(buffer, MAX_FRAME, READ_SIZE, this.#position).then(
      ({ bytesRead }) => bytesRead,
      (error: unknown) => ({ error }),
    );
  }

  /** The payload of the frame that begins here, if a whole one does. */
  async frame(): Promise<Buffer | undefined> {
    await this.fill(FRAME_HEADER_SIZE);
    const size = claimedSize(this.bytes);
    if (size === undefined) return undefined;
    await this.fill(size);
    return payloadIn(this.bytes, this.offset);
  }
}

function notAJournal(path: string, bytes: Buffer): StorageError {
  const isOurs = bytes.toString('latin1').startsWith('sluice');
  return new StorageError({
    code: 'STORE_JOURNAL',
    message: `${printable(path, 1000)} is ${isOurs ? 'damaged, or a journal of another version of sluice' : 'no journal'}`,
    hint: 'move it away and run the command again with --overwrite, or choose another destination',
  });
}

/** A frame that is whole, with records in it that cannot be read; what its visitor throws besides is passed on. */
function unreadable(path: string, offset: number, error: unknown): unknown {
  if (!(error instanceof RangeError || error instanceof SyntaxError || error instanceof TypeError)) return error;
  const message = `the journal ${printable(path, 1000)} says what this version of sluice does not know, behind byte ${offset}`;
  const hint = 'use the version of sluice that wrote it, or choose another destination';
  return new StorageError({ code: 'STORE_JOURNAL', message, hint });
}

function damagedAt(path: string, offset: number): StorageError {
  return new StorageError({
    code: 'STORE_JOURNAL',
    message: `the journal ${printable(path, 1000)} is damaged at byte ${offset}`,
    hint: 'sluice verify --repair keeps what is whole of it, checks every file, and fetches again what is wrong',
  });
}
