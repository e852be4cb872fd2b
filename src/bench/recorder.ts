/** Writes down when each body was whole and when it was stored, to tell of the run afterwards. */
import type { Observer } from '../pipeline/items.js';
import type { Item } from '../item.js';
import type { LoopDelay } from './loop-delay.js';
import type { Timeline } from './report.js';

/** Slots of a timeline: as fine as a chart can show. */
const SLOTS = 120;

export class Recorder implements Observer {
  readonly #started = performance.now();
  readonly #waiting = new Map<Item, number>();
  readonly #fetched: number[] = [];
  readonly #stored: number[] = [];
  readonly #delays: number[] = [];

  onFetched(item: Item, ago: number): void {
    const moment = performance.now() - ago;
    this.#waiting.set(item, moment);
    this.#fetched.push(moment);
  }

  onStored(item: Item): void {
    const moment = performance.now();
    this.#stored.push(moment);
    this.#delays.push(moment - (this.#waiting.get(item) ?? moment));
    this.#waiting.delete(item);
  }

  /** Milliseconds from the last byte of a body to the stored file; undefined if nothing was stored. */
  get storeDelay(): { readonly p50: number; readonly p99: number } | undefined {
    if (this.#delays.length === 0) return undefined;
    const sorted = Float64Array.from(this.#delays).sort();
    // The nearest rank: a value that was measured.
    const at = (rank: number): number => sorted[Math.ceil(rank * sorted.length) - 1] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }

  /** Milliseconds until so many files were stored; undefined unless more were stored later. */
  timeTo(stored: number): number | undefined {
    const moment = this.#stored.length > stored ? this.#stored[stored - 1] : undefined;
    return moment === undefined ? undefined : moment - this.#started;
  }

  /** @param elapsed milliseconds of the run, which began with this */
  timeline(elapsed: number, loop: LoopDelay): Timeline {
    const interval = elapsed / SLOTS;
    return {
      interval,
      fetched: this.#cumulated(this.#fetched, interval),
      stored: this.#cumulated(this.#stored, interval),
      loopDelay: loop.perSlot(this.#started, interval, SLOTS),
    };
  }

  #cumulated(moments: readonly number[], interval: number): number[] {
    const counts = Array.from<number>({ length: SLOTS }).fill(0);
    for (const moment of moments) {
      const slot = Math.min(SLOTS - 1, Math.max(0, Math.floor((moment - this.#started) / interval)));
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    let sum = 0;
    return counts.map((count) => (sum += count));
  }
}
