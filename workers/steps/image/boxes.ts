/** Boxes of the ISO base media file format (ISO/IEC 14496-12, 4.2), which AVIF, HEIC and JPEG XL lie in. */
import type { Cursor } from './cursor.js';

export interface Box {
  readonly type: string;
  /** Where what is in it begins. */
  readonly from: number;
  /** Where it ends; beyond `end` of what holds it if it is cut. */
  readonly to: number;
  /** It says that it goes to the end of the file, wherever that is. */
  readonly open: boolean;
}

/** What stands for a length that does not fit in 32 bits: it comes after the type. */
const LONG = 1;

/** The box at the cursor, which then is at what is in it. @param end of what holds it */
export function openBox(cursor: Cursor, end: number): Box {
  const begin = cursor.at;
  const length = cursor.u32be('a box');
  const type = cursor.fourcc('a box');
  const long = length === LONG ? cursor.u32be('a box') * 2 ** 32 + cursor.u32be('a box') : length;
  const open = long === 0;
  if (!open && long < cursor.at - begin)
    cursor.fail(`box ${JSON.stringify(type)} says it is ${long} bytes long`, begin);
  return { type, from: cursor.at, to: open ? end : begin + long, open };
}

/** The boxes that lie in another one, all of them whole. @param from where the first begins */
export function* boxesIn(cursor: Cursor, from: number, to: number): Generator<Box> {
  for (let at = from; at < to;) {
    cursor.at = at;
    const box = openBox(cursor, to);
    if (box.to > to) cursor.fail(`box ${JSON.stringify(box.type)} goes beyond the one that it is in`, at);
    yield box;
    at = box.to;
  }
}
