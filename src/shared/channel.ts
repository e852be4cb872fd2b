/** Values that were read are let go when they are this many and more than half of what is kept. */
const MIN_READ = 1024;

/**
 * A queue that is filled by callbacks and read as an async iterable, by one reader. It has no bound of its own: who
 * fills it looks at `size`. Reading what is there already costs no wait for an event.
 */
export class Channel<T> implements AsyncIterableIterator<T> {
  #values: T[] = [];
  #first = 0;
  #closed = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** Values that wait for the reader. */
  get size(): number {
    return this.#values.length - this.#first;
  }

  push(value: T): void {
    if (this.#closed) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** No value will follow. With an error, the reader gets it after the values that are there. */
  close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (!(await this.#some())) return { done: true, value: undefined };
    const value = this.#values[this.#first] as T;
    this.#drop(1);
    return { done: false, value };
  }

  /** What is there, once there is something: 1 to `most` values at the cost of one wait; none where no value will follow. */
  async nextSome(most: number): Promise<readonly T[]> {
    if (!(await this.#some())) return [];
    const values = this.#values.slice(this.#first, this.#first + most);
    this.#drop(values.length);
    return values;
  }

  /** Whether there is a value; waits until that is known. */
  async #some(): Promise<boolean> {
    while (this.#first === this.#values.length) {
      if (this.#closed) {
        const error = this.#error;
        this.#error = undefined;
        if (error !== undefined) throw error;
        return false;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return true;
  }

  #drop(count: number): void {
    this.#first += count;
    if (this.#first === this.#values.length) {
      this.#values = [];
      this.#first = 0;
    } else if (this.#first >= MIN_READ && this.#first * 2 > this.#values.length) {
      // A reader that is always a little behind would keep every value of a run.
      this.#values = this.#values.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The reader left early: what comes is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#closed = true;
    this.#error = undefined;
    this.#values = [];
    this.#first = 0;
    this.#wake?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
