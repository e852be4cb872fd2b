/**
 * A set of strings that keeps only their fingerprints: 13 or 20 bytes a string, however long the string is. What has
 * been seen of a list of a hundred million URLs has to fit into memory, or what of it has no room there into files.
 */

import { randomBytes } from 'node:crypto';

import type { Hash } from '../shared/murmur3.js';
import type { Overflow, Room } from './overflow.js';

/** 4,096 fingerprints to a page: splitting one takes some 0.1 ms, the longest that an addition takes. */
const PAGE_SLOTS = 4096;
/** Of all slots. The fullest page has 1 / ln 2 of this, 87%: 9 standard deviations from overflowing. */
const MEAN_LOAD = 0.6;

/**
 * A set of strings, told by their hashes, that may, very rarely, take a new string for one that it holds; never the other way round. By the
 * birthday bound the probability that any two of n strings are taken for one another is at most n^2 / 2^(bits + 1):
 *
 * |      n | 64 bits | 96 bits |
 * |-------:|--------:|--------:|
 * |   10^6 | 3e-8    | 6e-18   |
 * |   10^8 | 3e-4    | 6e-14   |
 *
 * So 64 bits are enough where a mistake is harmless, and 96 where it is not. With 64 bits the same strings are taken for
 * one another in every run; with 96, of which 32 are the hash's second half by a random number, the next run does better.
 *
 * Grows by one page at a time, without ever copying the rest: spiral storage (Martin, "Spiral storage: incrementally
 * augmentable hash addressed storage", 1979). There are pages b to 2b - 1, the lower ones fuller; page b is split into
 * 2b and 2b + 1, then b is one more. Within a page: open addressing with linear probing. Where its room in memory is full, all of it goes
 * to a file, and the pages begin again.
 */
export class FingerprintSet {
  /** 32-bit words to a slot; a slot whose first word is zero is empty. */
  readonly #width: 2 | 3;
  /** What is stored of a hash. */
  readonly #fingerprint = new Uint32Array(3);
  /** Odd, and random, so that nobody can prepare strings that all go to one page. */
  readonly #spread = randomBytes(4).readUInt32LE() | 1;
  readonly #pages: (Uint32Array | undefined)[];
  /** The page before the last split, empty: the next split fills it, so that growing leaves nothing to collect. */
  #spare: Uint32Array;
  /** The number b of the first page, which is the number of pages, too. */
  #first = 1;
  /** The highest power of two up to b. */
  #scale = 1;
  /** In the pages. */
  #size = 0;
  /** More than so many in the pages, and there is to be more room. */
  #growAt: number;
  readonly #room: Room | undefined;
  #overflow: Overflow | undefined;

  constructor(bits: 64 | 96, room?: Room) {
    this.#width = bits === 64 ? 2 : 3;
    this.#room = room;
    this.#growAt = Math.min(PAGE_SLOTS * MEAN_LOAD, room?.most ?? Infinity);
    this.#pages = [undefined, this.#newPage()];
    this.#spare = this.#newPage();
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#overflow === undefined;
  }

  /** Adds a string; false if it was there. */
  add(hash: Hash): boolean {
    this.#take(hash);
    if (this.#overflow?.has(this.#fingerprint) === true || !this.#put()) return false;
    this.#size += 1;
    if (this.#size > this.#growAt) this.#grow();
    return true;
  }

  has(hash: Hash): boolean {
    this.#take(hash);
    const page = this.#pages[this.#pageNumber()]!;
    if (page[find(page, this.#width, this.#fingerprint)] !== 0) return true;
    return this.#overflow?.has(this.#fingerprint) === true;
  }

  /** Files are closed; nothing is added or asked for any more. */
  close(): void {
    this.#overflow?.close();
  }

  #take(hash: Hash): void {
    const fingerprint = this.#fingerprint;
    fingerprint[0] = hash[0]! || 1; // zero marks an empty slot
    fingerprint[1] = hash[1]!;
    fingerprint[2] = hash[2]! + Math.imul(hash[3]!, this.#spread);
  }

  #newPage(): Uint32Array {
    return new Uint32Array(PAGE_SLOTS * this.#width);
  }

  /** The page for the fingerprint: of the numbers b to 2b - 1 the one that starts with the digits of 2^h. */
  #pageNumber(): number {
    const mixed = (this.#fingerprint[0]! + Math.imul(this.#fingerprint[1]!, this.#spread)) >>> 0;
    const h = mixed / 0x1_0000_0000;
    // 2 ** h within 0.02%, which is several times slower and matters only for how evenly the pages fill.
    const start = (1 + h * (0.6951 + h * (0.2276 + h * 0.0773))) * this.#scale;
    const number = Math.floor(start);
    return number < this.#first ? Math.floor(start * 2) : number;
  }

  /** Stores the fingerprint; false if it was there. */
  #put(): boolean {
    const fingerprint = this.#fingerprint;
    const page = this.#pages[this.#pageNumber()]!;
    const at = find(page, this.#width, fingerprint);
    if (page[at] !== 0) return false;
    page[at] = fingerprint[0]!;
    page[at + 1] = fingerprint[1]!;
    if (this.#width === 3) page[at + 2] = fingerprint[2]!;
    return true;
  }

  #grow(): void {
    const room = this.#room;
    if (room !== undefined && this.#size > room.most) {
      this.#overflow ??= room.overflow(this.#width);
      if (this.#overflow !== undefined) {
        this.#spill(this.#overflow);
        return;
      }
    }
    if (this.#size > this.#first * PAGE_SLOTS * MEAN_LOAD) this.#split();
  }

  /** The pages stay, and are empty. */
  #spill(overflow: Overflow): void {
    const pages = this.#pages.slice(this.#first) as Uint32Array[];
    overflow.add(pages);
    for (const page of pages) page.fill(0);
    this.#size = 0;
  }

  #split(): void {
    const fingerprint = this.#fingerprint;
    const width = this.#width;
    const old = this.#pages[this.#first]!;
    this.#pages[this.#first] = undefined;
    this.#pages.push(this.#spare, this.#newPage());
    this.#first += 1;
    if (this.#first === this.#scale * 2) this.#scale *= 2;
    for (let from = 0; from < old.length; from += width) {
      if (old[from] === 0) continue;
      fingerprint[0] = old[from]!;
      fingerprint[1] = old[from + 1]!;
      if (width === 3) fingerprint[2] = old[from + 2]!;
      this.#put();
    }
    this.#spare = old.fill(0);
    this.#growAt = Math.min(this.#first * PAGE_SLOTS * MEAN_LOAD, this.#room?.most ?? Infinity);
  }
}

/** Where the fingerprint is in the page, or the empty place where it belongs. */
function find(page: Uint32Array, width: number, fingerprint: Uint32Array): number {
  const first = fingerprint[0];
  const second = fingerprint[1]!;
  const third = fingerprint[2];
  let at = (second % PAGE_SLOTS) * width;
  while (page[at] !== 0) {
    if (page[at] === first && page[at + 1] === second && (width === 2 || page[at + 2] === third)) return at;
    at += width;
    if (at === page.length) at = 0;
  }
  return at;
}
