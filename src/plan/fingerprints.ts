/**
 * A set of strings that keeps only their fingerprints: 13 or 20 bytes a string, however long the string is. What has
 * been seen of a list of a hundred million URLs has to fit into memory.
 */

import { randomBytes } from 'node:crypto';

/** 4,096 fingerprints to a page: splitting one takes some 0.1 ms, the longest that an addition takes. */
const PAGE_SLOTS = 4096;
/** Of all slots. The fullest page has 1 / ln 2 of this, 87%: 9 standard deviations from overflowing. */
const MEAN_LOAD = 0.6;

/**
 * A set of strings that may, very rarely, take a new string for one that it holds; never the other way round. By the
 * birthday bound the probability that any two of n strings are taken for one another is at most n^2 / 2^(bits + 1):
 *
 * |      n | 64 bits | 96 bits |
 * |-------:|--------:|--------:|
 * |   10^6 | 3e-8    | 6e-18   |
 * |   10^8 | 3e-4    | 6e-14   |
 *
 * So 64 bits are enough where a mistake is harmless, and 96 where it is not. With the same seed the same strings are
 * taken for one another in every run; with a random one, the next run does better.
 *
 * Grows by one page at a time, without ever copying the rest: spiral storage (Martin, "Spiral storage: incrementally
 * augmentable hash addressed storage", 1979). There are pages b to 2b - 1, the lower ones fuller; page b is split into
 * 2b and 2b + 1, then b is one more. Within a page: open addressing with linear probing.
 */
export class FingerprintSet {
  /** 32-bit words to a slot; a slot whose first word is zero is empty. */
  readonly #width: 2 | 3;
  readonly #seed: number;
  readonly #hash = new Uint32Array(4);
  /** Random, so that nobody can prepare strings that all go to one page. */
  readonly #spread = randomBytes(4).readUInt32LE() | 1;
  readonly #pages: (Uint32Array | undefined)[];
  /** The page before the last split, empty: the next split fills it, so that growing leaves nothing to collect. */
  #spare: Uint32Array;
  /** The number b of the first page, which is the number of pages, too. */
  #first = 1;
  /** The highest power of two up to b. */
  #scale = 1;
  #size = 0;

  constructor(bits: 64 | 96, seed: number) {
    this.#width = bits === 64 ? 2 : 3;
    this.#seed = seed;
    this.#pages = [undefined, this.#newPage()];
    this.#spare = this.#newPage();
  }

  /** Adds a string; false if it was there. */
  add(text: string): boolean {
    murmur3(text, this.#seed, this.#hash);
    if (!this.#put()) return false;
    this.#size += 1;
    if (this.#size > this.#first * PAGE_SLOTS * MEAN_LOAD) this.#split();
    return true;
  }

  has(text: string): boolean {
    murmur3(text, this.#seed, this.#hash);
    this.#hash[0] ||= 1;
    const page = this.#pages[this.#pageNumber()]!;
    return page[find(page, this.#width, this.#hash)] !== 0;
  }

  #newPage(): Uint32Array {
    return new Uint32Array(PAGE_SLOTS * this.#width);
  }

  /** The page for the fingerprint in `#hash`: of the numbers b to 2b - 1 the one that starts with the digits of 2^h. */
  #pageNumber(): number {
    const mixed = (this.#hash[0]! + Math.imul(this.#hash[1]!, this.#spread)) >>> 0;
    const h = mixed / 0x1_0000_0000;
    // 2 ** h within 0.02%, which is several times slower and matters only for how evenly the pages fill.
    const start = (1 + h * (0.6951 + h * (0.2276 + h * 0.0773))) * this.#scale;
    const number = Math.floor(start);
    return number < this.#first ? Math.floor(start * 2) : number;
  }

  /** Stores the fingerprint in `#hash`; false if it was there. */
  #put(): boolean {
    const hash = this.#hash;
    hash[0] ||= 1; // zero marks an empty slot
    const number = this.#pageNumber();
    const page = this.#pages[number]!;
    const at = find(page, this.#width, hash);
    if (page[at] !== 0) return false;
    page[at] = hash[0];
    page[at + 1] = hash[1]!;
    if (this.#width === 3) page[at + 2] = hash[2]!;
    return true;
  }

  #split(): void {
    const hash = this.#hash;
    const width = this.#width;
    const old = this.#pages[this.#first]!;
    this.#pages[this.#first] = undefined;
    this.#pages.push(this.#spare, this.#newPage());
    this.#first += 1;
    if (this.#first === this.#scale * 2) this.#scale *= 2;
    for (let from = 0; from < old.length; from += width) {
      if (old[from] === 0) continue;
      hash[0] = old[from]!;
      hash[1] = old[from + 1]!;
      if (width === 3) hash[2] = old[from + 2]!;
      this.#put();
    }
    this.#spare = old.fill(0);
  }
}

/** Where the hash is in the page, or the empty place where it belongs. */
function find(page: Uint32Array, width: number, hash: Uint32Array): number {
  const [first, second, third] = [hash[0], hash[1], hash[2]];
  let at = (hash[1]! % PAGE_SLOTS) * width;
  while (page[at] !== 0) {
    if (page[at] === first && page[at + 1] === second && (width === 2 || page[at + 2] === third)) return at;
    at += width;
    if (at === page.length) at = 0;
  }
  return at;
}

/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain) of the string's UTF-16 code units in little-endian order, into
 * the four words of `out`. Not for secrets; the same on every machine and in every version, since names hold it.
 */
export function murmur3(text: string, seed: number, out: Uint32Array): void {
  const length = text.length;
  const blocks = length - (length % 8);
  let h1 = seed;
  let h2 = seed;
  let h3 = seed;
  let h4 = seed;
  for (let at = 0; at < blocks; at += 8) {
    h1 = rotate(h1 ^ mix(pair(text, at), 0x239b961b, 15, 0xab0e9789), 19) + h2;
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
    h2 = rotate(h2 ^ mix(pair(text, at + 2), 0xab0e9789, 16, 0x38b34ae5), 17) + h3;
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
    h3 = rotate(h3 ^ mix(pair(text, at + 4), 0x38b34ae5, 17, 0xa1e38b93), 15) + h4;
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
    h4 = rotate(h4 ^ mix(pair(text, at + 6), 0xa1e38b93, 18, 0x239b961b), 13) + h1;
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
  }
  const bytes = length * 2;
  h1 ^= mix(tail(text, blocks), 0x239b961b, 15, 0xab0e9789) ^ bytes;
  h2 ^= mix(tail(text, blocks + 2), 0xab0e9789, 16, 0x38b34ae5) ^ bytes;
  h3 ^= mix(tail(text, blocks + 4), 0x38b34ae5, 17, 0xa1e38b93) ^ bytes;
  h4 ^= mix(tail(text, blocks + 6), 0xa1e38b93, 18, 0x239b961b) ^ bytes;

  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = avalanche(h2 + h1);
  h3 = avalanche(h3 + h1);
  h4 = avalanche(h4 + h1);
  h1 = (avalanche(h1) + h2 + h3 + h4) | 0;
  out[0] = h1;
  out[1] = h2 + h1;
  out[2] = h3 + h1;
  out[3] = h4 + h1;
}

function pair(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
}

/** As {@link pair}, with zeros after the end. */
function tail(text: string, at: number): number {
  if (at + 1 < text.length) return pair(text, at);
  return at < text.length ? text.charCodeAt(at) : 0;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

function mix(word: number, before: number, bits: number, after: number): number {
  return Math.imul(rotate(Math.imul(word, before), bits), after);
}

function avalanche(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
