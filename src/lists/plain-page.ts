/**
 * A page of a parquet column that has texts or bytes one after the other. A value is made when its row is read: thirty
 * thousand views of bytes, as the library makes them, would outlive the young garbage, and there is a page like that for
 * each megabyte.
 */
import type { Buffer } from 'node:buffer';

/** Before each value: its length. */
const LENGTH_BYTES = 4;

export class PlainPage {
  /** Rows that were not read yet. */
  left: number;
  readonly #bytes: Buffer;
  readonly #levels: Uint8Array | undefined;
  readonly #isText: boolean;
  #row = 0;
  #at = 0;

  /**
   * @param levels for each row whether it has a value; undefined if all have one
   * @throws Error if the values are not where they should be
   */
  constructor(bytes: Buffer, rows: number, levels: Uint8Array | undefined, isText: boolean) {
    this.left = rows;
    this.#bytes = bytes;
    this.#levels = levels;
    this.#isText = isText;
    let at = 0;
    for (let row = 0; row < rows; row += 1) {
      if (levels?.[row] === 0) continue;
      if (at + LENGTH_BYTES > bytes.length) throw new Error('a page is shorter than its values');
      at += LENGTH_BYTES + bytes.readUInt32LE(at);
    }
    if (at > bytes.length) throw new Error('a page is shorter than its values');
  }

  /** The value of the next row; undefined if it has none. */
  next(): string | Uint8Array | undefined {
    const row = this.#row;
    this.#row += 1;
    this.left -= 1;
    if (this.#levels?.[row] === 0) return undefined;
    const bytes = this.#bytes;
    const start = this.#at + LENGTH_BYTES;
    const end = start + bytes.readUInt32LE(this.#at);
    this.#at = end;
    return this.#isText ? bytes.toString('utf8', start, end) : bytes.subarray(start, end);
  }
}
