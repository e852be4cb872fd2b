/** Items of AVIF and HEIC (ISO/IEC 14496-12, 8.11): which there are, and where their data lies. */
import { Buffer } from 'node:buffer';
import { SluiceError } from '../../../src/errors.js';
import { type Box, boxesIn, openBox } from './boxes.js';
import { Cursor } from './cursor.js';

/** Boxes, items and places at the most: others make lists of nothing. */
export const MAX_PARTS = 100_000;
/** Bytes of EXIF at the most: a small picture may be in it. */
const MAX_EXIF = 1 << 20;
/** Of the data of an item, 4.2.1 and 4.2.2: in the file, or in the box `idat`. */
const IN_FILE = 0;
const IN_IDAT = 1;

/** A part of the data of an item. */
export interface Extent {
  readonly id: number;
  /** How many items come before it in the table. */
  readonly item: number;
  readonly method: number;
  /** It is in another file. */
  readonly elsewhere: boolean;
  readonly from: number;
  readonly to: number;
  /** Where the table tells of its item. */
  readonly told: number;
}

/** Goes through the table of places, without proving that anything is there. */
export function* extentsIn(cursor: Cursor, box: Box): Generator<Extent> {
  cursor.at = box.from;
  const version = cursor.u32be('iloc') >>> 24;
  const sizes = cursor.u16be('iloc');
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version > 0 ? sizes & 15 : 0;
  const number = (size: number): number => {
    if (size === 0) return 0;
    if (size === 4) return cursor.u32be('iloc');
    if (size !== 8) cursor.fail(`places of ${size} bytes`, box.from);
    return cursor.u32be('iloc') * 2 ** 32 + cursor.u32be('iloc');
  };
  const items = version < 2 ? cursor.u16be('iloc') : cursor.u32be('iloc');
  let extents = 0;
  for (let item = 0; item < items; item += 1) {
    const told = cursor.at;
    if (told >= box.to) cursor.fail(`places of ${items} items, and ends after ${item}`, box.from);
    const id = version < 2 ? cursor.u16be('iloc') : cursor.u32be('iloc');
    const method = version > 0 ? cursor.u16be('iloc') & 15 : IN_FILE;
    const elsewhere = cursor.u16be('iloc') !== 0;
    const base = number(baseSize);
    for (let left = cursor.u16be('iloc'); left > 0; left -= 1) {
      extents += 1;
      if (extents > MAX_PARTS || cursor.at > box.to) cursor.fail('a table of places that does not end', told);
      number(indexSize);
      const from = base + number(offsetSize);
      const to = from + number(lengthSize);
      yield { id, item, method, elsewhere, from, to, told };
    }
  }
}

/** The block of EXIF, as a TIFF has it; undefined where there is none, or none that makes sense. */
export function heifExif(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return findExif(new Cursor(bytes, 'HEIF'));
  } catch (error) {
    // What is broken in it is left out: whether the image is whole, others prove.
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

function findExif(cursor: Cursor): Uint8Array | undefined {
  const { bytes } = cursor;
  const meta = firstMeta(cursor);
  if (meta === undefined) return undefined;
  let infos: Box | undefined;
  let places: Box | undefined;
  let idat: Box | undefined;
  for (const box of boxesIn(cursor, meta.from + 4, meta.to)) {
    if (box.type === 'iinf') infos = box;
    else if (box.type === 'iloc') places = box;
    else if (box.type === 'idat') idat = box;
  }
  const id = infos && exifId(cursor, infos);
  if (id === undefined || places === undefined) return undefined;
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const extent of extentsIn(cursor, places)) {
    if (extent.id !== id) continue;
    const { method, elsewhere, from, to } = extent;
    const whole =
      method === IN_FILE ? bytes : method === IN_IDAT && idat ? bytes.subarray(idat.from, idat.to) : NOTHING;
    size += to - from;
    if (elsewhere || to > whole.length || size > MAX_EXIF) return undefined;
    parts.push(whole.subarray(from, to));
  }
  const data = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  if (data.length < 4) return undefined;
  // So many bytes come before it: `Exif` and two zeros, mostly (ISO/IEC 23008-12, A.2.1).
  const before = new DataView(data.buffer, data.byteOffset, 4).getUint32(0);
  return before + 8 > data.length - 4 ? undefined : data.subarray(4 + before);
}

const NOTHING = new Uint8Array(0);

function firstMeta(cursor: Cursor): Box | undefined {
  const { length } = cursor.bytes;
  for (let boxes = 0; boxes < MAX_PARTS && length - cursor.at >= 8; boxes += 1) {
    const box = openBox(cursor, length);
    if (box.to > length) return undefined;
    if (box.type === 'meta') return box;
    cursor.at = box.to;
  }
  return undefined;
}

/** Entries of versions before 2 tell no type. */
function exifId(cursor: Cursor, infos: Box): number | undefined {
  cursor.at = infos.from;
  const countSize = cursor.u32be('iinf') >>> 24 === 0 ? 2 : 4;
  let entries = 0;
  for (const box of boxesIn(cursor, infos.from + 4 + countSize, infos.to)) {
    entries += 1;
    if (entries > MAX_PARTS) return undefined;
    if (box.type !== 'infe') continue;
    const version = cursor.u32be('infe') >>> 24;
    if (version < 2) continue;
    const id = version === 2 ? cursor.u16be('infe') : cursor.u32be('infe');
    cursor.skip(2, 'infe');
    if (cursor.fourcc('infe') === 'Exif') return id;
  }
  return undefined;
}
