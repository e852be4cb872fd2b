/** JSON: an array of objects or texts, of which one is in memory at a time; several values without an array, too. */
import { type Buffer, isUtf8 } from 'node:buffer';
import type { CodeUnits } from '../shared/code-units.js';
import { Held, MAX_ROW_BYTES, NOT_UTF8, SHOWN_BYTES, TOO_LONG } from './held.js';
import { notJson } from './jsonl.js';
import { Records } from './records.js';
import { faulty, type ListRow, type Splitter } from './row.js';
import type { ReadingOptions } from './source.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const CUT = { message: 'the list ends before its array does', hint: 'fetch or write the list again' };

export class JsonArray implements Splitter {
  readonly #records: Records;
  readonly #held = new Held();
  #number = 0;
  /** Within the array that holds the rows. */
  #inArray = false;
  /** Of the value that is being read: where to go on, how deep it is there, and whether in a text. */
  #at = 0;
  #depth = 0;
  #inText = false;
  /** Within a value that is too long. */
  #skipping = false;

  constructor(units: CodeUnits, reading: ReadingOptions) {
    this.#records = new Records(units, reading);
  }

  feed(chunk: Uint8Array): void {
    const kept = this.#held.bytes.length - this.#held.read;
    this.#at -= this.#held.bytes.length - kept;
    this.#held.feed(chunk);
  }

  end(): void {
    this.#held.ended = true;
  }

  next(): ListRow | undefined {
    for (;;) {
      if (this.#at === this.#held.read && !this.#skipping && !this.#begin()) return this.#atEnd();
      if (!this.#toItsEnd()) return this.#unfinished();
      const { bytes, read } = this.#held;
      this.#held.read = this.#at;
      if (this.#skipping) {
        this.#skipping = false;
        continue;
      }
      return this.#rowOf(bytes, read, this.#at);
    }
  }

  /** Goes to where the next value begins; false if it is not there yet. */
  #begin(): boolean {
    const held = this.#held;
    const { bytes } = held;
    for (let at = held.read; at < bytes.length; at += 1) {
      const byte = bytes[at]!;
      if (byte <= 0x20 || byte === COMMA) continue;
      if (byte === OPEN_ARRAY && !this.#inArray) {
        this.#inArray = true;
      } else if (byte === CLOSE_ARRAY && this.#inArray) this.#inArray = false;
      else {
        held.read = at;
        this.#at = at;
        return true;
      }
    }
    held.read = bytes.length;
    this.#at = bytes.length;
    return false;
  }

  /** Reads to the end of the value; false if that is not there yet. */
  #toItsEnd(): boolean {
    const { bytes } = this.#held;
    let at = this.#at;
    let depth = this.#depth;
    let inText = this.#inText;
    let ended = false;
    while (at < bytes.length && !ended) {
      const byte = bytes[at]!;
      if (inText) {
        if (byte === BACKSLASH) {
          if (at + 1 === bytes.length) break;
          at += 1;
        } else if (byte === QUOTE) {
          inText = false;
          ended = depth === 0;
        }
      } else if (byte === QUOTE) {
        inText = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (depth === 0) break; // after a number or a word, or where nothing is open
        depth -= 1;
        ended = depth === 0;
      } else if (depth === 0 && (byte === COMMA || byte <= 0x20)) {
        break; // after a number or a word
      }
      at += 1;
    }
    const isLoose = !ended && at < bytes.length && !inText && depth === 0;
    // A bracket that closes nothing is a row of its own, and refused.
    if (isLoose && at === this.#held.read) at += 1;
    this.#at = at;
    this.#depth = depth;
    this.#inText = inText;
    return ended || isLoose;
  }

  #unfinished(): ListRow | undefined {
    const held = this.#held;
    const { bytes, read } = held;
    if (held.ended) {
      const isWhole = this.#depth === 0 && !this.#inText && !this.#skipping;
      held.read = bytes.length;
      this.#at = bytes.length;
      if (this.#skipping) {
        this.#skipping = false;
        return this.#atEnd();
      }
      if (isWhole) return this.#rowOf(bytes, read, bytes.length);
      this.#inArray = false;
      return this.#cut(bytes.toString('utf8', read, read + SHOWN_BYTES));
    }
    if (this.#skipping || bytes.length - read > MAX_ROW_BYTES) {
      const text = bytes.toString('utf8', read, read + SHOWN_BYTES);
      // A backslash at the end belongs to what follows it.
      held.read = this.#at;
      this.#keep();
      if (this.#skipping) return undefined;
      this.#skipping = true;
      this.#number += 1;
      return faulty(this.#number, text, { message: TOO_LONG, hint: 'leave out what no column needs' });
    }
    this.#keep();
    return undefined;
  }

  #keep(): void {
    this.#at -= this.#held.read;
    this.#held.keep();
  }

  #atEnd(): ListRow | undefined {
    if (!this.#held.ended || !this.#inArray) return undefined;
    this.#inArray = false;
    return this.#cut('');
  }

  #cut(text: string): ListRow {
    this.#number += 1;
    return faulty(this.#number, text, CUT);
  }

  #rowOf(bytes: Buffer, start: number, end: number): ListRow {
    this.#number += 1;
    const number = this.#number;
    const text = bytes.toString('utf8', start, end);
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
      return faulty(number, text.slice(0, SHOWN_BYTES), NOT_UTF8);
    }
    try {
      return this.#records.row(number, JSON.parse(text));
    } catch (error) {
      const hint = 'write an array of objects, [{"url": "https://..."}]';
      return faulty(number, text.slice(0, SHOWN_BYTES), { message: notJson(error), hint });
    }
  }
}
