/** GIF87a and GIF89a (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), block by block. */

import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

/** LZW codes have 12 bits at most, and the first is one wider than the pixels. */
const MAX_CODE_SIZE = 11;

/**
 * Walks to the trailer. A byte between blocks that begins none is refused, as the specification of 1989 has it; what
 * follows the trailer is not part of the image, and tools and servers that pad files are common.
 */
export function walkGif(cursor: Cursor): Extent {
  cursor.skip(6, 'the header');
  let width = cursor.u16le('the screen descriptor');
  let height = cursor.u16le('the screen descriptor');
  skipColourTable(cursor, cursor.u8('the screen descriptor'), 2, 'the screen descriptor');
  let frames = 0;
  for (;;) {
    const begin = cursor.at;
    const block = cursor.u8('a block or the trailer');
    if (block === TRAILER) {
      if (frames === 0) cursor.fail('ends without an image', begin);
      return { width, height, frames };
    }
    if (block === EXTENSION) {
      cursor.skip(1, 'an extension');
      skipSubBlocks(cursor, 'an extension');
    } else if (block === IMAGE) {
      frames += 1;
      const what = `frame ${frames}`;
      const left = cursor.u16le(what);
      const top = cursor.u16le(what);
      const frameWidth = cursor.u16le(what);
      const frameHeight = cursor.u16le(what);
      if (frameWidth * frameHeight === 0) cursor.fail(`${what} is ${frameWidth} x ${frameHeight} pixels`, begin);
      // Screens that are too small for a frame, 0 x 0 even, are common; viewers enlarge them.
      width = Math.max(width, left + frameWidth);
      height = Math.max(height, top + frameHeight);
      checkBounds(cursor, { width, height, frames });
      skipColourTable(cursor, cursor.u8(what), 0, what);
      const codeSize = cursor.u8(what);
      if (codeSize > MAX_CODE_SIZE) cursor.fail(`${what} has an LZW code size of ${codeSize}`, cursor.at - 1);
      if (skipSubBlocks(cursor, what) === 0) cursor.fail(`${what} has no data`, begin);
    } else {
      cursor.fail(`no block begins with 0x${block.toString(16).padStart(2, '0')}`, begin);
    }
  }
}

/** Steps over the `gap` bytes after the packed field, and over the colour table that the field announces. */
function skipColourTable(cursor: Cursor, packed: number, gap: number, what: string): void {
  cursor.skip(gap, what);
  if ((packed & 0x80) !== 0) cursor.skip(3 << ((packed & 7) + 1), `the colour table of ${what}`);
}

/** Steps over sub-blocks, each with its length before it, and over the empty one that ends them. Returns how many. */
function skipSubBlocks(cursor: Cursor, what: string): number {
  for (let count = 0; ; count += 1) {
    const length = cursor.u8(what);
    if (length === 0) return count;
    cursor.skip(length, what);
  }
}
