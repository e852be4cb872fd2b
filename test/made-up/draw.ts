/** Chance that a seed repeats. */
import { mulberry32 } from '../../src/server/random.js';

export class Draw {
  readonly #next: () => number;

  /** @param seed a whole number from 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#next = mulberry32(seed);
  }

  /** @param probability from 0 to 1 */
  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number; both bounds are possible. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)] as T;
  }

  /** One of the rows, as likely as its weight is large. */
  weighted<T extends { readonly weight: number }>(rows: readonly T[]): T {
    let left = this.#next() * rows.reduce((sum, { weight }) => sum + weight, 0);
    return rows.find(({ weight }) => (left -= weight) < 0) ?? (rows.at(-1) as T);
  }
}
