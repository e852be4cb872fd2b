/** JSON Lines: an object, or a text, on each line. */
import { Buffer, isUtf8 } from 'node:buffer';
import type { CodeUnits } from '../shared/code-units.js';
import { MAX_ROW_BYTES, NOT_UTF8, SHOWN_BYTES, TOO_LONG } from './held.js';
import { RawLines } from './raw-lines.js';
import { Records } from './records.js';
import { faulty, type ListRow, type Splitter } from './row.js';
import type { ReadingOptions } from './source.js';

const BLANK = /^\s*$/;
const HINT = 'write one object on each line, or say --input-format json if they take several lines';

const LONG = { message: TOO_LONG, hint: HINT };
/** Of a code unit in UTF-8, at most. */
const MAX_UNIT_BYTES = 3;

export class JsonLines implements Splitter {
  readonly #records: Records;
  readonly #lines = new RawLines();
  /** Whole lines, and where the next one begins. */
  #text = '';
  #at = 0;

  constructor(units: CodeUnits, reading: ReadingOptions) {
    this.#records = new Records(units, reading);
  }

  feed(chunk: Uint8Array): void {
    this.#lines.feed(chunk);
  }

  end(): void {
    this.#lines.end();
  }

  next(): ListRow | undefined {
    const lines = this.#lines;
    for (;;) {
      let row;
      if (this.#at < this.#text.length) {
        const end = this.#text.indexOf('\n', this.#at);
        lines.number += 1;
        row = this.#row(this.#text.slice(this.#at, end));
        this.#at = end + 1;
      } else {
        this.#at = 0;
        this.#text = lines.takeText() ?? '';
        if (this.#text !== '') continue;
        if (!lines.next()) return undefined;
        row = this.#rowOfBytes();
      }
      if (row !== undefined) return row;
    }
  }

  #rowOfBytes(): ListRow | undefined {
    const { number, bytes, start, stop, isTooLong } = this.#lines;
    const line = bytes.toString('utf8', start, isTooLong ? start + SHOWN_BYTES : stop);
    if (isTooLong) return faulty(number, line, LONG);
    return isUtf8(bytes.subarray(start, stop)) ? this.#row(line) : faulty(number, line.slice(0, SHOWN_BYTES), NOT_UTF8);
  }

  #row(line: string): ListRow | undefined {
    const { number } = this.#lines;
    if (line.length * MAX_UNIT_BYTES > MAX_ROW_BYTES && Buffer.byteLength(line) > MAX_ROW_BYTES) {
      return faulty(number, line.slice(0, SHOWN_BYTES), LONG);
    }
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      if (BLANK.test(line)) return undefined;
      return faulty(number, line.slice(0, SHOWN_BYTES), { message: notJson(error), hint: HINT });
    }
    return this.#records.row(number, value);
  }
}

/** What the parser says of the text it says in full, which is told already. */
export function notJson(error: unknown): string {
  const [why = ''] = (error as Error).message.split(/, |\s*"/, 1);
  return `not JSON (${why.slice(0, 80)})`;
}
