/** What waits: for its time to be tried again, or for its server. It takes no slot and no memory of the budget. */
import type { Host, Outlook } from './limit.js';
import { PackedQueue, type Packing } from './packed-queue.js';

/** Of those that wait for a server, so many come up at once: more would only stand in memory. */
const MOST_AT_ONCE = 256;

/** Milliseconds: no timer is set for longer, since Node fires one at once that is set beyond 2^31. */
const LONGEST = 3_600_000;

interface Parked<T> {
  /** They come up before all others. */
  readonly ahead: T[];
  readonly values: PackedQueue<T>;
  timer: NodeJS.Timeout | undefined;
}

export class WaitQueue<T> {
  readonly #outlook: (host: Host) => Outlook;
  readonly #packing: Packing<T>;
  readonly #onDue: () => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #parked = new Map<Host, Parked<T>>();
  /** Servers of which more may come up than did. */
  readonly #ready = new Set<Host>();
  readonly #due = new Queue<T>();
  #parkedCount = 0;

  /**
   * @param outlook how a server stands
   * @param packing for those that wait for their server: there may be as many as a list has items
   * @param onDue called when there are more that can go on
   */
  constructor(outlook: (host: Host) => Outlook, packing: Packing<T>, onDue: () => void) {
    this.#outlook = outlook;
    this.#packing = packing;
    this.#onDue = onDue;
  }

  /** How many there are, those that can go on included. */
  get size(): number {
    return this.#timers.size + this.#parkedCount + this.#due.size;
  }

  /** Of these, how many wait for a time of their own: each takes a timer. */
  get timed(): number {
    return this.#timers.size;
  }

  /** The first that can go on. */
  get first(): T | undefined {
    if (this.#due.size === 0) for (const host of this.#ready) this.release(host);
    return this.#due.first;
  }

  dropFirst(): void {
    this.#due.dropFirst();
  }

  /** @param delay milliseconds */
  add(value: T, delay: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#due.push(value);
      this.#onDue();
    }, delay);
    this.#timers.add(timer);
  }

  /** Servers that values wait for. */
  get hosts(): Iterable<Host> {
    return this.#parked.keys();
  }

  /**
   * The value waits until its server is ready, after those that wait for it already. That may be so by now.
   *
   * @param ahead before them, after those that came so as well
   */
  park(value: T, host: Host, ahead = false): void {
    let parked = this.#parked.get(host);
    if (parked === undefined) {
      this.#parked.set(host, (parked = { ahead: [], values: new PackedQueue(this.#packing), timer: undefined }));
    }
    if (ahead) parked.ahead.push(value);
    else parked.values.push(value);
    host.parked += 1;
    this.#parkedCount += 1;
    if (parked.timer === undefined) this.release(host);
  }

  /** Something has changed for a server: those that wait for it come up, as many as may. */
  release(host: Host): void {
    const parked = this.#parked.get(host);
    if (parked === undefined) return;
    // Asked once: between two answers the clock goes on, and with one from before and one from after the end of a
    // pause, nobody would come up and no timer would be set.
    const { free, pause } = this.#outlook(host);
    const count = Math.min(free, host.parked, MOST_AT_ONCE);
    for (let i = 0; i < count; i += 1) this.#due.push(parked.ahead.shift() ?? (parked.values.take() as T));
    host.parked -= count;
    this.#parkedCount -= count;
    if (host.parked > 0 && count < free) this.#ready.add(host);
    else this.#ready.delete(host);
    // What there was to wait for may have changed.
    clearTimeout(parked.timer);
    parked.timer = undefined;
    if (host.parked === 0) this.#parked.delete(host);
    else if (pause !== undefined) this.#wakeAfter(pause, host, parked);
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const [host, { timer }] of this.#parked) {
      clearTimeout(timer);
      host.parked = 0;
    }
    this.#parked.clear();
    this.#ready.clear();
    this.#parkedCount = 0;
    this.#due.clear();
  }

  #wakeAfter(pause: number, host: Host, parked: Parked<T>): void {
    parked.timer = setTimeout(
      () => {
        parked.timer = undefined;
        this.release(host);
        this.#onDue();
      },
      Math.ceil(Math.min(pause, LONGEST)),
    );
  }
}

/** First in, first out; each step takes the same time on average, however many there are. */
class Queue<T> {
  #in: T[] = [];
  /** The first is the last. */
  #out: T[] = [];

  get size(): number {
    return this.#in.length + this.#out.length;
  }

  get first(): T | undefined {
    if (this.#out.length === 0) this.#turn();
    return this.#out.at(-1);
  }

  push(value: T): void {
    this.#in.push(value);
  }

  dropFirst(): void {
    if (this.#out.length === 0) this.#turn();
    this.#out.pop();
  }

  clear(): void {
    this.#in = [];
    this.#out = [];
  }

  #turn(): void {
    this.#out = this.#in.toReversed();
    this.#in = [];
  }
}
