/** Where in a journal the last word on each row of a table lies. */
import type { Buffer } from 'node:buffer';
import { isInShards } from '../protocol/layouts.js';
import {
  type EndRecord,
  failureAt,
  itemAt,
  type RecordVisitor,
  refusedAt,
  renamedAt,
  replacesAt,
  type RunRecord,
} from './format.js';
import { keyToday } from './former.js';
import { Numbers } from './numbers.js';
import { NUMBER_BITS, OtherRows } from './other-rows.js';
import { StateIndex } from './state-index.js';

/** In place of where a record lies, while there is none. */
export const NOWHERE = 0;

/** Runs into shards, or runs into files. */
interface Family {
  /** Rows by keys of items. */
  readonly items: StateIndex;
  readonly others: OtherRows;
}

/** A row that is begun and not done with. */
interface Current {
  readonly row: number;
  readonly replaces: boolean;
  /** Where it was begun, and given another name, where it counts only once it is stored: what was before lies in another shard. */
  readonly successor?: { readonly begun: number; readonly given: number };
}

/** Where the last word on each item lies. Runs into shards and runs into files know nothing of one another. */
export class Places implements RecordVisitor {
  /** Of each row, where it was begun last; negative for an item in shards. */
  readonly begun = new Numbers();
  /** Of each row, where what became of it begins. */
  readonly ended = new Numbers();
  /** Of rows that are items already, the row of the item, counted from 1. */
  readonly itemOf = new Numbers();
  /** Of each row, where an answer has given its file another name; undefined where that is so for none. */
  given: Numbers | undefined;
  lastRun: RunRecord | undefined;
  /** Of each row, where is written what another shard had of it before; undefined where that is so for none. */
  replaced: Numbers | undefined;
  /** Rows that were begun and not done with: a file of theirs is whole, since its process has ended, its machine has not. */
  readonly wholeIfThere = new Set<number>();
  complete = false;
  someDetails = false;
  #count = 0;
  /** Of each row, its number in the run that has begun it first. */
  readonly #indexes = new Numbers();
  /** The first row of each run. */
  readonly #runs: number[] = [];
  readonly #boot: string;
  readonly #files: Family = { items: new StateIndex(NUMBER_BITS), others: new OtherRows() };
  readonly #shards: Family = { items: new StateIndex(NUMBER_BITS), others: new OtherRows() };
  #inShards = false;
  /** The record of the item that was begun last, until the next one is read. */
  #last: { readonly payload: Buffer; readonly at: number } | undefined;
  /** Rows that are begun and not done with, by number in the run. */
  #current = new Map<number, Current>();
  #learned: { readonly index: number; readonly place: number } | undefined;

  constructor(boot: string) {
    this.#boot = boot;
  }

  run(record: RunRecord): void {
    this.giveUp();
    this.#runs.push(this.#count);
    this.lastRun = record;
    if (record.again !== true) this.complete = false;
    this.#inShards = isInShards(record.layout);
    if (record.afresh) this.#forget();
    if (record.again !== true) for (const row of this.#family.others.begin(record.lists)) this.begun.set(row, NOWHERE);
  }

  item(index: number, payload: Buffer, at: number, place: number): void {
    const rows = this.#family.items;
    const key = keyToday(payload, at);
    let row = rows.get(key);
    if (row === undefined) {
      row = this.#count;
      this.#count += 1;
      rows.set(key, row);
      this.#indexes.set(row, index);
    }
    const replaces = replacesAt(payload, at);
    this.#last = { payload, at };
    if (replaces && this.#inShards && this.begun.get(row) !== NOWHERE) {
      this.#current.set(index, { row, replaces, successor: { begun: -place, given: NOWHERE } });
      return;
    }
    this.begun.set(row, this.#inShards ? -place : place);
    this.ended.set(row, NOWHERE);
    this.given?.set(row, NOWHERE);
    this.replaced?.set(row, NOWHERE);
    this.#current.set(index, { row, replaces });
    if (this.wholeIfThere.size > 0) this.wholeIfThere.delete(row);
  }

  details(index: number): void {
    this.someDetails = true;
    const current = this.#current.get(index);
    if (current !== undefined && this.#last !== undefined) {
      this.#family.others.item(current.row, itemAt(this.#last.payload, this.#last.at));
    }
  }

  refused(index: number, payload: Buffer, at: number, place: number): void {
    this.someDetails ||= refusedAt(payload, at).columns !== undefined;
    this.#other(this.#family.others.refused(index, payload, at, this.#count), index, place);
  }

  duplicate(index: number, payload: Buffer, at: number, place: number): void {
    const { items, others } = this.#family;
    const found = others.duplicate(index, payload, at, this.#count, (key) => items.get(key));
    if (found === undefined) return;
    this.someDetails = true;
    this.#other(found.row, index, place);
    this.itemOf.set(found.row, found.item + 1);
  }

  renamed(index: number, payload: Buffer, at: number, place: number): void {
    const current = this.#current.get(index);
    if (current === undefined) return;
    const { row, successor } = current;
    if (successor !== undefined) {
      this.#current.set(index, { ...current, successor: { ...successor, given: place } });
      return;
    }
    this.#current.set(index, { row, replaces: renamedAt(payload, at).replaces });
    this.given ??= new Numbers();
    this.given.set(current.row, place);
  }

  learned(index: number, _payload: Buffer, _at: number, place: number): void {
    this.#learned = { index, place };
  }

  stored(index: number, _payload: Buffer, _at: number, place: number): void {
    this.#succeed(index, true);
    this.#end(index, place);
  }

  failed(index: number, payload: Buffer, at: number, place: number): void {
    const { successor } = this.#current.get(index) ?? {};
    if (successor !== undefined && failureAt(payload, at).code !== 'STORE_CHANGED') this.#current.delete(index);
    else this.#succeed(index, false);
    this.#end(index, place);
  }

  end({ complete }: EndRecord): void {
    if (this.lastRun?.again !== true) this.complete = complete;
  }

  get someRows(): boolean {
    return this.#count > 0;
  }

  /** All rows. A run that goes on where another was stopped begins its items nearly in order. */
  inOrder(): Uint32Array {
    const order = Uint32Array.from({ length: this.#count }, (_, row) => row);
    for (const [run, from] of this.#runs.entries()) {
      const rows = order.subarray(from, this.#runs[run + 1]);
      rows.sort((a, b) => this.#indexes.get(a) - this.#indexes.get(b));
    }
    return order;
  }

  /** What the last run has begun, nobody will write down any more. */
  giveUp(): void {
    if (!this.#inShards && this.lastRun?.boot === this.#boot) {
      for (const { row, replaces } of this.#current.values()) if (!replaces) this.wholeIfThere.add(row);
    }
    this.#current = new Map();
  }

  /** From now on it counts. */
  #succeed(index: number, isStored: boolean): void {
    const { row, successor } = this.#current.get(index) ?? {};
    if (row === undefined || successor === undefined) return;
    if (isStored) this.replaced ??= new Numbers();
    this.replaced?.set(row, isStored ? this.ended.get(row) : NOWHERE);
    this.begun.set(row, successor.begun);
    if (successor.given !== NOWHERE) this.given ??= new Numbers();
    this.given?.set(row, successor.given);
  }

  #end(index: number, place: number): void {
    const current = this.#current.get(index);
    const learned = this.#learned;
    this.#learned = undefined;
    if (current === undefined) return;
    this.#current.delete(index);
    this.ended.set(current.row, learned?.index === index ? learned.place : place);
  }

  get #family(): Family {
    return this.#inShards ? this.#shards : this.#files;
  }

  /** A row that is no item, or is one already. */
  #other(row: number, index: number, place: number): void {
    if (row === this.#count) {
      this.#count += 1;
      this.#indexes.set(row, index);
    }
    this.begun.set(row, this.#inShards ? -place : place);
  }

  /** What runs before this one have stored in its way is replaced. */
  #forget(): void {
    this.#family.items.clear();
    this.#family.others.clear();
    for (let row = 0; row < this.#count; row += 1) {
      if (this.begun.get(row) < 0 === this.#inShards) this.begun.set(row, NOWHERE);
    }
  }
}
