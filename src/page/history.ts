/** What a run has done over time, in a bounded number of slots: when they are used up, two become one. */
import type { Bound, Charged } from '../outcome.js';

export interface Timeline {
  /** Milliseconds of each slot; of the last one, not all are over. */
  readonly interval: number;
  /** Bodies that were fetched, and items that were stored, up to the end of each slot. */
  readonly fetched: readonly number[];
  readonly stored: readonly number[];
  /** The most bytes that were fetched and waited for the storage. */
  readonly waiting: readonly number[];
  /** What held up the run most; null where nobody knows. */
  readonly bound: readonly (Bound | null)[];
}

/** How a run is at a moment. */
export interface Moment {
  /** Milliseconds since its start. */
  readonly elapsed: number;
  readonly fetched: number;
  readonly stored: number;
  readonly waiting: number;
  readonly charged: Charged;
}

interface Slot {
  fetched: number;
  stored: number;
  waiting: number;
  charged: Partial<Record<Bound, number>>;
}

/** As fine as a chart can show, and even. */
const SLOTS = 240;

export class History {
  readonly #slots: Slot[] = [];
  #interval: number;
  #charged: Charged = {};

  /** @param interval milliseconds of a slot, to begin with */
  constructor(interval: number) {
    this.#interval = interval;
  }

  note({ elapsed, fetched, stored, waiting, charged }: Moment): void {
    // What ends with this moment lies before it.
    while (Math.ceil(elapsed / this.#interval) > SLOTS) this.#halve();
    const index = Math.max(this.#slots.length - 1, Math.ceil(elapsed / this.#interval) - 1, 0);
    const since = difference(charged, this.#charged);
    this.#charged = charged;
    // Nobody looked meanwhile: it was all the same.
    while (this.#slots.length < index) {
      const { fetched: before = 0, stored: storedBefore = 0 } = this.#slots.at(-1) ?? {};
      this.#slots.push({ fetched: before, stored: storedBefore, waiting, charged: since });
    }
    const slot = this.#slots[index];
    if (slot === undefined) {
      this.#slots.push({ fetched, stored, waiting, charged: since });
      return;
    }
    slot.fetched = fetched;
    slot.stored = stored;
    slot.waiting = Math.max(slot.waiting, waiting);
    slot.charged = sum(slot.charged, since);
  }

  get timeline(): Timeline {
    const slots = this.#slots;
    return {
      interval: this.#interval,
      fetched: slots.map(({ fetched }) => fetched),
      stored: slots.map(({ stored }) => stored),
      waiting: slots.map(({ waiting }) => waiting),
      bound: slots.map(({ charged }) => most(charged)),
    };
  }

  #halve(): void {
    const pairs = Math.ceil(this.#slots.length / 2);
    for (let index = 0; index < pairs; index += 1) {
      const first = this.#slots[2 * index] as Slot;
      const { fetched, stored, waiting, charged } = this.#slots[2 * index + 1] ?? first;
      const both = charged === first.charged ? charged : sum(first.charged, charged);
      this.#slots[index] = { fetched, stored, waiting: Math.max(first.waiting, waiting), charged: both };
    }
    this.#slots.length = pairs;
    this.#interval *= 2;
  }
}

/** What was charged since; a charge that was taken back counts for nothing. */
function difference(now: Charged, before: Charged): Charged {
  const entries = Object.entries(now) as [Bound, number][];
  return Object.fromEntries(entries.map(([bound, of]) => [bound, Math.max(0, of - (before[bound] ?? 0))]));
}

function sum(one: Charged, other: Charged): Charged {
  const both: Partial<Record<Bound, number>> = { ...one };
  for (const [bound, of] of Object.entries(other) as [Bound, number][]) both[bound] = (both[bound] ?? 0) + of;
  return both;
}

function most(charged: Charged): Bound | null {
  let first: Bound | null = null;
  for (const [bound, of] of Object.entries(charged) as [Bound, number][]) {
    if (of > (first === null ? 0 : (charged[first] ?? 0))) first = bound;
  }
  return first;
}
