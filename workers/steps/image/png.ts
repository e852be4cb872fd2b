/** PNG and its animated form (https://www.w3.org/TR/png-3/), chunk by chunk. */

import { crc32 } from 'node:zlib';

import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

const INDEXED = 3;

/** The bit depths of each colour type (section 11.2.1). */
const DEPTHS = new Map([
  [0, [1, 2, 4, 8, 16]],
  [2, [8, 16]],
  [INDEXED, [1, 2, 4, 8]],
  [4, [8, 16]],
  [6, [8, 16]],
]);

/**
 * Walks to IEND and checks every chunk's CRC. What follows IEND is not part of the image: every viewer ignores it, and
 * a body that is too long as a whole was found by its length already.
 */
export function walkPng(cursor: Cursor): Extent {
  cursor.skip(8, 'the signature');
  const header = walkHeader(cursor);
  let palette = false;
  /** Image data is one run of chunks (section 5.6). */
  let data: 'awaited' | 'running' | 'over' = 'awaited';
  /** What an animation announces, and what there is of it. */
  let announced: number | undefined;
  let frames = 0;
  for (;;) {
    const begin = cursor.at;
    const { type, from, length } = openChunk(cursor);
    if (data === 'running' && type !== 'IDAT') data = 'over';
    switch (type) {
      case 'IDAT':
        if (header.colourType === INDEXED && !palette) cursor.fail('image data before its palette', begin);
        if (data === 'over') cursor.fail('image data in two places', begin);
        data = 'running';
        break;
      case 'PLTE':
        palette = true;
        break;
      case 'acTL':
        if (length !== 8) cursor.fail(`an acTL chunk of ${length} bytes`, begin);
        announced = cursor.u32be(type);
        if (announced === 0) cursor.fail('an animation of no frames', begin);
        break;
      case 'fcTL':
        frames += 1;
        checkBounds(cursor, { ...header, frames });
        break;
      case 'IEND':
        if (data === 'awaited') cursor.fail('ends without image data', begin);
        if (announced !== undefined && announced !== frames) {
          cursor.fail(`an animation of ${announced} frames holds ${frames}`, begin);
        }
        break;
      default:
        // A capital first letter marks a chunk without which the image cannot be shown (section 5.4).
        if (type < 'a') cursor.fail(`unknown critical chunk ${JSON.stringify(type)}`, begin);
    }
    closeChunk(cursor, type, from, length);
    if (type === 'IEND') {
      return { width: header.width, height: header.height, frames: announced ?? 1 };
    }
  }
}

function walkHeader(cursor: Cursor): { width: number; height: number; colourType: number } {
  const begin = cursor.at;
  const { type, from, length } = openChunk(cursor);
  if (type !== 'IHDR' || length !== 13) cursor.fail('does not begin with an IHDR chunk', begin);
  const width = cursor.u32be(type);
  const height = cursor.u32be(type);
  const depth = cursor.u8(type);
  const colourType = cursor.u8(type);
  const methods = [cursor.u8(type), cursor.u8(type), cursor.u8(type)] as const;
  if (!DEPTHS.get(colourType)?.includes(depth)) {
    cursor.fail(`colour type ${colourType} with ${depth} bits a sample`, from + 8);
  }
  if (methods[0] !== 0 || methods[1] !== 0 || methods[2] > 1)
    cursor.fail(`unknown methods ${methods.join()}`, from + 10);
  checkBounds(cursor, { width, height, frames: 1 });
  closeChunk(cursor, type, from, length);
  return { width, height, colourType };
}

/** Reads a chunk's length and type; its data begins at `from`, where the cursor then is. */
function openChunk(cursor: Cursor): { type: string; from: number; length: number } {
  const length = cursor.u32be('a chunk');
  const type = cursor.fourcc('a chunk');
  return { type, from: cursor.at, length };
}

/** Steps over what is left of a chunk and checks its CRC, which is over type and data. */
function closeChunk(cursor: Cursor, type: string, from: number, length: number): void {
  cursor.at = from;
  cursor.skip(length, `the ${JSON.stringify(type)} chunk`);
  const crc = crc32(cursor.bytes.subarray(from - 4, from + length));
  if (cursor.u32be('a CRC') !== crc) cursor.fail(`wrong CRC of the ${JSON.stringify(type)} chunk`, from - 8);
}
