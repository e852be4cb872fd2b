/**
 * A set of strings that keeps only their fingerprints: 13 or 20 bytes a string, however long the string is. What has
 * been seen of a list of a hundred million URLs has to fit into memory.
 */

/** 4,096 fingerprints to a page: splitting one takes some 50 us, and is all that is ever done at once. */
const PAGE_SLOTS = 4096;
/** Of all slots. The fullest page has 1 / ln 2 of this, 87%: 8 standard deviations from overflowing. */
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

  /** The page of the fingerprint in `#hash`: the number in b to 2b - 1 that begins with the digits of 2^h. */
  #pageNumber(): number {
    const spread = 2 ** (this.#hash[0]! / 0x1_0000_0000) * this.#scale;
    const page = Math.floor(spread);
    return page < this.#first ? Math.floor(spread * 2) : page;
  }

  /** Stores the fingerprint in `#hash`; false if it was there. */
  #put(): boolean {
    const hash = this.#hash;
    hash[0] ||= 1; // zero marks an empty slot
    const number = this.#pageNumber();
    const page = this.#pages[number]!;
    const at = find(page, this.#width, hash);
    if (page[at] !== 0) return false;
    page.set(hash.subarray(0, this.#width), at);
    return true;
  }

  #split(): void {
    const width = this.#width;
    const old = this.#pages[this.#first]!;
    this.#pages[this.#first] = undefined;
    this.#pages.push(this.#spare, this.#newPage());
    this.#first += 1;
    if (this.#first === this.#scale * 2) this.#scale *= 2;
    for (let from = 0; from < old.length; from += width) {
      if (old[from] === 0) continue;
      for (let word = 0; word < width; word += 1) this.#hash[word] = old[from + word]!;
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
