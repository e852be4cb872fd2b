/**
 * How long events wait for the event loop. A timer that is always due shows when the loop comes round; while it does not,
 * whatever arrives waits. Each moment counts, not each turn of the loop: a stall of a second is the delay of all that
 * arrived within it, though the timer saw it once (what Gil Tene calls coordinated omission). A timer is the first thing
 * in a turn; what arrives from outside has its turn with the rest that has arrived. So as long as the loop is held up, a
 * message to itself, which comes in as that does, takes the timer's place.
 */
import { MessageChannel } from 'node:worker_threads';

/** Milliseconds of the timer. */
const STEP = 1;
/** Milliseconds up to which a turn shows nothing but that Node's timers count whole milliseconds. */
const RESOLUTION = 2;

/** A time for which the loop did not come round. */
interface Stall {
  readonly end: number;
  readonly length: number;
}

export class LoopDelay {
  readonly #started = performance.now();
  readonly #stalls: Stall[] = [];
  #last = this.#started;
  readonly #channel = new MessageChannel();
  #timer: NodeJS.Timeout;

  /** Begins at once. */
  constructor() {
    this.#channel.port2.on('message', () => this.#onMessage()).unref();
    this.#timer = this.#again();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#channel.port1.close();
    this.#note();
  }

  /** Milliseconds that an event waits which arrives at a random moment, at least a share of `rank` of them no longer. */
  quantile(rank: number): number {
    const allowed = (1 - rank) * (this.#last - this.#started);
    const lengths = this.#stalls.map(({ length }) => length).sort((a, b) => b - a);
    // Of a stall, the last `x` milliseconds are those in which an event waits no longer than x. From the longest on:
    let time = 0;
    for (const [index, length] of lengths.entries()) {
      const count = index + 1;
      time += length;
      const shorter = (time - allowed) / count;
      if (shorter >= (lengths[count] ?? 0)) return Math.max(0, shorter);
    }
    return 0;
  }

  get max(): number {
    return this.#stalls.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** The longest that an event had to wait which arrived in each of `count` slots of `interval` milliseconds. */
  perSlot(start: number, interval: number, count: number): number[] {
    const delays = Array.from<number>({ length: count }).fill(0);
    for (const { end, length } of this.#stalls) {
      const first = Math.max(0, Math.floor((end - length - start) / interval));
      for (let slot = first; slot < count && start + slot * interval < end; slot += 1) {
        const arrival = Math.max(start + slot * interval, end - length);
        delays[slot] = Math.max(delays[slot] ?? 0, end - arrival);
      }
    }
    return delays;
  }

  #again(): NodeJS.Timeout {
    return setTimeout(() => this.#onTimer(), STEP).unref();
  }

  #onTimer(): void {
    if (this.#isHeldUp) {
      this.#channel.port1.postMessage(undefined);
      return;
    }
    this.#note();
    this.#timer = this.#again();
  }

  #onMessage(): void {
    const heldUp = this.#isHeldUp;
    this.#note();
    if (heldUp) this.#channel.port1.postMessage(undefined);
    else this.#timer = this.#again();
  }

  get #isHeldUp(): boolean {
    return performance.now() - this.#last > RESOLUTION;
  }

  #note(): void {
    const end = performance.now();
    const length = end - this.#last;
    if (length > RESOLUTION) this.#stalls.push({ end, length });
    this.#last = end;
  }
}
