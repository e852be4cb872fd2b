/** Chunks -> bytes that begin where the last row ended: what a chunk leaves unfinished is put before the next one. */
import { Buffer } from 'node:buffer';
import type { Fault } from './fault.js';

/** The longest row, in bytes. What is longer is given up, so that no list can take all memory. */
export const MAX_ROW_BYTES = 2 ** 20;
export const TOO_LONG = 'longer than 1 MiB';
/** How much of a row that is at fault is shown, in bytes. */
export const SHOWN_BYTES = 400;
export const NOT_UTF8: Fault = { message: 'not UTF-8', hint: 'save the list as UTF-8' };

export class Held {
  /** What there is to read. */
  bytes: Buffer = Buffer.alloc(0);
  /** How much of it has been read. */
  read = 0;
  ended = false;

  /** @param chunk may be used again by who reads the list, once all of it but what is kept has been read */
  feed(chunk: Uint8Array): void {
    const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.bytes = this.#isEmpty ? fresh : Buffer.concat([this.bytes.subarray(this.read), fresh]);
    this.read = 0;
  }

  /** Keeps what has not been read for the next chunk. */
  keep(): void {
    this.bytes = Buffer.from(this.bytes.subarray(this.read));
    this.read = 0;
  }

  get #isEmpty(): boolean {
    return this.read === this.bytes.length;
  }
}
