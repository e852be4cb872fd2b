/** What a journal says of items: built once, when a run begins, then asked for each item of the plan. */
import { CodeUnits } from '../plan/code-units.js';
import { murmur3 } from '../plan/murmur3.js';
import type { Key } from './format.js';

/** What became of an item in the runs before. */
export const OK = 0;
/** It failed, or what was stored is known to be gone. */
export const FAILED = 1;
/** It was begun. A file of its name is this program's, and whole: its process has ended, its machine has not. */
export const WHOLE_IF_THERE = 2;
/**
 * It was begun before the machine started anew, or where a file of its name was. Such a file is this program's to replace,
 * and what is in it nobody knows.
 */
export const DOUBTFUL_IF_THERE = 3;
export type State = typeof OK | typeof FAILED | typeof WHOLE_IF_THERE | typeof DOUBTFUL_IF_THERE;

/** 32-bit words to a slot. A slot whose first word is zero is empty; the lowest bits of the last are the state. */
const WIDTH = 3;
/** What a {@link State} takes. */
const STATE_BITS = 2;
const LEAST_SLOTS = 1 << 10;
/** Of all slots. */
const MAX_LOAD = 0.6;

const text = new CodeUnits();
const hash = new Uint32Array(4);

/**
 * Of URL and name together. No tab is in a normalised URL. By the birthday bound, that any two of 10^8 items are taken
 * for one another has the probability n^2 / 2^95 = 3e-13.
 */
export function keyOf(url: string, name: string): Key {
  text.load(`${url}\t${name}`);
  murmur3(text, hash);
  return { a: hash[0] as number, b: hash[1] as number, c: hash[2] as number };
}

/** Key to state in 12 bytes for each slot, 20 for each item: open addressing with linear probing. */
export class Ledger<Value extends number = State> {
  readonly #stateBits: number;
  #slots = new Uint32Array(LEAST_SLOTS * WIDTH);
  #mask = LEAST_SLOTS - 1;
  #size = 0;

  /** @param stateBits up to 16, which the key is shorter by */
  constructor(stateBits: number = STATE_BITS) {
    this.#stateBits = stateBits;
  }

  /** Items that it knows. */
  get size(): number {
    return this.#size;
  }

  /** Forgets everything. */
  clear(): void {
    this.#slots = new Uint32Array(LEAST_SLOTS * WIDTH);
    this.#mask = LEAST_SLOTS - 1;
    this.#size = 0;
  }

  set({ a, b, c }: Key, state: Value): void {
    const at = this.#find(a || 1, b, c);
    if (this.#slots[at] === 0) this.#size += 1;
    this.#slots[at] = a || 1;
    this.#slots[at + 1] = b;
    this.#slots[at + 2] = ((c >>> this.#stateBits) << this.#stateBits) | state;
    if (this.#size > (this.#mask + 1) * MAX_LOAD) this.#grow();
  }

  get({ a, b, c }: Key): Value | undefined {
    const at = this.#find(a || 1, b, c);
    return this.#slots[at] === 0
      ? undefined
      : (((this.#slots[at + 2] as number) & ((1 << this.#stateBits) - 1)) as Value);
  }

  /** Where the key is, or the empty place where it belongs. */
  #find(a: number, b: number, c: number): number {
    const slots = this.#slots;
    const stateBits = this.#stateBits;
    let slot = b & this.#mask;
    for (;;) {
      const at = slot * WIDTH;
      if (slots[at] === 0) return at;
      if (slots[at] === a && slots[at + 1] === b && ((slots[at + 2] as number) ^ c) >>> stateBits === 0) return at;
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Uint32Array((this.#mask + 1) * WIDTH);
    for (let from = 0; from < old.length; from += WIDTH) {
      if (old[from] === 0) continue;
      const at = this.#find(old[from] as number, old[from + 1] as number, old[from + 2] as number);
      this.#slots[at] = old[from] as number;
      this.#slots[at + 1] = old[from + 1] as number;
      this.#slots[at + 2] = old[from + 2] as number;
    }
  }
}
