/** What a journal says of items: built once, when a run begins, then asked for each item of the plan. */
import { CodeUnits } from '../shared/code-units.js';
import { murmur3 } from '../shared/murmur3.js';
import { unmarked } from '../plan/names.js';
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

/**
 * What a state index says of an item: a {@link State}, whether its name has the mark of its URL, and of what is stored what is
 * left of its size.
 */
export type Standing = number;

/** What a {@link State} takes. */
const STATE_BITS = 2;
const MARKED = 1 << STATE_BITS;
/** What is left of a size takes 16 bits. By a prime, since most changes of a size are by round numbers. */
const SIZES = 65_521;
const SIZE_BITS = 16;
const SIZE_AT = STATE_BITS + 1;

export function stateOf(standing: Standing): State {
  return (standing & ((1 << STATE_BITS) - 1)) as State;
}

/** It was begun, and is not known to be stored. */
export function begunAs(state: Exclude<State, typeof OK>, marked = false): Standing {
  return state | (marked ? MARKED : 0);
}

/** It is stored, with so many bytes. */
export function storedWith(size: number, marked = false): Standing {
  return OK | (marked ? MARKED : 0) | ((size % SIZES) << SIZE_AT);
}

/** Whether its file's name has the mark of its URL. */
export function isMarked(standing: Standing): boolean {
  return (standing & MARKED) !== 0;
}

/** Whether what is stored has so many bytes. One of 65,521 other sizes is taken for the right one. */
export function hasSize(standing: Standing, size: number): boolean {
  return standing >>> SIZE_AT === size % SIZES;
}

/** 32-bit words to a slot. A slot whose first word is zero is empty; the lowest bits of the last are the value. */
const WIDTH = 3;
const LEAST_SLOTS = 1 << 10;
/** Of all slots. */
const MAX_LOAD = 0.6;

const text = new CodeUnits();
const hash = new Uint32Array(4);

/**
 * Of URL and name together; the same whether or not the name has the mark of the URL, which depends on the lines before the
 * item's. No tab is in a normalised URL. Of its 96 bits a state index keeps 77: by the birthday bound, that any two of 10^8 items
 * are taken for one another has the probability n^2 / 2^78 = 3e-8.
 */
export function keyOf(url: string, name: string): Key {
  text.load(url);
  text.append('\t');
  text.append(unmarked(name, url) ?? name);
  return keyOfUnits();
}

export function keyOfText(what: string): Key {
  text.load(what);
  return keyOfUnits();
}

function keyOfUnits(): Key {
  murmur3(text, hash);
  return { a: hash[0] as number, b: hash[1] as number, c: hash[2] as number };
}

/** Key to a small number in 12 bytes for each slot, 20 for each item: open addressing with linear probing. */
export class StateIndex {
  readonly #valueBits: number;
  #slots = new Uint32Array(LEAST_SLOTS * WIDTH);
  #mask = LEAST_SLOTS - 1;
  #size = 0;

  /** @param valueBits of a value, which the key is shorter by. Default: those of a {@link Standing} */
  constructor(valueBits: number = SIZE_AT + SIZE_BITS) {
    this.#valueBits = valueBits;
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

  set({ a, b, c }: Key, value: number): void {
    const at = this.#find(a || 1, b, c);
    if (this.#slots[at] === 0) this.#size += 1;
    this.#slots[at] = a || 1;
    this.#slots[at + 1] = b;
    this.#slots[at + 2] = ((c >>> this.#valueBits) << this.#valueBits) | value;
    if (this.#size > (this.#mask + 1) * MAX_LOAD) this.#grow();
  }

  get({ a, b, c }: Key): number | undefined {
    const at = this.#find(a || 1, b, c);
    return this.#slots[at] === 0 ? undefined : (this.#slots[at + 2] as number) & ((1 << this.#valueBits) - 1);
  }

  /** Where the key is, or the empty place where it belongs. */
  #find(a: number, b: number, c: number): number {
    const slots = this.#slots;
    const valueBits = this.#valueBits;
    let slot = b & this.#mask;
    for (;;) {
      const at = slot * WIDTH;
      if (slots[at] === 0) return at;
      if (slots[at] === a && slots[at + 1] === b && ((slots[at + 2] as number) ^ c) >>> valueBits === 0) return at;
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
