/** Fingerprints that have no room in memory: in files without names, each in the bucket that its bits say. */
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How much of a set stays in memory, and where the rest goes. */
export interface Room {
  /** Fingerprints that are held in memory at the most. */
  readonly most: number;
  /**
   * Takes those of one set for which there is no room.
   *
   * @param width 32-bit words of a fingerprint
   * @returns undefined as long as there is no place for any: then they stay in memory
   */
  readonly overflow: (width: 2 | 3) => Overflow | undefined;
}

export interface OverflowSettings {
  /** A folder that is there. */
  readonly folder: string;
  /**
   * Bytes of the filter when files have been made one, a power of two; a quarter of that before. Of most of what is in no file,
   * it says so without a look.
   */
  readonly filterBytes: number;
  /** @param error of the system @returns what is thrown instead */
  readonly whyNot: (error: unknown) => Error;
}

/** Of a file: some dozens of fingerprints to each where it has four million, some hundreds where it has a hundred million. */
const BUCKET_BITS = 17;
const BUCKETS = 1 << BUCKET_BITS;
/** As soon as there are so many files, they become one. */
const MAX_FILES = 8;
/** Buckets that are copied at once. */
const COPIED = 256;

/** 32-bit words of a block of the filter; in each, a fingerprint has one bit (the split block filter of Parquet). */
const BLOCK_WORDS = 8;
const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

interface Run {
  readonly file: number;
  /** In fingerprints, where each bucket begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** A fingerprint is in it once at the most: who adds one has asked for it before. */
export class Overflow {
  readonly #width: 2 | 3;
  readonly #folder: string;
  readonly #whyNot: OverflowSettings['whyNot'];
  /** Odd, and random, so that nobody can prepare strings that all go to one bucket. */
  readonly #spread = randomBytes(4).readUInt32LE() | 1;
  readonly #filterWords: number;
  #filter: Uint32Array;
  readonly #runs: Run[] = [];
  /** For one bucket. */
  #bucket = new Uint32Array(0);

  /** @param width 32-bit words of a fingerprint */
  constructor(width: 2 | 3, { folder, filterBytes, whyNot }: OverflowSettings) {
    this.#width = width;
    this.#folder = folder;
    this.#whyNot = whyNot;
    this.#filterWords = filterBytes / 4;
    this.#filter = new Uint32Array(this.#filterWords / 4);
  }

  has(fingerprint: Uint32Array): boolean {
    const [first, second, third] = fingerprint as Uint32Array & [number, number, number];
    const mixed = this.#mixed(first, second);
    if (!this.#mayHave(mixed, second)) return false;
    const width = this.#width;
    const bucket = mixed >>> (32 - BUCKET_BITS);
    for (const run of this.#runs) {
      const words = this.#read(run, bucket, bucket + 1, this.#bufferOf(run, bucket));
      const { length } = words;
      for (let at = 0; at < length; at += width) {
        if (words[at] === first && words[at + 1] === second && (width === 2 || words[at + 2] === third)) return true;
      }
    }
    return false;
  }

  /**
   * Puts fingerprints into a file.
   *
   * @param pages that have them in some of their slots; the first word of the others is zero
   */
  add(pages: readonly Uint32Array[]): void {
    const width = this.#width;
    const starts = new Uint32Array(BUCKETS + 1);
    for (const page of pages) {
      for (let at = 0; at < page.length; at += width) {
        if (page[at] !== 0) starts[(this.#mixed(page[at]!, page[at + 1]!) >>> (32 - BUCKET_BITS)) + 1]! += 1;
      }
    }
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) starts[bucket + 1]! += starts[bucket]!;
    const next = starts.slice();
    const words = new Uint32Array(starts[BUCKETS]! * width);
    for (const page of pages) {
      for (let at = 0; at < page.length; at += width) {
        if (page[at] === 0) continue;
        const mixed = this.#mixed(page[at]!, page[at + 1]!);
        this.#mark(mixed, page[at + 1]!);
        const bucket = mixed >>> (32 - BUCKET_BITS);
        const to = next[bucket]! * width;
        next[bucket]! += 1;
        words[to] = page[at]!;
        words[to + 1] = page[at + 1]!;
        if (width === 3) words[to + 2] = page[at + 2]!;
      }
    }
    const file = this.#open();
    this.#runs.push({ file, starts });
    this.#write(file, words);
    if (this.#runs.length === MAX_FILES) this.#merge();
  }

  close(): void {
    for (const { file } of this.#runs.splice(0)) closeSync(file);
  }

  #mixed(first: number, second: number): number {
    return (first + Math.imul(second, this.#spread)) >>> 0;
  }

  /** In words, where the block of the filter begins. */
  #blockOf(mixed: number): number {
    return ((mixed >>> 7) * BLOCK_WORDS) & (this.#filter.length - 1);
  }

  #mayHave(mixed: number, second: number): boolean {
    const block = this.#blockOf(mixed);
    for (let word = 0; word < BLOCK_WORDS; word += 1) {
      const bit = 1 << (Math.imul(second, SALTS[word]!) >>> 27);
      if ((this.#filter[block + word]! & bit) === 0) return false;
    }
    return true;
  }

  #mark(mixed: number, second: number): void {
    const block = this.#blockOf(mixed);
    for (let word = 0; word < BLOCK_WORDS; word += 1) {
      this.#filter[block + word]! |= 1 << (Math.imul(second, SALTS[word]!) >>> 27);
    }
  }

  #markAll(words: Uint32Array): void {
    for (let at = 0; at < words.length; at += this.#width) {
      this.#mark(this.#mixed(words[at]!, words[at + 1]!), words[at + 1]!);
    }
  }

  /** Makes one file of all. */
  #merge(): void {
    const width = this.#width;
    const runs = this.#runs;
    const starts = new Uint32Array(BUCKETS + 1);
    for (let bucket = 0; bucket <= BUCKETS; bucket += 1) {
      for (const run of runs) starts[bucket]! += run.starts[bucket]!;
    }
    const file = this.#open();
    const grows = this.#filter.length < this.#filterWords;
    if (grows) this.#filter = new Uint32Array(this.#filterWords);
    try {
      for (let first = 0; first < BUCKETS; first += COPIED) {
        const merged = new Uint32Array((starts[first + COPIED]! - starts[first]!) * width);
        const parts = runs.map((run) => this.#read(run, first, first + COPIED));
        let to = 0;
        for (let bucket = first; bucket < first + COPIED; bucket += 1) {
          for (const [at, run] of runs.entries()) {
            const before = run.starts[first]!;
            const some = parts[at]!.subarray(
              (run.starts[bucket]! - before) * width,
              (run.starts[bucket + 1]! - before) * width,
            );
            merged.set(some, to);
            to += some.length;
          }
        }
        this.#write(file, merged);
        if (grows) this.#markAll(merged);
      }
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.close();
    runs.push({ file, starts });
  }

  /** The file is gone when it is closed, or when the process ends. */
  #open(): number {
    const path = join(this.#folder, `names-${randomUUID()}`);
    try {
      const file = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      return file;
    } catch (error) {
      throw this.#whyNot(error);
    }
  }

  /** For a bucket of a file. */
  #bufferOf({ starts }: Run, bucket: number): Uint32Array<ArrayBuffer> {
    const length = (starts[bucket + 1]! - starts[bucket]!) * this.#width;
    if (this.#bucket.length < length) this.#bucket = new Uint32Array(length * 2);
    return this.#bucket.subarray(0, length);
  }

  /** @param into of the length of the buckets from `first` to before `end` */
  #read(
    { file, starts }: Run,
    first: number,
    end: number,
    into = new Uint32Array((starts[end]! - starts[first]!) * this.#width),
  ): Uint32Array {
    const from = starts[first]! * this.#width * 4;
    try {
      for (let at = 0; at < into.byteLength;) {
        const read = readSync(file, into, at, into.byteLength - at, from + at);
        if (read === 0) throw Object.assign(new Error('EIO: a file of names has lost its end, read'), { code: 'EIO' });
        at += read;
      }
    } catch (error) {
      throw this.#whyNot(error);
    }
    return into;
  }

  #write(file: number, words: Uint32Array): void {
    try {
      for (let at = 0; at < words.byteLength;) at += writeSync(file, words, at, words.byteLength - at);
    } catch (error) {
      throw this.#whyNot(error);
    }
  }
}
