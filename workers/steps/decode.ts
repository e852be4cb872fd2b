/**
 * Undoes the content codings of a body (RFC 9110, section 8.4), within a bound of memory. A coding proves the end of
 * the body as well: one that is cut or broken is refused, never stored in part.
 */

import { constants } from 'node:buffer';
import { Duplex, Transform, type TransformCallback } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

import { SluiceError } from '../../src/errors.js';
import { unZstd, unZstdAsync, unZstdSync } from '../../src/shared/zstd.js';

/** No honest server stacks more codings than this; a bomb does, since each one multiplies the size by up to 1,000. */
const MAX_CODINGS = 2;

/** Bytes of output that zlib makes at once. With 64 KiB most bodies need one call; Node's default is 16 KiB. */
const CHUNK_BYTES = 64 * 1024;

type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** The names of the registry (RFC 9110, section 18.6) that can be undone. */
const CODINGS = new Map<string, Coding>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

interface Limits {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

/** The three ways to undo one compressed format: at once on this thread, on libuv's threads, or as a stream. */
interface Format {
  readonly sync: (bytes: Uint8Array, limits: Limits) => Uint8Array;
  readonly async: (bytes: Uint8Array, limits: Limits) => Promise<Uint8Array>;
  readonly stream: (options: { chunkSize: number }) => Transform;
}

/** Bytes of the window of zstd, which are held: what the coding allows (RFC 9659). */
const MAX_WINDOW = 8 * 1024 * 1024;

const FORMATS = {
  gzip: { sync: zlib.gunzipSync, async: promisify(zlib.gunzip), stream: zlib.createGunzip },
  deflate: { sync: zlib.inflateSync, async: promisify(zlib.inflate), stream: zlib.createInflate },
  rawDeflate: { sync: zlib.inflateRawSync, async: promisify(zlib.inflateRaw), stream: zlib.createInflateRaw },
  br: {
    sync: zlib.brotliDecompressSync,
    async: promisify(zlib.brotliDecompress),
    stream: zlib.createBrotliDecompress,
  },
  zstd: {
    sync: (bytes, { maxOutputLength }) => unZstdSync(bytes, MAX_WINDOW, maxOutputLength),
    async: (bytes, { maxOutputLength }) => unZstdAsync(bytes, MAX_WINDOW, maxOutputLength),
    stream: () => Duplex.from((chunks: AsyncIterable<Uint8Array>) => unZstd(chunks, MAX_WINDOW)) as Transform,
  },
} satisfies Record<string, Format>;

/**
 * The body without its content codings. Without any it is `body` itself, not a copy. No bytes are none: servers name a
 * coding for them, too, which would have made some.
 *
 * @param body the bytes as received; may lie on a SharedArrayBuffer
 * @param contentEncoding the value of the Content-Encoding header as received; empty when there was none
 * @param maxBytes the most that the body may be, in bytes, after each coding; little more than that is ever allocated
 * @throws {SluiceError} BODY_ENCODING for a coding that is unknown, one too many or broken; BODY_CUT; BODY_TOO_LARGE
 */
export function decode(body: Uint8Array, contentEncoding: string, maxBytes: number): Uint8Array {
  let bytes = body;
  for (const coding of codingsToUndo(contentEncoding)) {
    if (bytes.length === 0) break;
    try {
      bytes = formatOf(coding, bytes[0]).sync(bytes, limitsFor(maxBytes));
    } catch (error) {
      throw refusal(coding, error, maxBytes);
    }
  }
  return within(maxBytes, bytes);
}

/** As {@link decode}, but on libuv's threads: for an executor that must not hold up the thread it is called on. */
export async function decodeAsync(body: Uint8Array, contentEncoding: string, maxBytes: number): Promise<Uint8Array> {
  let bytes = body;
  for (const coding of codingsToUndo(contentEncoding)) {
    if (bytes.length === 0) break;
    try {
      bytes = await formatOf(coding, bytes[0]).async(bytes, limitsFor(maxBytes));
    } catch (error) {
      throw refusal(coding, error, maxBytes);
    }
  }
  return within(maxBytes, bytes);
}

/**
 * The transforms that undo the codings of a body that is too large to hold, in the order to put them in a pipeline;
 * none for a body without codings. Each holds about 64 KiB whatever comes in, and fails with BODY_ENCODING or BODY_CUT as
 * {@link decode} does. They don't count: whoever writes their output has to bound it.
 *
 * @throws {SluiceError} BODY_ENCODING for a coding that is unknown or one too many
 */
export function createDecoder(contentEncoding: string): Transform[] {
  return codingsToUndo(contentEncoding).map((coding) => new Decoder(coding));
}

/** The codings in the order to undo them: the header lists them in the order in which they were applied. */
function codingsToUndo(contentEncoding: string): Coding[] {
  const codings: Coding[] = [];
  for (const token of contentEncoding.toLowerCase().split(',')) {
    const name = token.trim();
    if (name === '' || name === 'identity') continue;
    const coding = CODINGS.get(name);
    if (coding === undefined) {
      throw new SluiceError('BODY_ENCODING', `unknown content coding ${JSON.stringify(name.slice(0, 40))}`, {
        hint: 'sluice asks for gzip, deflate and br, and undoes zstd, too; this server sends what was not asked for',
      });
    }
    codings.push(coding);
  }
  if (codings.length > MAX_CODINGS) {
    throw new SluiceError('BODY_ENCODING', `${codings.length} content codings on one body, at most ${MAX_CODINGS}`, {
      hint: 'stacked codings are how a small body becomes a huge one; this server is broken or hostile',
    });
  }
  return codings.toReversed();
}

/**
 * `deflate` means the zlib format (RFC 1950), but some servers send bare deflate data (RFC 1951). The first byte
 * tells: zlib's has 8 in its low half (the compression method), which in bare data would be a stored block with a
 * padding bit set, and no encoder makes that.
 */
function formatOf(coding: Coding, firstByte: number | undefined): Format {
  if (coding === 'deflate' && firstByte !== undefined && (firstByte & 0x0f) !== 8) return FORMATS.rawDeflate;
  return FORMATS[coding];
}

/** zlib takes 1 to MAX_LENGTH; what lies outside is left to {@link within}. */
function limitsFor(maxBytes: number): Limits {
  return { maxOutputLength: Math.min(Math.max(maxBytes, 1), constants.MAX_LENGTH), chunkSize: CHUNK_BYTES };
}

function within(maxBytes: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length > maxBytes) throw tooLarge(`the body is ${bytes.length} bytes`, maxBytes);
  return bytes;
}

function tooLarge(what: string, maxBytes: number, cause?: unknown): SluiceError {
  return new SluiceError('BODY_TOO_LARGE', `${what}, at most ${maxBytes} are allowed`, {
    hint: 'raise the bound if the file is really that large; a compressed bomb looks the same',
    cause,
  });
}

/** What zlib's error says of the body. */
function refusal(coding: Coding, error: unknown, maxBytes = Infinity): SluiceError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(`the ${coding} body decodes to more bytes`, maxBytes, error);
  // The end of the encoding is the end of the body, where nothing else tells it.
  const [kind, problem] =
    code === 'Z_BUF_ERROR'
      ? (['BODY_CUT', 'is cut: its compressed data has no end'] as const)
      : (['BODY_ENCODING', `is broken: ${message}`] as const);
  return new SluiceError(kind, `the ${coding} body ${problem}`, {
    hint: 'fetch it again; if it stays so, the server compresses it wrongly',
    cause: error,
  });
}

/**
 * One coding as a transform. It wraps zlib's own to choose the format of `deflate` when the first byte is there, and to
 * fail with sluice's errors.
 */
class Decoder extends Transform {
  readonly #coding: Coding;
  #zlib: Transform | undefined;

  constructor(coding: Coding) {
    super();
    this.#coding = coding;
  }

  override _transform(chunk: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    if (chunk.length === 0) {
      done();
      return;
    }
    this.#zlib ??= this.#start(chunk[0]);
    this.#zlib.write(chunk, (error) => {
      if (!error) done();
    });
  }

  override _flush(done: TransformCallback): void {
    if (this.#zlib === undefined) {
      done();
      return;
    }
    // It has ended before its input where more follows the compressed data.
    if (this.#zlib.readableEnded) done();
    else this.#zlib.once('end', () => done());
    this.#zlib.end();
  }

  override _read(size: number): void {
    this.#zlib?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#zlib?.destroy();
    done(error);
  }

  #start(firstByte: number | undefined): Transform {
    const stream = formatOf(this.#coding, firstByte).stream({ chunkSize: CHUNK_BYTES });
    stream.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) stream.pause();
    });
    stream.on('error', (error) => this.destroy(refusal(this.#coding, error)));
    return stream;
  }
}
