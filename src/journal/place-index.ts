/** Places in a journal by keys: 28 bytes of memory for each. */
import type { Key } from './format.js';
import { Numbers } from './numbers.js';
import { NUMBER_BITS } from './other-rows.js';
import { StateIndex } from './state-index.js';

export class PlaceIndex {
  readonly #rows = new StateIndex(NUMBER_BITS);
  readonly #places = new Numbers();

  get(key: Key): number | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#places.get(row);
  }

  set(key: Key, place: number): void {
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = this.#rows.size;
      this.#rows.set(key, row);
    }
    this.#places.set(row, place);
  }

  clear(): void {
    this.#rows.clear();
  }
}
