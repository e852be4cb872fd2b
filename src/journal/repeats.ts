/**
 * How often items are begun, in a fraction of what a table of all of them takes, since nearly all are begun once: a bit of
 * each key is kept, and only those whose bit was there before are counted by their keys. They are told of twice, in the same
 * order: to be counted, and then to be asked of each time whether it is the last one.
 */
import type { Key } from './format.js';
import { StateIndex } from './state-index.js';

/** Times that an item can be begun. */
const COUNT_BITS = 16;
const MOST = (1 << COUNT_BITS) - 1;
/** Of a journal, to a bit: with 100 bytes or more for each item, of twelve bits or more one is set. */
const BYTES_TO_A_BIT = 8;
const LEAST_BITS = 1 << 10;
const MOST_BITS = 2 ** 31;

export class Repeats {
  readonly #bits: number;
  #seen: Uint32Array | undefined;
  /** Those that were begun when their bit was there: their own, or that of another key. */
  readonly #counts = new StateIndex(COUNT_BITS);

  /** @param size bytes of the journal */
  constructor(size: number) {
    this.#bits = Math.min(MOST_BITS, Math.max(LEAST_BITS, 2 ** Math.ceil(Math.log2(size / BYTES_TO_A_BIT))));
  }

  /** It is begun, once more perhaps. */
  count(key: Key): void {
    if (this.#note(key)) this.#counts.set(key, Math.min(MOST, (this.#counts.get(key) ?? 0) + 1));
  }

  /** What was counted is of no account. */
  clear(): void {
    this.#seen?.fill(0);
    this.#counts.clear();
  }

  /** All are counted. */
  rewind(): void {
    this.#seen?.fill(0);
  }

  /** Whether it is not begun once more. */
  isLast(key: Key): boolean {
    const left = this.#counts.get(key);
    if (!this.#note(key)) return left === undefined || left === 0;
    if (left === undefined) return true;
    if (left > 0) this.#counts.set(key, left - 1);
    return left === 1;
  }

  /** @returns whether its bit was there */
  #note({ a }: Key): boolean {
    this.#seen ??= new Uint32Array(this.#bits / 32);
    // A first word of 0 is the same as 1 to a state index.
    const bit = (a || 1) & (this.#bits - 1);
    const word = bit >>> 5;
    const mask = 1 << (bit & 31);
    const there = this.#seen[word] as number;
    this.#seen[word] = there | mask;
    return (there & mask) !== 0;
  }
}
