/**
 * Chunks -> records of fields, as RFC 4180 has them: quoted fields hold separators, line breaks and doubled quotes. The
 * fields stay bytes until they are asked for.
 */
import { type Buffer, isUtf8 } from 'node:buffer';
import type { Fault } from './fault.js';
import { Held, MAX_ROW_BYTES, NOT_UTF8, TOO_LONG } from './held.js';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

const OPEN_QUOTE: Fault = {
  message: 'a quote that is opened and not closed',
  hint: 'close it, and write a quote within a quoted field twice',
};
const AFTER_QUOTE: Fault = {
  message: 'text after a closing quote',
  hint: 'write a quote within a quoted field twice',
};
const LONG: Fault = { message: TOO_LONG, hint: 'end every record with LF or CRLF' };

export class FieldSplitter {
  /** Of the last record: how many fields it has. */
  count = 0;
  /** The line that it begins in, from 1. */
  number = 0;
  fault: Fault | undefined;
  readonly #separator: number;
  readonly #held = new Held();
  /** Where each field begins and ends, without its quotes. */
  readonly #places: number[] = [];
  /** Fields in which quotes are doubled. */
  readonly #doubled = new Set<number>();
  #lines = 0;
  /** Within a record that is too long. */
  #skipping = false;

  constructor(separator: ',' | '\t') {
    this.#separator = separator.charCodeAt(0);
  }

  feed(chunk: Uint8Array): void {
    this.#held.feed(chunk);
  }

  end(): void {
    this.#held.ended = true;
  }

  /** Reads the next record that is whole; false if there is none. Empty lines are passed over. */
  next(): boolean {
    while (this.#record()) if (this.count > 1 || this.lengthOf(0) > 0 || this.fault !== undefined) return true;
    return false;
  }

  get bytes(): Buffer {
    return this.#held.bytes;
  }

  startOf(field: number): number {
    return this.#places[2 * field]!;
  }

  endOf(field: number): number {
    return this.#places[2 * field + 1]!;
  }

  lengthOf(field: number): number {
    return this.endOf(field) - this.startOf(field);
  }

  /** Whether the bytes of a field are what it says. */
  isPlain(field: number): boolean {
    return this.#doubled.size === 0 || !this.#doubled.has(field);
  }

  text(field: number): string {
    const text = this.bytes.toString('utf8', this.startOf(field), this.endOf(field));
    return this.isPlain(field) ? text : text.replaceAll('""', '"');
  }

  /** Finds the ends of all fields of a record. */
  #record(): boolean {
    const held = this.#held;
    const { bytes } = held;
    const separator = this.#separator;
    const places = this.#places;
    if (this.#skipping && !this.#skip()) return false;
    if (this.#doubled.size > 0) this.#doubled.clear();
    this.fault = undefined;
    let count = 0;
    let kinds = 0;
    let lines = 1;
    let at = held.read;
    let start = at;
    for (;;) {
      if (bytes[at] === QUOTE && at === start) {
        const close = this.#quoted(at, count);
        if (close === -1) return this.#open();
        for (let inner = at; inner < close; inner += 1) {
          kinds |= bytes[inner]!;
          if (bytes[inner] === LF) lines += 1;
        }
        places[2 * count] = start + 1;
        places[2 * count + 1] = close;
        count += 1;
        at = close + 1;
        if (bytes[at] === CR && (bytes[at + 1] === LF || (held.ended && at + 1 === bytes.length))) at += 1;
        if (at >= bytes.length) {
          if (!held.ended) return this.#unfinished();
        } else if (bytes[at] !== separator && bytes[at] !== LF) {
          // A CR may be half of what ends the record.
          if (!held.ended && bytes[at] === CR && at + 1 === bytes.length) return this.#unfinished();
          this.fault = AFTER_QUOTE;
          while (at < bytes.length && bytes[at] !== LF) at += 1;
          if (at === bytes.length && !held.ended) return this.#unfinished();
        }
      } else {
        let byte = 0;
        for (; at < bytes.length; at += 1) {
          byte = bytes[at]!;
          if (byte === separator || byte === LF) break;
          kinds |= byte;
        }
        if (at === bytes.length && (!held.ended || held.read === at)) return this.#unfinished();
        places[2 * count] = start;
        places[2 * count + 1] = at > start && bytes[at] !== separator && bytes[at - 1] === CR ? at - 1 : at;
        count += 1;
      }
      if (at >= bytes.length || bytes[at] === LF) break;
      at += 1;
      start = at;
    }
    return this.#give(count, Math.min(at + 1, bytes.length), lines, kinds);
  }

  #give(count: number, to: number, lines: number, kinds: number): boolean {
    const held = this.#held;
    const from = held.read;
    this.count = count;
    this.number = this.#lines + 1;
    this.#lines += lines;
    held.read = to;
    if (this.fault === undefined && kinds >= 0x80 && !isUtf8(held.bytes.subarray(from, to))) this.fault = NOT_UTF8;
    return true;
  }

  /** @returns where the quote is closed; -1 if that is not there */
  #quoted(open: number, field: number): number {
    const { bytes, ended } = this.#held;
    for (let at = open + 1; ; at += 1) {
      at = bytes.indexOf(QUOTE, at);
      if (at === -1 || (at + 1 === bytes.length && !ended)) return -1;
      if (bytes[at + 1] !== QUOTE) return at;
      this.#doubled.add(field);
      at += 1;
    }
  }

  /** A quote is not closed in what is there: if it should be, only its first line is lost. */
  #open(): boolean {
    const held = this.#held;
    if (!held.ended && held.bytes.length - held.read <= MAX_ROW_BYTES) return this.#unfinished();
    const lineEnd = held.bytes.indexOf(LF, held.read);
    this.#doubled.clear();
    this.#places[0] = held.read;
    this.#places[1] = lineEnd === -1 ? held.bytes.length : lineEnd;
    this.fault = OPEN_QUOTE;
    this.#skipping = lineEnd === -1 && !held.ended;
    return this.#give(1, lineEnd === -1 ? held.bytes.length : lineEnd + 1, 1, 0);
  }

  #unfinished(): boolean {
    const held = this.#held;
    if (held.ended || held.bytes.length - held.read <= MAX_ROW_BYTES) {
      held.keep();
      return false;
    }
    this.#doubled.clear();
    this.#places[0] = held.read;
    this.#places[1] = held.bytes.length;
    this.fault = LONG;
    this.#skipping = true;
    return this.#give(1, held.bytes.length, 1, 0);
  }

  /** Goes to where the next line begins; false if that is not there yet. */
  #skip(): boolean {
    const held = this.#held;
    const lineEnd = held.bytes.indexOf(LF, held.read);
    held.read = lineEnd === -1 ? held.bytes.length : lineEnd + 1;
    this.#skipping = lineEnd === -1;
    return lineEnd !== -1;
  }
}
