/** Undoes Zstandard where Node's zlib has none, which it has from 22.15 on; within a bound of memory, which fzstd has not. */
import { createRequire } from 'node:module';
import type * as Fzstd from 'fzstd';

/** As fzstd has it. */
const UNEXPECTED_END = 5;

/** With the codes of Node's zlib: `Z_BUF_ERROR` for what is cut, `Z_DATA_ERROR` for what is broken. */
export class ZstdError extends Error {
  readonly code: 'Z_BUF_ERROR' | 'Z_DATA_ERROR';

  constructor(code: ZstdError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** One or more frames, one after the other. What follows them and is none is passed over, as Node does. */
export class UnZstd {
  readonly #walk: FrameWalk;
  readonly #decompress: Fzstd.Decompress;
  #decoded: Uint8Array[] = [];
  /** What may begin a frame, or be none. */
  #held: Uint8Array = new Uint8Array(0);

  /** @param maxWindow bytes that a frame may refer back to, all of which are held */
  constructor(maxWindow: number) {
    this.#walk = new FrameWalk(maxWindow);
    const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof Fzstd;
    this.#decompress = new Decompress((data) => this.#decoded.push(data));
  }

  /** @returns what it gives, block by block @throws ZstdError */
  push(chunk: Uint8Array, isLast: boolean): Uint8Array[] {
    this.#decoded = [];
    const more = this.#walk.isOver ? chunk.subarray(0, 0) : chunk;
    const bytes = this.#held.length === 0 ? more : Buffer.concat([this.#held, more]);
    const end = bytes.length - this.#walk.push(more);
    this.#held = this.#walk.isOver ? more.subarray(0, 0) : bytes.subarray(end);
    if (isLast && !this.#walk.isWhole) throw new ZstdError('Z_BUF_ERROR', 'unexpected end of file');
    try {
      this.#decompress.push(bytes.subarray(0, end), isLast);
    } catch (error) {
      const { message, code } = error as Fzstd.ZstdError;
      throw new ZstdError(code === UNEXPECTED_END ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR', message);
    }
    return this.#decoded;
  }
}

const MAGIC = 0xfd2f_b528;
const SKIPPABLE = 0x184d_2a5;
const SIZES_OF_DICTIONARY_ID = [0, 1, 2, 4] as const;

/** Looks at the window of each frame before it is made (RFC 8878, 3.1). */
class FrameWalk {
  readonly #maxWindow: number;
  /** What has come of a header. */
  #head: Buffer = Buffer.alloc(0);
  #skip = 0;
  #at: 'frame' | 'block' = 'frame';
  #hasChecksum = false;
  #hasFrames = false;
  /** What comes now is no frame. */
  isOver = false;

  constructor(maxWindow: number) {
    this.#maxWindow = maxWindow;
  }

  /** There is nothing that has begun and not ended. */
  get isWhole(): boolean {
    if (this.isOver) return true;
    return this.#at === 'frame' && this.#skip === 0 && (this.#hasFrames ? this.#head.length < 4 : false);
  }

  /** @returns how many of the last bytes, over all chunks, are not known to be of a frame */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !this.isOver) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + 1)]);
      at += 1;
      if (this.#at === 'frame' ? this.#endsFrameHeader() : this.#endsBlockHeader()) this.#head = Buffer.alloc(0);
    }
    const unread = (this.#at === 'frame' ? this.#head.length : 0) + chunk.length - at;
    if (this.isOver) this.#head = Buffer.alloc(0);
    return unread;
  }

  #endsFrameHeader(): boolean {
    const head = this.#head;
    if (head.length < 5) return false;
    const magic = head.readUInt32LE(0);
    if (magic >>> 4 === SKIPPABLE) {
      if (head.length < 8) return false;
      this.#skip = head.readUInt32LE(4);
      return true;
    }
    if (magic !== MAGIC) {
      if (!this.#hasFrames) throw new ZstdError('Z_DATA_ERROR', 'invalid zstd data');
      this.isOver = true;
      return false;
    }
    const flags = head[4] as number;
    const isSingle = (flags & 0x20) !== 0;
    const sizeFlag = flags >> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
    const beforeSize = 5 + (isSingle ? 0 : 1) + (SIZES_OF_DICTIONARY_ID[flags & 3] as number);
    if (head.length < beforeSize + sizeBytes) return false;
    const window = isSingle ? numberAt(head, beforeSize, sizeBytes) : windowOf(head[5] as number);
    if (window > this.#maxWindow)
      throw new ZstdError('Z_DATA_ERROR', `window size too large (>${this.#maxWindow} bytes)`);
    this.#hasChecksum = (flags & 4) !== 0;
    this.#hasFrames = true;
    this.#at = 'block';
    return true;
  }

  #endsBlockHeader(): boolean {
    if (this.#head.length < 3) return false;
    const header = this.#head.readUIntLE(0, 3);
    const isLast = (header & 1) !== 0;
    const isRepeated = ((header >> 1) & 3) === 1;
    this.#skip = isRepeated ? 1 : header >> 3;
    if (isLast) {
      this.#skip += this.#hasChecksum ? 4 : 0;
      this.#at = 'frame';
    }
    return true;
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Little endian, of 0 to 8 bytes; of two bytes what is more than 256 (RFC 8878, 3.1.1.1.4). */
function numberAt(bytes: Buffer, from: number, count: number): number {
  let number = 0;
  for (let i = count - 1; i >= 0; i -= 1) number = number * 256 + (bytes[from + i] as number);
  return count === 2 ? number + 256 : number;
}
