/**
 * Undoes Zstandard (RFC 8878) within a bound of memory, the same on every Node: by its zlib, which has it from 22.15 on,
 * else by fzstd. Each frame by itself: before Node 26, zlib reads one and drops or refuses those that follow; fzstd looks
 * at no bound. Only zlib compares checksums.
 */
import { createRequire } from 'node:module';
import { pipeline, Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type * as Fzstd from 'fzstd';

/** As fzstd has it. */
const UNEXPECTED_END = 5;

/**
 * With the codes of Node's zlib: `Z_BUF_ERROR` for what is cut, `Z_DATA_ERROR` for what is broken, `ERR_BUFFER_TOO_LARGE` for
 * what has more bytes than it may.
 */
export class ZstdError extends Error {
  readonly code: 'Z_BUF_ERROR' | 'Z_DATA_ERROR' | 'ERR_BUFFER_TOO_LARGE';

  constructor(code: ZstdError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

interface NativeZstd {
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Buffer;
  readonly createZstdDecompress?: () => Transform;
}
const { zstdDecompressSync, createZstdDecompress } = zlib as NativeZstd;

/** Bytes of output that zlib makes at once. */
const CHUNK_BYTES = 64 * 1024;

/** Bytes that fzstd is given at once: as many blocks of four bytes give 16 MiB. */
const PIECE_BYTES = 512;

/**
 * One or more frames, one after the other. What follows them and is none is passed over.
 *
 * @param maxWindow bytes that a frame may refer back to, all of which are held
 * @param maxLength bytes of all that comes out
 * @throws ZstdError
 */
export function unZstdSync(bytes: Uint8Array, maxWindow: number, maxLength: number): Uint8Array {
  const frames = new FrameSplitter(maxWindow);
  const decoded = new Decoded(maxLength);
  let pieces: Uint8Array[] = [];
  for (const { bytes: piece, isEnd } of frames.push(bytes)) {
    pieces.push(piece);
    if (!isEnd) continue;
    const frame = Buffer.concat(pieces);
    pieces = [];
    for (const block of decodeFrame(frame, decoded.room)) decoded.add(block);
  }
  frames.end();
  return decoded.whole();
}

/** The same where the thread that asks is not to be held up: where Node's zlib has Zstandard, on libuv's threads. */
export async function unZstdAsync(bytes: Uint8Array, maxWindow: number, maxLength: number): Promise<Uint8Array> {
  const decoded = new Decoded(maxLength);
  for await (const block of unZstd(Readable.from([bytes]), maxWindow)) decoded.add(block);
  return decoded.whole();
}

/** What has come out so far. */
class Decoded {
  readonly #blocks: Uint8Array[] = [];
  /** Bytes that may still come. */
  room: number;

  constructor(most: number) {
    this.room = most;
  }

  /** @throws ZstdError */
  add(block: Uint8Array): void {
    this.room -= block.length;
    if (this.room < 0) throw new ZstdError('ERR_BUFFER_TOO_LARGE', 'it has more bytes than it may');
    this.#blocks.push(block);
  }

  whole(): Uint8Array {
    const [first, ...others] = this.#blocks;
    return first !== undefined && others.length === 0 ? first : Buffer.concat(this.#blocks);
  }
}

function* decodeFrame(frame: Uint8Array, maxLength: number): Iterable<Uint8Array> {
  if (zstdDecompressSync !== undefined) {
    yield zstdDecompressSync(frame, { maxOutputLength: Math.max(maxLength, 1), chunkSize: CHUNK_BYTES });
    return;
  }
  const decoder = new FzstdFrame();
  for (let at = 0; at < frame.length; at += PIECE_BYTES) {
    yield* decoder.push(frame.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= frame.length);
  }
}

/** As {@link unZstdSync}, of a body that is too large to hold. */
export async function* unZstd(
  chunks: AsyncIterable<Uint8Array>,
  maxWindow: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = split(chunks, maxWindow);
  for (;;) {
    const next = await pieces.next();
    if (next.done) return;
    const frame = oneFrame(next.value, pieces);
    yield* createZstdDecompress === undefined ? throughFzstd(frame) : through(frame, createZstdDecompress());
  }
}

async function* split(chunks: AsyncIterable<Uint8Array>, maxWindow: number): AsyncGenerator<Piece, void, undefined> {
  const frames = new FrameSplitter(maxWindow);
  // A copy: whoever decodes it holds it while the next chunk may come in the same memory.
  for await (const chunk of chunks) yield* frames.push(Buffer.from(chunk));
  frames.end();
}

/** The pieces up to the end of a frame; the next frame is left. */
async function* oneFrame(first: Piece, rest: AsyncIterator<Piece>): AsyncGenerator<Piece, void, undefined> {
  let piece = first;
  yield piece;
  while (!piece.isEnd) {
    const next = await rest.next();
    if (next.done) return;
    piece = next.value;
    yield piece;
  }
}

async function* throughFzstd(frame: AsyncIterable<Piece>): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new FzstdFrame();
  for await (const { bytes, isEnd } of frame) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      yield* decoder.push(bytes.subarray(at, at + PIECE_BYTES), isEnd && at + PIECE_BYTES >= bytes.length);
    }
  }
}

async function* through(
  frame: AsyncIterable<Piece>,
  transform: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Readable.from(bytesOf(frame), { highWaterMark: 1 });
  // An error of either is one of the transform, and leaving it early ends both.
  pipeline(bytes, transform, () => undefined);
  yield* transform as AsyncIterable<Uint8Array>;
}

async function* bytesOf(frame: AsyncIterable<Piece>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { bytes } of frame) yield bytes;
}

/** One frame by fzstd. */
class FzstdFrame {
  readonly #decompress: Fzstd.Decompress;
  #decoded: Uint8Array[] = [];

  constructor() {
    const { Decompress } = createRequire(import.meta.url)('fzstd') as typeof Fzstd;
    this.#decompress = new Decompress((data) => this.#decoded.push(data));
  }

  /** @returns what it gives, block by block @throws ZstdError */
  push(bytes: Uint8Array, isEnd: boolean): Uint8Array[] {
    this.#decoded = [];
    try {
      this.#decompress.push(bytes, isEnd);
    } catch (error) {
      const { message, code } = error as Fzstd.ZstdError;
      throw code === UNEXPECTED_END ? cut() : new ZstdError('Z_DATA_ERROR', message);
    }
    return this.#decoded;
  }
}

function cut(): ZstdError {
  return new ZstdError('Z_BUF_ERROR', 'unexpected end of file');
}

/** Bytes of one frame. */
interface Piece {
  readonly bytes: Uint8Array;
  /** They are its last. */
  readonly isEnd: boolean;
}

const MAGIC = 0xfd2f_b528;
const SKIPPABLE = 0x184d_2a5;
const SIZES_OF_DICTIONARY_ID = [0, 1, 2, 4] as const;

/** Finds where frames end, and looks at the window of each before anything is made for it (RFC 8878, 3.1). */
class FrameSplitter {
  readonly #maxWindow: number;
  /** What has come of a header. */
  #head: Buffer = Buffer.alloc(0);
  /** Bytes up to the next header. */
  #skip = 0;
  #at: 'frame header' | 'block header' | 'last block' | 'skippable frame' = 'frame header';
  #hasChecksum = false;
  #hasFrames = false;
  /** What comes now is no frame. */
  #isOver = false;

  constructor(maxWindow: number) {
    this.#maxWindow = maxWindow;
  }

  /** @returns what there is of frames that are not to be skipped @throws ZstdError */
  push(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    /** Where what is in no piece yet begins, of a frame whose header is read. */
    let from = 0;
    let at = 0;
    while (!this.#isOver) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (this.#skip > 0) break;
      if (this.#at === 'last block') {
        pieces.push({ bytes: chunk.subarray(from, at), isEnd: true });
        this.#at = 'frame header';
      } else if (this.#at === 'skippable frame') this.#at = 'frame header';
      if (at === chunk.length) break;
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + 1)]);
      at += 1;
      if (this.#at === 'block header') {
        if (this.#endsBlockHeader()) this.#head = Buffer.alloc(0);
      } else if (this.#endsFrameHeader()) {
        if (this.#isWithin()) pieces.push({ bytes: this.#head, isEnd: false });
        this.#head = Buffer.alloc(0);
        from = at;
      }
    }
    if (this.#isWithin() && from < chunk.length) pieces.push({ bytes: chunk.subarray(from), isEnd: false });
    return pieces;
  }

  /** @throws ZstdError where a frame has no end */
  end(): void {
    if (this.#isOver) return;
    if (this.#at !== 'frame header' || !this.#hasFrames || this.#head.length >= 4) throw cut();
  }

  #isWithin(): boolean {
    return this.#at === 'block header' || this.#at === 'last block';
  }

  #endsFrameHeader(): boolean {
    const head = this.#head;
    if (head.length < 5) return false;
    const magic = head.readUInt32LE(0);
    if (magic >>> 4 === SKIPPABLE) {
      if (head.length < 8) return false;
      this.#skip = head.readUInt32LE(4);
      this.#at = 'skippable frame';
      return true;
    }
    if (magic !== MAGIC) {
      if (!this.#hasFrames) throw new ZstdError('Z_DATA_ERROR', 'invalid zstd data');
      this.#isOver = true;
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
    this.#at = 'block header';
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
      this.#at = 'last block';
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
