/** Adds up what writers tell of their time. */
import type { Times } from '../protocol/times.js';

export const NO_TIMES: Times = { wall: 0, run: 0, wait: 0, create: 0, write: 0, rename: 0 };

export class TimesSum<Part extends string> {
  readonly #none: Readonly<Record<Part, number>>;
  #sum: Record<Part, number>;

  /** @param none the parts that count, each 0 */
  constructor(none: Readonly<Record<Part, number>>) {
    this.#none = none;
    this.#sum = { ...none };
  }

  add(times: Readonly<Record<Part, number>>): void {
    for (const part in this.#none) this.#sum[part] += times[part];
  }

  /** What was added since it was last taken. */
  get sum(): Readonly<Record<Part, number>> {
    return { ...this.#sum };
  }

  /** The same, and takes it. */
  take(): Readonly<Record<Part, number>> {
    const sum = this.#sum;
    this.#sum = { ...this.#none };
    return sum;
  }
}
