/** TIFF 6.0 and BigTIFF: directories, one a page, and the strips or tiles that each names. */
import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

/** Bytes of a value of each type; of what is unknown nothing is looked at. */
const SIZES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const WIDTH = 256;
const HEIGHT = 257;
/** Where the data lies, and how much of it, of strips and of tiles. */
const PLACES = [
  [273, 279],
  [324, 325],
] as const;
/** Bytes that are named by all pages together: each of them once, and as much again for pages that share some. */
const MOST_NAMED = 2;

/** A value's numbers, read when they are needed: most are not. */
interface Values {
  readonly count: number;
  readonly at: (index: number) => number;
}

export function walkTiff(cursor: Cursor): Extent {
  const file = new TiffFile(cursor);
  const seen = new Set<number>();
  let [width, height, pages, named] = [0, 0, 0, 0];
  for (let at = file.first; at !== 0;) {
    if (seen.has(at)) cursor.fail('a directory that comes twice', at);
    seen.add(at);
    const { tags, next } = file.directory(at);
    const page = `page ${pages + 1}`;
    const own = { width: tags.get(WIDTH)?.at(0) ?? 0, height: tags.get(HEIGHT)?.at(0) ?? 0 };
    pages += 1;
    width = Math.max(width, own.width);
    height = Math.max(height, own.height);
    cursor.at = at;
    checkBounds(cursor, { ...own, frames: 1 });
    checkBounds(cursor, { width, height, frames: pages });
    named += proveData(cursor, tags, page);
    if (named > MOST_NAMED * cursor.bytes.length) cursor.fail('pages that name the same data again and again', at);
    at = next;
  }
  if (pages === 0) cursor.fail('ends without an image', 4);
  return { width, height, frames: pages };
}

/** @returns bytes of the page */
function proveData(cursor: Cursor, tags: ReadonlyMap<number, Values>, page: string): number {
  let bytes = 0;
  let parts = 0;
  for (const [offsetTag, lengthTag] of PLACES) {
    const offsets = tags.get(offsetTag);
    const lengths = tags.get(lengthTag);
    if (offsets === undefined) continue;
    if (lengths === undefined || lengths.count < offsets.count)
      cursor.fail(`${page} does not say how much data it has`);
    for (let part = 0; part < offsets.count; part += 1) {
      const to = offsets.at(part) + lengths.at(part);
      if (to > cursor.bytes.length) {
        cursor.fail(`cut in ${page}, whose data ends at byte ${to}`, cursor.bytes.length);
      }
      bytes += lengths.at(part);
    }
    parts += offsets.count;
  }
  if (bytes === 0) cursor.fail(`${page} has no data`);
  return bytes + parts;
}

class TiffFile {
  readonly #cursor: Cursor;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #big: boolean;
  /** Where the first directory begins; 0 for none. */
  readonly first: number;

  constructor(cursor: Cursor) {
    const { bytes } = cursor;
    this.#cursor = cursor;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = bytes[0] === 0x49;
    this.#big = this.#number(2, 2, 'the header') === 43;
    this.first = this.#big ? this.#number(8, 8, 'the header') : this.#number(4, 4, 'the header');
  }

  directory(at: number): { tags: ReadonlyMap<number, Values>; next: number } {
    const [countSize, entrySize, wordSize] = this.#big ? [8, 20, 8] : [2, 12, 4];
    const count = this.#number(at, countSize, 'a directory');
    const end = at + countSize + count * entrySize;
    const next = this.#number(end, wordSize, 'a directory');
    const tags = new Map<number, Values>();
    for (let entry = at + countSize; entry < end; entry += entrySize) {
      const size = SIZES[this.#number(entry + 2, 2, 'a directory')] ?? 0;
      const values = this.#number(entry + 4, wordSize, 'a directory');
      const inline = entry + 4 + wordSize;
      const from = size * values <= wordSize ? inline : this.#number(inline, wordSize, 'a directory');
      const tag = this.#number(entry, 2, 'a directory');
      if (from + size * values > this.#cursor.bytes.length) {
        this.#cursor.fail(`cut in tag ${tag}, which ends at byte ${from + size * values}`, entry);
      }
      if (size === 0) continue;
      tags.set(tag, { count: values, at: (index) => this.#number(from + size * index, size, `tag ${tag}`) });
    }
    return { tags, next };
  }

  #number(at: number, size: number, what: string): number {
    this.#cursor.at = at;
    if (at + size > this.#view.byteLength) this.#cursor.fail(`cut in ${what}`, this.#view.byteLength);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, this.#little);
    if (size === 4) return this.#view.getUint32(at, this.#little);
    return Number(this.#view.getBigUint64(at, this.#little));
  }
}
