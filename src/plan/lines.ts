/** Bytes -> lines: LF or CRLF, UTF-8. What is no line of text is refused with its number, and reading goes on. */

import { Buffer, isUtf8 } from 'node:buffer';

import type { Fault } from './address.js';

/** The longest line, in bytes without its end. Servers refuse URLs well below that. */
export const MAX_LINE_BYTES = 100_000;
/** How much of a longer line is shown, in bytes. */
const HEAD_BYTES = 400;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const TILDE = 0x7e;
const BOM = [0xef, 0xbb, 0xbf];

/** A line may be this long while it is not known what belongs to it: with a BOM before it and the CR of a CRLF. */
const MAX_HELD_BYTES = BOM.length + MAX_LINE_BYTES + 1;
const HELD_HEAD_BYTES = BOM.length + HEAD_BYTES;

/** Control characters but the tab. */
const CONTROL = /[^\P{Control}\t]/u;

const TOO_LONG: Fault = {
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
  #number = 0;
  /** Copies of the parts of a line that has not ended yet: at most {@link MAX_HELD_BYTES}, or the head of a longer one. */
  #parts: Buffer[] = [];
  #held = 0;
  #cut = false;

  /** The lines that end in this chunk, read from it as they are asked for. */
  *lines(chunk: Uint8Array): Generator<Line, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let start = 0; ;) {
      let end = start;
      while (end < bytes.length && bytes[end] !== LF) end += 1;
      if (end === bytes.length) {
        this.#hold(bytes.subarray(start));
        return;
      }
      let line: Line | undefined;
      if (this.#held === 0) {
        line = this.#read(bytes, start, end);
      } else {
        this.#hold(bytes.subarray(start, end));
        line = this.#readHeld();
      }
      if (line !== undefined) yield line;
      start = end + 1;
    }
  }

  /** The last line, if it has no end of its own. */
  *end(): Generator<Line, void, undefined> {
    const line = this.#held === 0 ? undefined : this.#readHeld();
    if (line !== undefined) yield line;
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

  #readHeld(): Line | undefined {
    const bytes = Buffer.concat(this.#parts);
    const line = this.#read(bytes, 0, bytes.length);
    this.#parts = [];
    this.#held = 0;
    this.#cut = false;
    return line;
  }

  #read(bytes: Buffer, from: number, to: number): Line | undefined {
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
    if (isPlain(bytes, start, end)) return { number, text: bytes.toString('latin1', start, end), fault: undefined };
    const text = bytes.toString('utf8', start, end);
    return { number, text, fault: isUtf8(bytes.subarray(start, end)) ? controlFault(text) : NOT_UTF8 };
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** Whether it is ASCII without control characters but tabs, as nearly every line is. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at]!;
    if ((byte < SPACE && byte !== TAB) || byte > TILDE) return false;
  }
  return true;
}
