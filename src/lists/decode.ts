/** What is around the text of a list: compression and encodings, known by their first bytes. */
import { Buffer } from 'node:buffer';
import type { Transform } from 'node:stream';
import { peek } from './peek.js';

/** Compressions one around the other: `list.csv.gz` that a server has compressed once more. */
const MAX_LAYERS = 3;

type Decoder = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

interface Mark {
  readonly first: readonly number[];
  readonly decode: Decoder;
}

const COMPRESSIONS: readonly Mark[] = [
  { first: [0x1f, 0x8b], decode: unGzip },
  { first: [0x28, 0xb5, 0x2f, 0xfd], decode: unZstd },
];

const ENCODINGS: readonly Mark[] = [
  { first: [0xff, 0xfe], decode: (chunks) => fromUtf16(chunks, 'utf-16le') },
  { first: [0xfe, 0xff], decode: (chunks) => fromUtf16(chunks, 'utf-16be') },
  { first: [0xef, 0xbb, 0xbf], decode: (chunks) => without(chunks, 3) },
];
const MOST_FIRST = 4;

export interface Decoded {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Nothing was undone: the bytes are those that were given. */
  readonly isAsGiven: boolean;
}

/** The bytes of the list itself, as UTF-8 where it is a text. */
export async function decode(source: AsyncIterable<Uint8Array>): Promise<Decoded> {
  let isAsGiven = true;
  let chunks = source;
  for (let layer = 0; ; layer += 1) {
    const peeked = await peek(chunks, (head) => head.length >= MOST_FIRST);
    chunks = peeked.chunks;
    const begins = ({ first }: Mark): boolean => first.every((byte, at) => peeked.head[at] === byte);
    const compression = layer < MAX_LAYERS ? COMPRESSIONS.find(begins) : undefined;
    const mark = compression ?? ENCODINGS.find(begins);
    if (mark === undefined) return { chunks, isAsGiven };
    chunks = mark.decode(chunks);
    isAsGiven = false;
    if (compression === undefined) return { chunks, isAsGiven };
  }
}

async function* unGzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { createGunzip } = await import('node:zlib');
  yield* through(chunks, createGunzip());
}

async function* unZstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { unZstd: frames } = await import('../shared/zstd.js');
  yield* frames(chunks, Infinity);
}

async function* through(
  chunks: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { pipeline, Readable } = await import('node:stream');
  // An error of either is one of the transform, and leaving it early ends both.
  pipeline(Readable.from(copies(chunks), { highWaterMark: 1 }), transform, () => undefined);
  yield* transform as AsyncIterable<Uint8Array>;
}

/** The stream takes a chunk before the last one is used up, and they may all be in the same memory. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

async function* fromUtf16(
  chunks: AsyncIterable<Uint8Array>,
  encoding: 'utf-16le' | 'utf-16be',
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield Buffer.from(text);
  }
  const rest = decoder.decode();
  if (rest !== '') yield Buffer.from(rest);
}

async function* without(
  chunks: AsyncIterable<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  for await (const chunk of chunks) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}
