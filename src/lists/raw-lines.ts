/** Chunks -> lines of bytes, for formats that read them in a way of their own. */
import { type Buffer, isUtf8 } from 'node:buffer';
import { Held, MAX_ROW_BYTES } from './held.js';

const LF = 0x0a;

export class RawLines {
  /** Of the last line: its number, from 1, and where it is in {@link bytes}, without LF. */
  number = 0;
  start = 0;
  stop = 0;
  /** Only its start is there. */
  isTooLong = false;
  readonly #held = new Held();
  #skipping = false;
  /** Whether what there is was tried as a text. */
  #isTried = false;

  get bytes(): Buffer {
    return this.#held.bytes;
  }

  get ended(): boolean {
    return this.#held.ended;
  }

  feed(chunk: Uint8Array): void {
    this.#held.feed(chunk);
    this.#isTried = false;
  }

  /**
   * All whole lines that there are, as one text, which costs less than each by itself. Their numbers follow {@link number},
   * which is left to who takes them. Undefined where one is not UTF-8, or there is none.
   */
  takeText(): string | undefined {
    const held = this.#held;
    if (this.#isTried || this.#skipping) return undefined;
    this.#isTried = true;
    const end = held.bytes.lastIndexOf(LF) + 1;
    const lines = held.bytes.subarray(held.read, end);
    if (end <= held.read || !isUtf8(lines)) return undefined;
    held.read = end;
    return lines.toString('utf8');
  }

  end(): void {
    this.#held.ended = true;
  }

  /** Finds the next line that is whole, or too long; false if there is none. */
  next(): boolean {
    const held = this.#held;
    for (;;) {
      const { bytes, read } = held;
      let end = bytes.indexOf(LF, read);
      if (end === -1) {
        if (!held.ended) return this.#unfinished();
        if (read === bytes.length) return false;
        end = bytes.length;
      }
      held.read = Math.min(end + 1, bytes.length);
      if (this.#skipping) {
        this.#skipping = false;
        continue;
      }
      return this.#give(read, end);
    }
  }

  #unfinished(): boolean {
    const held = this.#held;
    const { bytes, read } = held;
    if (!this.#skipping && bytes.length - read <= MAX_ROW_BYTES) {
      held.keep();
      return false;
    }
    held.read = bytes.length;
    if (this.#skipping) return false;
    this.#skipping = true;
    return this.#give(read, bytes.length);
  }

  #give(start: number, end: number): boolean {
    this.number += 1;
    this.start = start;
    this.stop = end;
    this.isTooLong = end - start > MAX_ROW_BYTES;
    return true;
  }
}
