/** What waits for its time to be tried again. */

export class Again<T> {
  readonly #onDue: () => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #due: T[] = [];

  /** @param onDue called when there is one more whose time has come */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** How many there are, due or not. */
  get size(): number {
    return this.#timers.size + this.#due.length;
  }

  /** The first whose time has come. */
  get first(): T | undefined {
    return this.#due[0];
  }

  dropFirst(): void {
    this.#due.shift();
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

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#due.length = 0;
  }
}
