/**
 * JPEG XL (ISO/IEC 18181-2) in its boxes: they say where they end. Its codestream by itself does not: where a frame ends can
 * only be told by decoding it.
 */
import { checkBounds, type Extent } from './bounds.js';
import { openBox } from './boxes.js';
import { type Cursor, imageError } from './cursor.js';

/** Of a partial codestream, the mark of the last one. */
const LAST = 0x8000_0000;
/** Width to height, by number; 0 for one that is told. */
const RATIOS: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
];
/** How many bits a size may take. */
const WIDTHS = [9, 13, 18, 30] as const;
/** Bytes that a size takes at the most, with the mark before it. */
const HEADER = 12;

export function walkJxl(cursor: Cursor): Extent {
  const { length } = cursor.bytes;
  let extent: Extent | undefined;
  let whole = false;
  while (!whole) {
    const begin = cursor.at;
    const box = openBox(cursor, length);
    if (box.to > length) cursor.fail(`cut in box ${JSON.stringify(box.type)}, which ends at byte ${box.to}`, length);
    const isPart = box.type === 'jxlp';
    if (isPart || box.type === 'jxlc') {
      if (box.open) throw unproven('its last box goes on to the end of the file, wherever that is');
      const number = isPart ? cursor.u32be('jxlp') : LAST;
      extent ??= readSize(cursor, box.to);
      whole = number >= LAST;
    }
    if (box.to === begin) cursor.fail('a box of no bytes', begin);
    cursor.at = box.to;
  }
  return extent as Extent;
}

/** Bounds it, all the same: what nobody can prove may be a bomb, too. */
export function refuseCodestream(cursor: Cursor): never {
  readSize(cursor, cursor.bytes.length);
  throw unproven('a bare codestream does not tell where it ends');
}

function unproven(why: string): Error {
  return imageError(`JPEG XL that cannot be proved to be whole: ${why}`, {
    hint: 'with --image-check none it is stored unseen',
  });
}

/** Of the size header (18181-1, D.2), bits from the lowest on. */
function readSize(cursor: Cursor, to: number): Extent {
  const begin = cursor.at;
  const head = cursor.bytes.subarray(begin, Math.min(to, begin + HEADER));
  if (head[0] !== 0xff || head[1] !== 0x0a) cursor.fail('a codestream that does not begin as one', begin);
  let bit = 16;
  const bits = (count: number): number => {
    let value = 0;
    for (let at = 0; at < count; at += 1, bit += 1) {
      const byte = head[bit >> 3];
      if (byte === undefined) cursor.fail('cut in the codestream', to);
      value += ((byte >> (bit & 7)) & 1) * 2 ** at;
    }
    return value;
  };
  const small = bits(1) === 1;
  const side = (): number => (small ? 8 * (1 + bits(5)) : 1 + bits(WIDTHS[bits(2) as 0]));
  const height = side();
  const [across, down] = RATIOS[bits(3)] as readonly [number, number];
  const width = across === 0 ? side() : Math.floor((height * across) / down);
  const extent = { width, height, frames: 1 };
  checkBounds(cursor, extent);
  return extent;
}
