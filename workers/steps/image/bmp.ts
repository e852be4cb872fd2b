/** BMP of Windows and OS/2, and what an ICO has of it: a header that says how large all is. */
import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

const FILE_HEADER = 14;
/** By the length of its header a version is known. */
const CORE = 12;
const HEADERS: ReadonlySet<number> = new Set([CORE, 16, 40, 52, 56, 64, 108, 124]);
const DEPTHS: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 24, 32]);
/** Of the ways to store pixels, those that take as many bytes as there are pixels: as they are, and with masks. */
const PLAIN: ReadonlySet<number> = new Set([0, 3, 6]);
/** Those that have a length of their own: two of runs, JPEG and PNG. */
const PACKED: ReadonlySet<number> = new Set([1, 2, 4, 5]);

/** What it begins with is two letters that a text may begin with, too: its header has to be one. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && HEADERS.has(bytes[14]!) && bytes[15] === 0 && bytes[16] === 0;
}

export function walkBmp(cursor: Cursor): Extent {
  cursor.skip(2, 'the header');
  const size = cursor.u32le('the header');
  cursor.skip(4, 'the header');
  const data = cursor.u32le('the header');
  const { width, height, depth, way, length } = readHeader(cursor);
  const extent = { width, height, frames: 1 };
  checkBounds(cursor, extent);
  if (data < FILE_HEADER + CORE) cursor.fail(`pixels at byte ${data}, in the header`, 10);
  if (!PLAIN.has(way) && (!PACKED.has(way) || length === 0)) cursor.fail(`pixels in an unknown way (${way})`, 30);
  const end = Math.max(size, data + (PLAIN.has(way) ? rowSize(width, depth) * height : length));
  if (end > cursor.bytes.length) cursor.fail(`cut, the header says that there are ${end} bytes`, cursor.bytes.length);
  return extent;
}

/** What an ICO has: no header of a file, and two pictures one above the other, of which the second is the mask. */
export function walkIconBitmap(cursor: Cursor, to: number): Extent {
  const begin = cursor.at;
  const header = cursor.u32le('a picture');
  cursor.at = begin;
  const { width, height, depth, way } = readHeader(cursor);
  const extent = { width, height: height >> 1, frames: 1 };
  checkBounds(cursor, extent);
  if (way !== 0) cursor.fail(`a picture in an unknown way (${way})`, begin);
  // Colours may be fewer than there could be, and some leave out the mask where there is transparency.
  const least = begin + header + rowSize(width, depth) * extent.height;
  if (least > to) cursor.fail(`a picture that needs ${least - begin} bytes and has ${to - begin}`, begin);
  return extent;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly way: number;
  /** Bytes of the pixels; may be 0 where it can be computed. */
  readonly length: number;
}

function readHeader(cursor: Cursor): Header {
  const begin = cursor.at;
  const what = 'the header';
  const size = cursor.u32le(what);
  if (!HEADERS.has(size)) cursor.fail(`a header of ${size} bytes`, begin);
  const [width, signed] =
    size === CORE ? [cursor.u16le(what), cursor.u16le(what)] : [cursor.u32le(what), cursor.u32le(what) | 0];
  cursor.skip(2, what);
  const depth = cursor.u16le(what);
  const way = size <= 16 ? 0 : cursor.u32le(what);
  const length = size <= 16 ? 0 : cursor.u32le(what);
  if (PLAIN.has(way) && !DEPTHS.has(depth)) cursor.fail(`${depth} bits a pixel`, begin);
  // A height below 0 says that its first row is the upper one.
  return { width, height: Math.abs(signed), depth, way, length };
}

/** Rows take whole words. */
function rowSize(width: number, depth: number): number {
  return 4 * Math.ceil((width * depth) / 32);
}
