/** JSON Lines: an object, or a text, on each line. */
import { isUtf8 } from 'node:buffer';
import type { CodeUnits } from '../shared/code-units.js';
import { NOT_UTF8, SHOWN_BYTES, TOO_LONG } from './held.js';
import { RawLines } from './raw-lines.js';
import { Records } from './records.js';
import { faulty, type ListRow, type Splitter } from './row.js';
import type { ReadingOptions } from './source.js';

const BLANK = /^\s*$/;
const HINT = 'write one object on each line, or say --input-format json if they take several lines';

export class JsonLines implements Splitter {
  readonly #records: Records;
  readonly #lines = new RawLines();

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
    while (this.#lines.next()) {
      const row = this.#row();
      if (row !== undefined) return row;
    }
    return undefined;
  }

  #row(): ListRow | undefined {
    const { number, bytes, start, stop, isTooLong } = this.#lines;
    if (isTooLong) {
      return faulty(number, bytes.toString('utf8', start, start + SHOWN_BYTES), { message: TOO_LONG, hint: HINT });
    }
    const line = bytes.toString('utf8', start, stop);
    // That is what other bytes become.
    if (line.includes('\ufffd') && !isUtf8(bytes.subarray(start, stop))) {
      return faulty(number, line.slice(0, SHOWN_BYTES), NOT_UTF8);
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
