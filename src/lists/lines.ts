/** Bytes -> lines: LF or CRLF, UTF-8. What is no line of text is refused with its number, and reading goes on. */

import { Buffer, isUtf8 } from 'node:buffer';

import type { Fault } from './fault.js';
import { type CodeUnits, Has } from '../shared/code-units.js';
import { withoutInvisible } from '../shared/invisible.js';

/** The longest line, in bytes without its end. Servers refuse URLs well below that. */
export const MAX_LINE_BYTES = 100_000;
/** How much of a longer line is shown, in bytes. */
const HEAD_BYTES = 400;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const BOM = [0xef, 0xbb, 0xbf];

/** A line may be this long while it is not known what belongs to it: with a BOM before it and the CR of a CRLF. */
const MAX_HELD_BYTES = BOM.length + MAX_LINE_BYTES + 1;
const HELD_HEAD_BYTES = BOM.length + HEAD_BYTES;

/** Control characters but the tab. */
const CONTROL = /[^\P{Control}\t]/u;

export const TOO_LONG: Fault = {
  message: 'longer than 100,000 bytes',
  hint: 'end every line with LF or CRLF',
};
const NOT_UTF8: Fault = { message: 'not UTF-8', hint: 'save the list as UTF-8, or write the bytes as %XX' };

export interface Line {
  /** From 1; empty lines and comments count. */
  readonly number: number;
  /** Without its end, and without blanks around it; only the start of it if it is too long. */
  readonly text: string;
  readonly fault: Fault | undefined;
}

/** Why a text with control characters other than tabs is refused. */
export function controlFault(text: string): Fault | undefined {
  const character = CONTROL.exec(text)?.[0];
  if (character === undefined) return undefined;
  if (character === '\r') {
    return { message: 'a carriage return (CR) within the line', hint: 'end every line with LF or CRLF' };
  }
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return { message: `the control character U+${code}`, hint: 'delete it, or write it as %XX' };
}

/** Cuts one stream of bytes into lines. Empty lines and lines that start with `#` are left out. */
export class LineSplitter {
  /** Those of the last line that was read. */
  readonly #units: CodeUnits;
  #chunk: Buffer = Buffer.alloc(0);
  /** What of the chunk has been read. */
  #read = 0;
  #number = 0;
  /** Copies of the parts of a line that has not ended yet: at most {@link MAX_HELD_BYTES}, or the head of a longer one. */
  #parts: Buffer[] = [];
  #held = 0;
  #cut = false;
  #ended = false;

  /** @param units where the code units of each line are put while it is read */
  constructor(units: CodeUnits) {
    this.#units = units;
  }

  /** The next chunk, which is read from as lines are asked for. All lines of the last one have been read. */
  feed(chunk: Uint8Array): void {
    this.#chunk = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#read = 0;
  }

  /** The next line that ends in this chunk. */
  next(): Line | undefined {
    const bytes = this.#chunk;
    let line: Line | undefined;
    while (line === undefined) {
      const start = this.#read;
      let end = this.#units.loadLine(bytes, start, Math.min(bytes.length, start + MAX_LINE_BYTES + 1));
      while (end < bytes.length && bytes[end] !== LF) end += 1; // of a line that is too long, and is not read
      if (end === bytes.length) {
        this.#hold(bytes.subarray(start));
        this.#read = end;
        return this.#ended && this.#held > 0 ? this.#lineOfHeld() : undefined;
      }
      if (this.#held === 0) {
        line = this.#isPlain() ? this.#plain(bytes, start, end) : this.#lineOf(bytes, start, end);
      } else {
        this.#hold(bytes.subarray(start, end));
        line = this.#lineOfHeld();
      }
      this.#read = end + 1;
    }
    return line;
  }

  /** After the last chunk: what is left is a line without an end of its own. */
  end(): void {
    this.#ended = true;
  }

  /** Whether the line is in the code units as it is to be read: ASCII from its first to its last byte, and no comment. */
  #isPlain(): boolean {
    const { units, length, kinds } = this.#units;
    if ((kinds & Has.other) !== 0 || length === 0 || length > MAX_LINE_BYTES) return false;
    const first = units[0]!;
    return !isBlank(first) && first !== HASH && !isBlank(units[length - 1]!);
  }

  #plain(bytes: Buffer, start: number, end: number): Line {
    this.#number += 1;
    return { number: this.#number, text: bytes.toString('latin1', start, end), fault: undefined };
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return;
    this.#held += part.length;
    if (!this.#cut && this.#held <= MAX_HELD_BYTES) {
      this.#parts.push(Buffer.from(part)); // a copy, because who reads the list may use the chunk again
    } else if (!this.#cut) {
      this.#cut = true;
      const head = Buffer.concat([...this.#parts, part.subarray(0, HELD_HEAD_BYTES)]);
      this.#parts = [Buffer.from(head.subarray(0, HELD_HEAD_BYTES))];
    }
  }

  #lineOfHeld(): Line | undefined {
    const bytes = Buffer.concat(this.#parts);
    const line = this.#lineOf(bytes, 0, bytes.length);
    this.#parts = [];
    this.#held = 0;
    this.#cut = false;
    return line;
  }

  #lineOf(bytes: Buffer, from: number, to: number): Line | undefined {
    this.#number += 1;
    let start = from;
    let end = to;
    if (this.#number === 1 && BOM.every((byte, at) => bytes[from + at] === byte)) start += BOM.length;
    if (end > start && bytes[end - 1] === CR) end -= 1;
    const tooLong = this.#cut || end - start > MAX_LINE_BYTES;
    if (tooLong) end = Math.min(end, start + HEAD_BYTES);
    while (start < end && isBlank(bytes[start]!)) start += 1;
    while (start < end && isBlank(bytes[end - 1]!)) end -= 1;
    if (start === end && !tooLong) return undefined;
    if (bytes[start] === HASH) return undefined;

    const number = this.#number;
    if (tooLong) return { number, text: bytes.toString('utf8', start, end), fault: TOO_LONG };
    const units = this.#units;
    units.loadLine(bytes, start, end);
    if ((units.kinds & Has.other) === 0)
      return { number, text: bytes.toString('latin1', start, end), fault: undefined };
    const text = withoutInvisible(bytes.toString('utf8', start, end));
    if (text === '') return undefined;
    units.load(text);
    return { number, text, fault: isUtf8(bytes.subarray(start, end)) ? controlFault(text) : NOT_UTF8 };
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
