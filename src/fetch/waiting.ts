/** What waits: for its time to be tried again, or for its server. It takes no slot and no memory of the budget. */
import type { Host } from './hosts.js';

/** What is asked about servers. */
interface Outlook {
  /** How many of those that wait for it may come up. */
  free(host: Host): number;
  /** Milliseconds until that may change by itself; 0 when something has to end first. */
  pause(host: Host): number;
}

interface Parked<T> {
  readonly values: Queue<T>;
  timer: NodeJS.Timeout | undefined;
}

export class Waiting<T> {
  readonly #outlook: Outlook;
  readonly #onDue: () => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #parked = new Map<Host, Parked<T>>();
  readonly #due = new Queue<T>();
  #parkedCount = 0;

  /** @param onDue called when there are more that can go on */
  constructor(outlook: Outlook, onDue: () => void) {
    this.#outlook = outlook;
    this.#onDue = onDue;
  }

  /** How many there are, those that can go on included. */
  get size(): number {
    return this.#timers.size + this.#parkedCount + this.#due.size;
  }

  /** The first that can go on. */
  get first(): T | undefined {
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

  /** The value waits until {@link release} finds its server ready, after those that wait for it already. */
  park(value: T, host: Host): void {
    let parked = this.#parked.get(host);
    if (parked === undefined) this.#parked.set(host, (parked = { values: new Queue(), timer: undefined }));
    parked.values.push(value);
    host.parked += 1;
    this.#parkedCount += 1;
    this.#wake(host, parked);
  }

  /** Something has changed for a server: those that wait for it come up, as many as may. */
  release(host: Host): void {
    const parked = this.#parked.get(host);
    if (parked === undefined) return;
    const count = Math.min(this.#outlook.free(host), parked.values.size);
    for (let i = 0; i < count; i += 1) {
      this.#due.push(parked.values.first as T);
      parked.values.dropFirst();
    }
    host.parked -= count;
    this.#parkedCount -= count;
    if (host.parked > 0) {
      this.#wake(host, parked);
    } else {
      clearTimeout(parked.timer);
      this.#parked.delete(host);
    }
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const [host, { timer }] of this.#parked) {
      clearTimeout(timer);
      host.parked = 0;
    }
    this.#parked.clear();
    this.#parkedCount = 0;
    this.#due.clear();
  }

  #wake(host: Host, parked: Parked<T>): void {
    if (parked.timer !== undefined) return;
    const pause = this.#outlook.pause(host);
    if (pause === 0) return;
    parked.timer = setTimeout(() => {
      parked.timer = undefined;
      this.release(host);
      this.#onDue();
    }, Math.ceil(pause));
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
