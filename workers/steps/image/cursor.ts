/** A place in the bytes of an image, and the errors of what is wrong there. */

import { SluiceError } from '../../../src/errors.js';

const BROKEN = 'fetch it again; if the server has it so, --image-check none stores it unseen';

/** A BODY_IMAGE error: the body is no image, or not one that may be stored. */
export function imageError(message: string, { hint = BROKEN, cause }: { hint?: string; cause?: unknown } = {}): Error {
  return new SluiceError('BODY_IMAGE', message, { hint, cause });
}

/**
 * Reads numbers and steps over blocks, never past the end: what is not there is refused as cut. `what` names the block
 * in that message. Copies nothing; the bytes may lie on a SharedArrayBuffer.
 */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly format: string;
  /** The byte that is read next. */
  at = 0;

  constructor(bytes: Uint8Array, format: string) {
    this.bytes = bytes;
    this.format = format;
  }

  /** Steps over `count` bytes and returns where they begin. */
  skip(count: number, what: string): number {
    const begin = this.at;
    const left = this.bytes.length - begin;
    if (count > left) this.fail(`cut in ${what}, which needs ${count} bytes and has ${left}`);
    this.at = begin + count;
    return begin;
  }

  u8(what: string): number {
    return this.bytes[this.skip(1, what)]!;
  }

  u16le(what: string): number {
    const at = this.skip(2, what);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  u24le(what: string): number {
    const at = this.skip(3, what);
    return this.bytes[at]! | (this.bytes[at + 1]! << 8) | (this.bytes[at + 2]! << 16);
  }

  u32le(what: string): number {
    return this.u16le(what) + this.u16le(what) * 0x10000;
  }

  u16be(what: string): number {
    const at = this.skip(2, what);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  u32be(what: string): number {
    return this.u16be(what) * 0x10000 + this.u16be(what);
  }

  /** Four characters that name a chunk. */
  fourcc(what: string): string {
    const at = this.skip(4, what);
    return String.fromCharCode(this.bytes[at]!, this.bytes[at + 1]!, this.bytes[at + 2]!, this.bytes[at + 3]!);
  }

  /** Refuses the image for what is wrong at `at`. */
  fail(problem: string, at = this.at): never {
    throw imageError(`broken ${this.format} at byte ${at}: ${problem}`);
  }
}
