/**
 * Rows of lists that are no items of their own: those that were refused, and those that say of an item once more what it is.
 * A list that is read once more gives the same ones; what another list gives takes the place of what was before.
 */
import type { Buffer } from 'node:buffer';
import { duplicateAt, type ItemRecord, type Key, type ListMark, refusedAt } from './format.js';
import { keyOf, keyOfText, StateIndex } from './state-index.js';

/** Of a row's number in a {@link StateIndex}: 134 million rows. */
export const NUMBER_BITS = 27;

export class OtherRows {
  readonly #known = new StateIndex(NUMBER_BITS);
  /** Rows of items of which a list says more, by URL: the first of each. */
  readonly #byUrl = new StateIndex(NUMBER_BITS);
  #numbers = new Set<number>();
  #lists: readonly ListMark[] = [];

  /** Lists are read. @returns rows that do not count any more */
  begin(lists: readonly ListMark[]): ReadonlySet<number> {
    const before = this.#lists;
    this.#lists = lists;
    // Of what is no file nobody knows whether it says the same.
    const areKnown = lists.every(({ size }) => size !== undefined);
    if (areKnown && JSON.stringify(lists) === JSON.stringify(before)) return new Set();
    const labels = (marks: readonly ListMark[]): string => JSON.stringify(marks.map(({ label }) => label));
    // A list that was changed keeps the places of its rows.
    if (labels(lists) !== labels(before)) this.#known.clear();
    return this.#forget();
  }

  /** Nothing of before counts. */
  clear(): void {
    this.#known.clear();
    this.#byUrl.clear();
    this.#forget();
  }

  /** The record of an item of which its list says more. */
  item(row: number, { url }: Pick<ItemRecord, 'url'>): void {
    const key = keyOf(url, '');
    if (this.#byUrl.get(key) === undefined) this.#byUrl.set(key, row);
  }

  /** @returns the number of the row; `next` if it was not there */
  refused(index: number, payload: Buffer, at: number, next: number): number {
    return this.#numberOf(`${index}\t${refusedAt(payload, at).text}`, next);
  }

  /**
   * @param rowOf the row of the item with a key
   * @returns the number of the row, and that of its item; undefined if that is not there
   */
  duplicate(
    index: number,
    payload: Buffer,
    at: number,
    next: number,
    rowOf: (key: Key) => number | undefined,
  ): { readonly row: number; readonly item: number } | undefined {
    const { url, name } = duplicateAt(payload, at);
    // Without a name of its own it is an item of whatever name.
    const item = rowOf(keyOf(url, name)) ?? this.#byUrl.get(keyOf(url, ''));
    return item === undefined ? undefined : { row: this.#numberOf(`${index}\t${url}\t${name}`, next), item };
  }

  #numberOf(what: string, next: number): number {
    const key = keyOfText(what);
    let row = this.#known.get(key);
    if (row === undefined) {
      row = next;
      this.#known.set(key, row);
    }
    this.#numbers.add(row);
    return row;
  }

  #forget(): ReadonlySet<number> {
    const forgotten = this.#numbers;
    this.#numbers = new Set();
    return forgotten;
  }
}
