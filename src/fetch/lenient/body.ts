/** Bodies, piece by piece, as their heads frame them. */
import { BrokenAnswer } from './broken.js';
import { type Framing, hasControl } from './head.js';

/** What was taken from the front of some bytes. */
export interface Taken {
  /** How many. */
  readonly count: number;
  /** Of the body; none where they were of its frame. */
  readonly piece: Buffer | undefined;
}

export interface BodyReader {
  /** All of it has come. */
  readonly isWhole: boolean;
  /** The end of the connection is its end. */
  readonly endsWithConnection: boolean;
  /** Its frame breaks a rule that senders have to keep. */
  readonly isBent: boolean;
  /** Takes one byte at least. @throws BrokenAnswer */
  take(bytes: Buffer): Taken;
}

export function bodyReader(framing: Framing): BodyReader {
  if (framing.by === 'chunks') return new Chunks();
  return new Plain(framing.by === 'length' ? framing.length : Infinity);
}

class Plain implements BodyReader {
  readonly endsWithConnection: boolean;
  readonly isBent = false;
  #left: number;

  constructor(length: number) {
    this.#left = length;
    this.endsWithConnection = length === Infinity;
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  take(bytes: Buffer): Taken {
    const piece = bytes.subarray(0, this.#left);
    this.#left -= piece.length;
    return { count: piece.length, piece };
  }
}

/** Bytes of a line that tells the size of a chunk, and of all that follow the last one. */
const MAX_SIZE_LINE = 16 << 10;
const MAX_TRAILERS = 64 << 10;
const LF = 0x0a;
const NO_SIZE = /^[ \t]*[^ \t\r\n0-9a-f]/i;
/** A size, and what may be said of its chunk (RFC 9112, 7.1.1), which nobody asked for. Thirteen digits are 4 PiB. */
const SIZE_LINE = /^([ \t]*)0*([0-9a-f]{1,13})([ \t]*)(;.*)?$/i;
const SOUND_EXTENSIONS = /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[^"\\]*"))?)*$/;

class Chunks implements BodyReader {
  readonly endsWithConnection = false;
  isWhole = false;
  isBent = false;
  #at: 'size' | 'data' | 'end of data' | 'trailers' = 'size';
  /** Of a chunk. */
  #left = 0;
  /** The beginning of a line. */
  #line = '';
  #trailers = 0;

  take(bytes: Buffer): Taken {
    if (this.#at === 'data') {
      const piece = bytes.subarray(0, this.#left);
      this.#left -= piece.length;
      if (this.#left === 0) this.#at = 'end of data';
      return { count: piece.length, piece };
    }
    const end = bytes.indexOf(LF) + 1;
    const count = end === 0 ? bytes.length : end;
    this.#line += bytes.toString('latin1', 0, count);
    const most = this.#at === 'size' ? MAX_SIZE_LINE : this.#at === 'trailers' ? MAX_TRAILERS - this.#trailers : 2;
    if (this.#line.length > most) throw new BrokenAnswer(`too much where the ${this.#at} should be`);
    // Who waits for its end may wait for ever.
    if (this.#at === 'size' && NO_SIZE.test(this.#line)) throw new BrokenAnswer('a chunk without a size');
    if (end > 0) {
      const line = this.#line;
      this.#line = '';
      this.#endLine(line.endsWith('\r\n') ? line.slice(0, -2) : this.#bend(line.slice(0, -1)));
    }
    return { count, piece: undefined };
  }

  #endLine(line: string): void {
    if (this.#at === 'size') {
      const [, before, digits = '', after, extensions = ''] = SIZE_LINE.exec(line) ?? [];
      if (digits === '' || hasControl(line)) throw new BrokenAnswer('a chunk without a size');
      if (before !== '' || after !== '' || !SOUND_EXTENSIONS.test(extensions)) this.isBent = true;
      this.#left = parseInt(digits, 16);
      this.#at = this.#left === 0 ? 'trailers' : 'data';
    } else if (this.#at === 'end of data') {
      if (line !== '') throw new BrokenAnswer('a chunk that does not end where it should');
      this.#at = 'size';
    } else if (line === '') {
      this.isWhole = true;
    } else {
      // Of what comes after the body none may frame it (RFC 9110, 6.5.1).
      if (/^(?:content-length|transfer-encoding)[ \t]*:/i.test(line)) this.isBent = true;
      this.#trailers += line.length + 2;
    }
  }

  /** Of a line that ends with LF alone. */
  #bend(line: string): string {
    this.isBent = true;
    return line;
  }
}
