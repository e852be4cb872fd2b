/** Reads records of a journal by where they lie, in whatever order: near ones from the same block, which is kept. */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { HEADER_SIZE, isOf, recordSizeAt } from './format.js';

const BLOCK = 1 << 20;
/** Bytes that a block has in common with the next one: most records are shorter. */
const OVERLAP = 64 << 10;
/** Rows are read from two places of the file that go on side by side, and some from elsewhere. */
const KEPT = 8;
/** Bytes that are read of what lies elsewhere, at first: most records of an item have less. */
const STRAY = 2 << 10;

export class RecordReader {
  readonly #file: FileHandle;
  /** By number; the one that was used last comes last. */
  readonly #blocks = new Map<number, Buffer>();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /**
   * The bytes from a place on.
   *
   * @param sizeOf how many of them there have to be; asked again with more while it says more than there are
   * @param isStray what lies around it is not wanted next
   * @returns at least as many, unless the file ends
   */
  async from(place: number, sizeOf: (bytes: Buffer) => number, isStray = false): Promise<Buffer> {
    const number = Math.floor(place / BLOCK);
    const block = isStray ? this.#blocks.get(number) : await this.#block(number);
    let bytes = block?.subarray(place - number * BLOCK) ?? (await this.#read(place, STRAY));
    for (;;) {
      const size = sizeOf(bytes);
      if (size <= bytes.length) return bytes;
      const more = await this.#read(place, size);
      if (more.length <= bytes.length) return bytes;
      bytes = more;
    }
  }

  async #block(number: number): Promise<Buffer> {
    const block = this.#blocks.get(number) ?? (await this.#read(number * BLOCK, BLOCK + OVERLAP));
    this.#blocks.delete(number);
    this.#blocks.set(number, block);
    if (this.#blocks.size > KEPT) this.#blocks.delete(this.#blocks.keys().next().value as number);
    return block;
  }

  async #read(place: number, size: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      const { bytesRead } = await this.#file.read(buffer, length, size - length, place + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  }
}

/** Of a record, as far as what is there tells. */
export function sizeOf(bytes: Buffer, at: number): number {
  return bytes.length < at + HEADER_SIZE ? HEADER_SIZE : recordSizeAt(bytes, at);
}

/** Of a record and the one after it. @param kind the second counts only if it is one of these */
export function sizeOfPair(bytes: Buffer, kind?: 'details'): number {
  const first = sizeOf(bytes, 0);
  if (bytes.length < first + HEADER_SIZE) return first + HEADER_SIZE;
  return kind === undefined || isOf(kind, bytes, first) ? first + sizeOf(bytes, first) : first;
}

/** Of the record of what became of an item, and of what was learned on the way, which comes before it. */
export function sizeOfEnding(bytes: Buffer): number {
  return isOf('learned', bytes, 0) ? sizeOfPair(bytes) : sizeOf(bytes, 0);
}
