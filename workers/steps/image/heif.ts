/** AVIF and HEIC (ISO/IEC 23008-12): boxes, and a table of where the data of each item lies, which is what is proved. */
import { checkBounds, type Extent } from './bounds.js';
import { type Box, boxesIn, openBox } from './boxes.js';
import type { Cursor } from './cursor.js';
import { extentsIn, MAX_PARTS } from './heif-items.js';

/** Boxes of a file that have to be whole if they begin; what else follows the last of them is not part of the image. */
const PARTS = new Set(['ftyp', 'meta', 'mdat', 'moov', 'moof', 'free', 'skip', 'uuid', 'mfra', 'sidx', 'styp']);

interface Meta {
  readonly sizes: ReadonlyMap<number, Size>;
  readonly primary: number | undefined;
  /** Which properties items have, by number. */
  readonly properties: ReadonlyMap<number, readonly number[]>;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Walks the boxes, and proves that the data of all items is there. How large an image is, its `ispe` says; a sequence has a
 * first image that says it as well.
 */
export function walkHeif(cursor: Cursor): Extent {
  const { length } = cursor.bytes;
  let meta: Meta | undefined;
  let isFilm = false;
  for (let boxes = 0; cursor.at < length; boxes += 1) {
    const begin = cursor.at;
    const complete = meta !== undefined;
    if (complete && (length - begin < 8 || !PARTS.has(typeAt(cursor)))) break;
    if (boxes > MAX_PARTS) cursor.fail(`more than ${MAX_PARTS} boxes`, begin);
    const box = openBox(cursor, length);
    if (box.to > length) cursor.fail(`cut in box ${JSON.stringify(box.type)}, which ends at byte ${box.to}`, length);
    if (box.type === 'meta' && meta === undefined) meta = walkMeta(cursor, box);
    if (box.type === 'moov') isFilm = true;
    cursor.at = box.to;
  }
  if (meta === undefined) cursor.fail(isFilm ? 'a film without an image' : 'ends without an image', length);
  return { ...sizeOf(cursor, meta), frames: 1 };
}

function typeAt({ bytes, at }: Cursor): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}

function walkMeta(cursor: Cursor, meta: Box): Meta {
  const sizes = new Map<number, Size>();
  const properties = new Map<number, readonly number[]>();
  let primary: number | undefined;
  let places: Box | undefined;
  let data: Box | undefined;
  // It has a version of its own before what is in it, as all that have flags.
  for (const box of boxesIn(cursor, meta.from + 4, meta.to)) {
    if (box.type === 'pitm') {
      primary = cursor.u32be('pitm') >>> 24 === 0 ? cursor.u16be('pitm') : cursor.u32be('pitm');
    } else if (box.type === 'iloc') {
      places = box;
    } else if (box.type === 'idat') {
      data = box;
    } else if (box.type === 'iprp') {
      for (const inner of boxesIn(cursor, box.from, box.to)) {
        if (inner.type === 'ipco') readSizes(cursor, inner, sizes);
        if (inner.type === 'ipma') readProperties(cursor, inner, properties);
      }
    }
  }
  if (places === undefined) cursor.fail('ends without saying where its image lies', meta.to);
  provePlaces(cursor, places, data);
  return { sizes, primary, properties };
}

/** Of all properties, those that are sizes: each is bounded, since a decoder makes room for any. */
function readSizes(cursor: Cursor, container: Box, sizes: Map<number, Size>): void {
  let number = 0;
  for (const box of boxesIn(cursor, container.from, container.to)) {
    number += 1;
    if (number > MAX_PARTS) cursor.fail(`more than ${MAX_PARTS} properties`);
    if (box.type !== 'ispe') continue;
    cursor.skip(4, 'ispe');
    const size = { width: cursor.u32be('ispe'), height: cursor.u32be('ispe') };
    checkBounds(cursor, { ...size, frames: 1 });
    sizes.set(number, size);
  }
}

function readProperties(cursor: Cursor, box: Box, properties: Map<number, readonly number[]>): void {
  cursor.at = box.from;
  const head = cursor.u32be('ipma');
  const [version, wide] = [head >>> 24, (head & 1) === 1];
  const items = cursor.u32be('ipma');
  for (let item = 0; item < items; item += 1) {
    if (cursor.at >= box.to) cursor.fail(`tells of ${items} items, and ends after ${item}`, box.from);
    const id = version === 0 ? cursor.u16be('ipma') : cursor.u32be('ipma');
    const own: number[] = [];
    for (let left = cursor.u8('ipma'); left > 0; left -= 1) {
      // The highest bit tells whether a reader has to know it.
      own.push(wide ? cursor.u16be('ipma') & 0x7fff : cursor.u8('ipma') & 0x7f);
    }
    properties.set(id, own);
  }
}

/** What the table of places names has to lie in the file. */
function provePlaces(cursor: Cursor, box: Box, data: Box | undefined): void {
  let extents = 0;
  for (const { item, method, elsewhere, to, told } of extentsIn(cursor, box)) {
    extents += 1;
    if (elsewhere) cursor.fail('an item whose data is in another file', told);
    // In another item: that is proved by its own place.
    if (method === 2) continue;
    const room = method === 1 ? (data === undefined ? 0 : data.to - data.from) : cursor.bytes.length;
    if (to > room) cursor.fail(`cut in the data of item ${item + 1}, which ends at byte ${to} of ${room}`, told);
  }
  if (extents === 0) cursor.fail('ends without an image', box.to);
}

/** That of the item that is shown first; a grid of tiles has one of its own. */
function sizeOf(cursor: Cursor, { sizes, primary, properties }: Meta): Size {
  const own = (primary === undefined ? undefined : properties.get(primary)) ?? [];
  for (const property of own) {
    const size = sizes.get(property);
    if (size !== undefined) return size;
  }
  const [first] = sizes.values();
  if (first === undefined) cursor.fail('an image that does not say how large it is');
  return first;
}

const AVIF = new Set(['avif', 'avis']);
const HEIC = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs']);

/** Which of the two a file is, by the brands that it begins with; undefined for a film, say. */
export function heifKind(bytes: Uint8Array): 'avif' | 'heic' | undefined {
  if (bytes.length < 12 || latin(bytes, 4) !== 'ftyp') return undefined;
  const length = (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  // The first brand, then a number, then all others.
  for (let at = 8; at + 4 <= Math.min(length, bytes.length, 512); at += at === 8 ? 8 : 4) {
    const brand = latin(bytes, at);
    if (AVIF.has(brand)) return 'avif';
    if (HEIC.has(brand)) return 'heic';
  }
  // What says only that it is an image of this family: most of them are from telephones.
  return latin(bytes, 8) === 'mif1' || latin(bytes, 8) === 'msf1' ? 'heic' : undefined;
}

function latin(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
