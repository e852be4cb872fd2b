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

/** One or more frames, one after the other. */
export class UnZstd {
  readonly #walk: FrameWalk;
  readonly #decompress: Fzstd.Decompress;
  #decoded: Uint8Array[] = [];

  /** @param maxWindow bytes that a frame may refer back to, all of which are held */
  constructor(maxWindow: number) {
    this.#walk = new FrameWalk(maxWindow);
    const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof Fzstd;
    this.#decompress = new Decompress((data) => this.#decoded.push(data));
  }

  /** @returns what it gives, block by block @throws ZstdError */
  push(chunk: Uint8Array, isLast: boolean): Uint8Array[] {
    this.#decoded = [];
    this.#walk.push(chunk);
    if (isLast && !this.#walk.isBetween) throw new ZstdError('Z_BUF_ERROR', 'unexpected end of file');
    try {
      this.#decompress.push(chunk, isLast);
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

  constructor(maxWindow: number) {
    this.#maxWindow = maxWindow;
  }

  /** No frame has begun that has not ended. */
  get isBetween(): boolean {
    return this.#at === 'frame' && this.#skip === 0 && this.#head.length === 0;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
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
    if (magic !== MAGIC) throw new ZstdError('Z_DATA_ERROR', 'invalid zstd data');
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
