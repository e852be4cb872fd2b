/**
 * What a journal knows of each item, as a table: one row for each, in the order of the run that has begun it first, and of
 * its list there, whatever became of it when. So it is read twice: first to find where the last word on each item lies, which
 * takes 44 bytes of memory an item, then row by row.
 */
import type { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ItemDetails } from '../item.js';
import { isInShards } from '../protocol/layouts.js';
import { bootId } from './boot.js';
import { examineFile, isNoFile, openFile, storageFailed } from './examine.js';
import {
  detailsAt,
  failureAt,
  type FailureRecord,
  type EndRecord,
  HEADER_SIZE,
  isOf,
  type ItemRecord,
  itemAt,
  learnedAt,
  type RecordVisitor,
  recordSizeAt,
  renamedAt,
  replacesAt,
  type RunRecord,
  storedAt,
  type StoredRecord,
} from './format.js';
import { FormerRecords } from './former.js';
import { requireItemName } from './history.js';
import type { Learned } from './learned.js';
import { RecordReader } from './record-reader.js';
import { readJournal } from './reader.js';
import { StateIndex } from './state-index.js';

/** `pending`: it was begun, and nobody wrote down what became of it. */
export type TableRow = {
  readonly item: ItemRecord;
  readonly details: ItemDetails | undefined;
  readonly learned: Learned | undefined;
} & (
  | { readonly status: 'stored'; readonly stored: StoredRecord }
  | { readonly status: 'failed'; readonly failure: FailureRecord }
  | { readonly status: 'pending' }
);

/** Rows that are handed on at once. */
const BATCH = 256;
/** Of a row's number in a {@link StateIndex}: 134 million rows. */
const NUMBER_BITS = 27;
/** In place of where a record lies, while there is none. */
const NOWHERE = 0;

export class Table {
  readonly #path: string;
  readonly #directory: string;
  readonly #file: FileHandle;
  readonly #places: Places;

  private constructor(path: string, directory: string, file: FileHandle, places: Places) {
    this.#path = path;
    this.#directory = directory;
    this.#file = file;
    this.#places = places;
  }

  /**
   * Reads the journal for the first time. A run may go on meanwhile: what it writes after that is not in the table.
   *
   * @param directory the destination, absolute
   * @returns undefined when there is none, or none that tells of a run
   * @throws StorageError STORE_JOURNAL for one that is damaged or cannot be read
   */
  static async open(path: string, directory: string): Promise<Table | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await openFile(path);
      const places = new Places(await bootId());
      const extent = await readJournal(file, path, places);
      places.giveUp();
      if (extent !== undefined && places.lastRun !== undefined) return new Table(path, directory, file, places);
    } catch (error) {
      await file?.close();
      if (file === undefined && isNoFile(error)) return undefined;
      throw storageFailed(error, 'read', path);
    }
    await file.close();
    return undefined;
  }

  get lastRun(): RunRecord {
    return this.#places.lastRun as RunRecord;
  }

  /** Whether the last run that had lists went through all of them. */
  get complete(): boolean {
    return this.#places.complete;
  }

  /** Whether lists said more of any item than its URL and name. */
  get someDetails(): boolean {
    return this.#places.someDetails;
  }

  /** May be asked for more than once. @throws StorageError */
  async *rows(): AsyncGenerator<readonly TableRow[], void, undefined> {
    const records = new RecordReader(this.#file);
    const { begun, ended, given, wholeIfThere } = this.#places;
    let batch: TableRow[] = [];
    try {
      for (const row of this.#places.inOrder()) {
        const place = Math.abs(begun.get(row));
        if (place === NOWHERE) continue;
        const read = await readRow(records, place, ended.get(row), given?.get(row) ?? NOWHERE);
        requireItemName(this.#path, read.item.name);
        batch.push(wholeIfThere.has(row) ? await this.#asItIs(read) : read);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
    } catch (error) {
      throw storageFailed(error, 'read', this.#path);
    }
    if (batch.length > 0) yield batch;
  }

  /** A run that was killed may have stored it, and not written that down. */
  async #asItIs(row: TableRow): Promise<TableRow> {
    try {
      const file = await examineFile(join(this.#directory, row.item.name));
      return { ...row, status: 'stored', stored: { ...file, unproven: false } };
    } catch {
      return row;
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readRow(records: RecordReader, begun: number, ended: number, renamed: number): Promise<TableRow> {
  const first = await records.from(begun, (bytes) => sizeOfPair(bytes, 'details'));
  const next = recordSizeAt(first, 0);
  const item = await asGiven(records, itemAt(first, 0), renamed);
  const details = isOf('details', first, next) ? detailsAt(first, next) : undefined;
  if (ended === NOWHERE) return { item, details, learned: undefined, status: 'pending' };
  const last = await records.from(ended, (bytes) => (isOf('learned', bytes, 0) ? sizeOfPair(bytes) : sizeOf(bytes, 0)));
  const learned = isOf('learned', last, 0) ? learnedAt(last, 0) : undefined;
  const at = learned === undefined ? 0 : recordSizeAt(last, 0);
  const known = { item, details, learned };
  return isOf('stored', last, at)
    ? { ...known, status: 'stored', stored: storedAt(last, at) }
    : { ...known, status: 'failed', failure: failureAt(last, at) };
}

/** With the name that an answer has given its file. */
async function asGiven(records: RecordReader, item: ItemRecord, renamed: number): Promise<ItemRecord> {
  if (renamed === NOWHERE) return item;
  const record = await records.from(renamed, (bytes) => sizeOf(bytes, 0));
  return { ...item, name: renamedAt(record, 0).name };
}

/** Of a record, as far as what is there tells. */
function sizeOf(bytes: Buffer, at: number): number {
  return bytes.length < at + HEADER_SIZE ? HEADER_SIZE : recordSizeAt(bytes, at);
}

/** Of a record and the one after it. @param kind the second counts only if it is one of these */
function sizeOfPair(bytes: Buffer, kind?: 'details'): number {
  const first = sizeOf(bytes, 0);
  if (bytes.length < first + HEADER_SIZE) return first + HEADER_SIZE;
  return kind === undefined || isOf(kind, bytes, first) ? first + sizeOf(bytes, first) : first;
}

/** Where the last word on each item lies. Runs into shards and runs into files know nothing of one another. */
class Places implements RecordVisitor {
  /** Of each row, where it was begun last; negative for an item in shards. */
  readonly begun = new Numbers();
  /** Of each row, where what became of it begins. */
  readonly ended = new Numbers();
  /** Of each row, where an answer has given its file another name; undefined where that is so for none. */
  given: Numbers | undefined;
  lastRun: RunRecord | undefined;
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
  readonly #files = new StateIndex(NUMBER_BITS);
  readonly #shards = new StateIndex(NUMBER_BITS);
  readonly #formers = new FormerRecords();
  #inShards = false;
  /** Rows that are begun and not done with, by number in the run. */
  #current = new Map<number, { readonly row: number; readonly replaces: boolean }>();
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
  }

  item(index: number, payload: Buffer, at: number, place: number): void {
    const rows = this.#inShards ? this.#shards : this.#files;
    const key = this.#formers.keyAt(payload, at);
    let row = rows.get(key);
    if (row === undefined) {
      row = this.#count;
      this.#count += 1;
      rows.set(key, row);
      this.#indexes.set(row, index);
    }
    this.begun.set(row, this.#inShards ? -place : place);
    this.ended.set(row, NOWHERE);
    this.given?.set(row, NOWHERE);
    this.#current.set(index, { row, replaces: replacesAt(payload, at) });
    if (this.wholeIfThere.size > 0) this.wholeIfThere.delete(row);
  }

  details(): void {
    this.someDetails = true;
  }

  renamed(index: number, payload: Buffer, at: number, place: number): void {
    const current = this.#current.get(index);
    if (current === undefined) return;
    this.#current.set(index, { row: current.row, replaces: renamedAt(payload, at).replaces });
    this.given ??= new Numbers();
    this.given.set(current.row, place);
  }

  learned(index: number, _payload: Buffer, _at: number, place: number): void {
    this.#learned = { index, place };
  }

  stored(index: number, _payload: Buffer, _at: number, place: number): void {
    this.#end(index, place);
  }

  failed(index: number, _payload: Buffer, _at: number, place: number): void {
    this.#end(index, place);
  }

  end({ complete }: EndRecord): void {
    if (this.lastRun?.again !== true) this.complete = complete;
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

  #end(index: number, place: number): void {
    const current = this.#current.get(index);
    const learned = this.#learned;
    this.#learned = undefined;
    if (current === undefined) return;
    this.#current.delete(index);
    this.ended.set(current.row, learned?.index === index ? learned.place : place);
  }

  /** What runs before this one have stored in its way is replaced. */
  #forget(): void {
    (this.#inShards ? this.#shards : this.#files).clear();
    for (let row = 0; row < this.#count; row += 1) {
      if (this.begun.get(row) < 0 === this.#inShards) this.begun.set(row, NOWHERE);
    }
  }
}

/** A list of numbers that grows, 8 bytes each. */
class Numbers {
  #numbers = new Float64Array(1024);

  /** Zero for one that was never set. */
  get(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  set(at: number, value: number): void {
    if (at >= this.#numbers.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = value;
  }
}
