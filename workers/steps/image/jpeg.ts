/** JPEG (ITU-T T.81, annex B), segment by segment. */

import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/** Frame headers are C0 to CF, but for DHT, JPG and DAC (table B.1). */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7;

/**
 * Walks to the end of the image. What follows is tolerated: cameras and phones put previews, depth maps and films
 * there.
 */
export function walkJpeg(cursor: Cursor): Extent {
  cursor.skip(2, 'the start of image');
  let extent: Extent | undefined;
  let scans = 0;
  for (;;) {
    const begin = cursor.at;
    const marker = nextMarker(cursor);
    if (marker === EOI) {
      if (extent === undefined || scans === 0) cursor.fail('ends without an image', begin);
      return extent;
    }
    // The rest are reserved, without a length, or out of place: 00 to BF, restarts and another start of image.
    if (marker < 0xc0 || marker === SOI || isRestart(marker)) {
      cursor.fail(`marker ff${marker.toString(16).padStart(2, '0')} between segments`, begin);
    }
    const what = `the ff${marker.toString(16)} segment`;
    const from = cursor.at;
    const length = cursor.u16be(what);
    if (length < 2) cursor.fail(`${what} says it is ${length} bytes long`, begin);
    if (isFrameHeader(marker)) {
      if (extent !== undefined) cursor.fail('a second frame header', begin);
      extent = readFrameHeader(cursor, length, what);
    }
    if (marker === SOS && extent === undefined) cursor.fail('a scan without a frame header', begin);
    cursor.at = from;
    cursor.skip(length, what);
    if (marker === SOS) {
      scans += 1;
      skipScan(cursor, `scan ${scans}`);
    }
  }
}

/** A marker is FF and its code, with any number of FF before it (section B.1.1.2). */
function nextMarker(cursor: Cursor): number {
  const begin = cursor.at;
  if (cursor.u8('a marker') !== 0xff) cursor.fail('no marker where one has to be', begin);
  for (;;) {
    const code = cursor.u8('a marker');
    if (code !== 0xff) return code;
  }
}

/** Section B.2.2. A height of 0, to be given after the first scan, is refused: no decoder in use knows it. */
function readFrameHeader(cursor: Cursor, length: number, what: string): Extent {
  cursor.skip(1, what);
  const height = cursor.u16be(what);
  const width = cursor.u16be(what);
  const components = cursor.u8(what);
  if (components === 0 || length !== 8 + 3 * components) {
    cursor.fail(`${what} is ${length} bytes long for ${components} components`);
  }
  const extent = { width, height, frames: 1 };
  checkBounds(cursor, extent);
  return extent;
}

/**
 * Steps over entropy-coded data to the marker that ends it (section B.1.1.5). There FF is followed by 00 where it is
 * data. Restarts count from 0 to 7 and round again: one out of turn means that data is missing before it.
 */
function skipScan(cursor: Cursor, what: string): void {
  const { bytes } = cursor;
  const begin = cursor.at;
  let restarts = 0;
  for (let at = begin; ;) {
    // A call for each of many FF in a row would take longer than all the rest.
    if (bytes[at] !== 0xff) at = bytes.indexOf(0xff, at);
    const code = at === -1 ? undefined : bytes[at + 1];
    if (code === undefined) cursor.fail(`cut in ${what}, which begins at byte ${begin}`, bytes.length);
    if (code === 0x00) {
      at += 2;
    } else if (code === 0xff) {
      at += 1;
    } else if (isRestart(code)) {
      if ((code & 7) !== restarts % 8) cursor.fail(`restart ${code & 7} of ${what} where ${restarts % 8} is due`, at);
      restarts += 1;
      at += 2;
    } else {
      if (at === begin) cursor.fail(`${what} has no data`, begin);
      cursor.at = at;
      return;
    }
  }
}
