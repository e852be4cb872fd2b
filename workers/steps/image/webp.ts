/** WebP (RFC 9649), chunk by chunk. */

import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Chunk {
  readonly type: string;
  readonly from: number;
  /** Where its data ends. */
  readonly end: number;
  /** Where the next one begins: chunks have an even length. */
  readonly next: number;
}

/**
 * Walks to the end that the RIFF header names. What follows is tolerated, as RFC 9649 (section 2.4) lets readers do;
 * chunks that are unknown or out of place are stepped over, which it asks for (section 2.7.1.6).
 */
export function walkWebp(cursor: Cursor): Extent {
  cursor.skip(4, 'the header');
  const end = cursor.u32le('the header') + 8;
  cursor.skip(4, 'the header');
  if (end > cursor.bytes.length) {
    cursor.fail(`cut, the header says that there are ${end} bytes`, cursor.bytes.length);
  }
  const first = openChunk(cursor, end);
  if (first.type === 'VP8X') return walkExtended(cursor, first, end);
  const size = readBitstream(cursor, first);
  if (size === undefined) cursor.fail(`begins with chunk ${JSON.stringify(first.type)}, not with an image`, first.from);
  for (cursor.at = first.next; cursor.at < end;) cursor.at = openChunk(cursor, end).next;
  return { ...size, frames: 1 };
}

/** The extended format (section 2.7): a canvas, then one image of its size or the frames of an animation. */
function walkExtended(cursor: Cursor, header: Chunk, end: number): Extent {
  const animated = (cursor.u8('VP8X') & 0x02) !== 0;
  cursor.skip(3, 'VP8X');
  const canvas = { width: cursor.u24le('VP8X') + 1, height: cursor.u24le('VP8X') + 1 };
  if (cursor.at > header.end) cursor.fail('a VP8X chunk that is too short', header.from);
  checkBounds(cursor, { ...canvas, frames: 1 });
  let frames = 0;
  for (cursor.at = header.next; cursor.at < end;) {
    const chunk = openChunk(cursor, end);
    if (animated && chunk.type === 'ANMF') {
      frames += 1;
      checkBounds(cursor, { ...canvas, frames });
      walkFrame(cursor, chunk, canvas, `frame ${frames}`);
    } else if (!animated && frames === 0) {
      const size = readBitstream(cursor, chunk);
      if (size !== undefined) {
        if (!sameSize(size, canvas)) cursor.fail(`an image that does not fill its canvas`, chunk.from);
        frames = 1;
      }
    }
    cursor.at = chunk.next;
  }
  if (frames === 0) cursor.fail('ends without an image', end);
  return { ...canvas, frames };
}

/** One frame of an animation (section 2.7.1.1): its place on the canvas, then chunks, one of them its image. */
function walkFrame(cursor: Cursor, frame: Chunk, canvas: Size, what: string): void {
  const left = cursor.u24le(what) * 2;
  const top = cursor.u24le(what) * 2;
  const size = { width: cursor.u24le(what) + 1, height: cursor.u24le(what) + 1 };
  cursor.skip(4, what);
  if (left + size.width > canvas.width || top + size.height > canvas.height) {
    cursor.fail(`${what} lies outside of the canvas`, frame.from);
  }
  while (cursor.at < frame.end) {
    const chunk = openChunk(cursor, frame.end);
    const found = readBitstream(cursor, chunk);
    if (found !== undefined) {
      if (!sameSize(found, size)) cursor.fail(`${what} has an image of another size`, chunk.from);
      return;
    }
    cursor.at = chunk.next;
  }
  cursor.fail(`${what} has no image`, frame.from);
}

/** Reads a chunk's type and length, and proves that it ends before `end`, which lies within the bytes. */
function openChunk(cursor: Cursor, end: number): Chunk {
  const begin = cursor.at;
  const type = cursor.fourcc('a chunk');
  const length = cursor.u32le('a chunk');
  const from = cursor.at;
  if (from + length > end) cursor.fail(`chunk ${JSON.stringify(type)} of ${length} bytes goes beyond its end`, begin);
  return { type, from, end: from + length, next: from + length + (length % 2) };
}

/** The size that the header of an image's own data gives; none when the chunk is of another kind. */
function readBitstream(cursor: Cursor, chunk: Chunk): Size | undefined {
  const { type, from, end } = chunk;
  let size: Size;
  if (type === 'VP8 ') {
    // RFC 6386, section 9.1: the tag, the start code and two sizes with a scale in the high bits.
    const tag = cursor.u24le(type);
    if (cursor.u24le(type) !== 0x2a019d || (tag & 1) !== 0) cursor.fail('VP8 data without a key frame', from);
    size = { width: cursor.u16le(type) & 0x3fff, height: cursor.u16le(type) & 0x3fff };
    if (cursor.at + (tag >> 5) > end) cursor.fail('VP8 data that is cut', from);
  } else if (type === 'VP8L') {
    // RFC 9649, section 3.4: the signature, then width - 1 and height - 1 of 14 bits each.
    if (cursor.u8(type) !== 0x2f) cursor.fail('VP8L data without its signature', from);
    const bits = cursor.u32le(type);
    size = { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  } else {
    return undefined;
  }
  if (cursor.at > end) cursor.fail(`chunk ${JSON.stringify(type)} is too short`, from);
  checkBounds(cursor, { ...size, frames: 1 });
  return size;
}

function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
