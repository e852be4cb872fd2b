/** ICO and CUR: a directory of the same picture in several sizes, each a PNG or a BMP without the header of a file. */
import { walkIconBitmap } from './bmp.js';
import { checkBounds, type Extent } from './bounds.js';
import { Cursor } from './cursor.js';
import { walkPng } from './png.js';

const ENTRY = 16;
const PNG = 0x89;

/** @returns the size of the largest */
export function walkIco(cursor: Cursor): Extent {
  const { bytes } = cursor;
  cursor.skip(4, 'the header');
  const count = cursor.u16le('the header');
  if (count === 0) cursor.fail('ends without an image', 4);
  let largest: Extent = { width: 0, height: 0, frames: 1 };
  let total = 0;
  for (let entry = 0; entry < count; entry += 1) {
    const what = `picture ${entry + 1}`;
    cursor.at = 6 + entry * ENTRY;
    cursor.skip(8, `the entry of ${what}`);
    const size = cursor.u32le(`the entry of ${what}`);
    const from = cursor.u32le(`the entry of ${what}`);
    if (from + size > bytes.length) cursor.fail(`cut in ${what}, which ends at byte ${from + size}`, bytes.length);
    total += size;
    // So that the same bytes are not gone through for each of 65,535 entries.
    if (total > bytes.length) cursor.fail('pictures that lie over one another', cursor.at - ENTRY);
    const extent = walkPicture(cursor, from, size);
    if (extent.width * extent.height > largest.width * largest.height) largest = extent;
  }
  checkBounds(cursor, largest);
  return { ...largest, frames: 1 };
}

function walkPicture(cursor: Cursor, from: number, size: number): Extent {
  cursor.at = from;
  if (cursor.bytes[from] !== PNG) return walkIconBitmap(cursor, from + size);
  return walkPng(new Cursor(cursor.bytes.subarray(from, from + size), 'PNG in an ICO'));
}
