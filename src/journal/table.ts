/**
 * What a journal knows of the rows of lists, as a table: one row for each item, in the order of the run that has begun it
 * first, and of its list there, whatever became of it when; among them rows that were refused, and those that are items
 * already. So it is read twice: first to find where the last word on each item lies, which takes 44 bytes of memory an
 * item, then row by row.
 */
import type { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { memberKey, shardName } from '../../workers/shard-name.js';
import type { ItemDetails } from '../item.js';
import type { Replaced } from '../outcome.js';
import { bootId } from './boot.js';
import { examineFile, openForReading, storageFailed } from './examine.js';
import {
  detailsAt,
  duplicateAt,
  failureAt,
  type FailureRecord,
  indexAt,
  isOf,
  type ItemRecord,
  itemAt,
  type Key,
  learnedAt,
  recordSizeAt,
  refusedAt,
  type RefusedRecord,
  renamedAt,
  type RunRecord,
  shardAt,
  storedAt,
  type StoredRecord,
} from './format.js';
import { requireItemName } from './item-names.js';
import type { Learned } from './learned.js';
import { NOWHERE, Places } from './places.js';
import { RecordReader, sizeOf, sizeOfEnding, sizeOfPair } from './record-reader.js';
import { readJournal } from './reader.js';

/**
 * `pending`: it was begun, and nobody wrote down what became of it; `refused`: a row of a list that is no item, without a
 * name.
 */
export type TableRow = {
  readonly item: ItemRecord;
  /** It tells of an item that is in the table already, with other columns. */
  readonly repeats: boolean;
  /** Of a run into shards. */
  readonly inShards: boolean;
  readonly details: ItemDetails | undefined;
  readonly learned: Learned | undefined;
  /** Where it was before it changed, and is still as it was. */
  readonly replaces?: Replaced;
} & (
  | { readonly status: 'stored'; readonly stored: StoredRecord }
  | { readonly status: 'failed' | 'refused'; readonly failure: FailureRecord }
  | { readonly status: 'pending' }
);

/** What is told of each row, whichever journals it is in. */
export interface Rows {
  /** Whether lists said more of any item than its URL and name. */
  readonly someDetails: boolean;
  /** Whether any item is in a shard in place of what another one has. */
  readonly someReplaced?: boolean;
  /** May be asked for more than once. @throws StorageError */
  rows(): AsyncGenerator<readonly TableRow[], void, undefined>;
}

/** Rows that are handed on at once. */
const BATCH = 256;
const NO_KEY: Key = { a: 0, b: 0, c: 0 };

export class Table implements Rows {
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
  static open(path: string, directory: string): Promise<Table | undefined> {
    return openForReading(path, async (file) => {
      const places = new Places(await bootId());
      const extent = await readJournal(file, path, places);
      places.giveUp();
      if (extent === undefined || places.lastRun === undefined) return undefined;
      return new Table(path, directory, file, places);
    });
  }

  get lastRun(): RunRecord {
    return this.#places.lastRun as RunRecord;
  }

  /** Whether the last run that had lists went through all of them. */
  get complete(): boolean {
    return this.#places.complete;
  }

  get someDetails(): boolean {
    return this.#places.someDetails;
  }

  get someReplaced(): boolean {
    return this.#places.replaced !== undefined;
  }

  get someRows(): boolean {
    return this.#places.someRows;
  }

  async *rows(): AsyncGenerator<readonly TableRow[], void, undefined> {
    const records = new RecordReader(this.#file);
    const { begun, itemOf } = this.#places;
    let batch: TableRow[] = [];
    try {
      for (const row of this.#places.inOrder()) {
        const place = Math.abs(begun.get(row));
        if (place === NOWHERE) continue;
        const item = itemOf.get(row) - 1;
        const read = item < 0 ? await this.#row(records, row) : await this.#repeated(records, item, place);
        if (read !== undefined) batch.push(read);
        if (batch.length < BATCH) continue;
        yield batch;
        batch = [];
      }
    } catch (error) {
      throw storageFailed(error, 'read', this.#path);
    }
    if (batch.length > 0) yield batch;
  }

  async #row(records: RecordReader, row: number, isStray = false): Promise<TableRow> {
    const { begun, ended, given, wholeIfThere } = this.#places;
    const read = await readRow(records, begun.get(row), ended.get(row), given?.get(row) ?? NOWHERE, isStray);
    if (read.status !== 'refused') requireItemName(this.#path, read.item.name);
    const before = this.#places.replaced?.get(row) ?? NOWHERE;
    if (before !== NOWHERE) return { ...read, ...(await replacedAt(records, before)) };
    return wholeIfThere.has(row) ? this.#asItIs(read) : read;
  }

  /** All that is known of an item, with the columns of another row. Undefined for an item that does not count any more. */
  async #repeated(records: RecordReader, item: number, place: number): Promise<TableRow | undefined> {
    if (this.#places.begun.get(item) === NOWHERE) return undefined;
    const read = await this.#row(records, item, true);
    const bytes = await records.from(place, (there) => sizeOf(there, 0));
    const { columns } = duplicateAt(bytes, 0);
    const details = { ...read.details, columns };
    return { ...read, item: { ...read.item, index: indexAt(bytes, 0) }, repeats: true, details };
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

/**
 * @param begun negative for an item in shards
 * @param renamed where it was given another name
 * @param isStray its records lie elsewhere than those of the rows around it
 */
async function readRow(
  records: RecordReader,
  begun: number,
  ended: number,
  renamed: number,
  isStray: boolean,
): Promise<TableRow> {
  const inShards = begun < 0;
  const first = await records.from(Math.abs(begun), (bytes) => sizeOfPair(bytes, 'details'), isStray);
  if (isOf('refused', first, 0)) return refusedRow(first, inShards);
  const next = recordSizeAt(first, 0);
  const item = await asGiven(records, itemAt(first, 0), renamed, isStray);
  const details = isOf('details', first, next) ? detailsAt(first, next) : undefined;
  if (ended === NOWHERE) return pending(item, details, inShards);
  const last = await records.from(ended, sizeOfEnding, isStray);
  const learned = isOf('learned', last, 0) ? learnedAt(last, 0, item.url) : undefined;
  const at = learned === undefined ? 0 : recordSizeAt(last, 0);
  const known = { item, repeats: false, inShards, details, learned };
  return isOf('stored', last, at)
    ? { ...known, status: 'stored', stored: storedAt(last, at) }
    : { ...known, status: 'failed', failure: failureAt(last, at) };
}

/** @param ended where it is written what became of it before */
async function replacedAt(records: RecordReader, ended: number): Promise<{ readonly replaces?: Replaced }> {
  const bytes = await records.from(ended, sizeOfEnding, true);
  const at = isOf('learned', bytes, 0) ? recordSizeAt(bytes, 0) : 0;
  const shard = isOf('stored', bytes, at) ? shardAt(bytes, at) : undefined;
  return shard === undefined ? {} : { replaces: { shard: shardName(shard), key: memberKey(indexAt(bytes, at)) } };
}

function refusedRow(bytes: Buffer, inShards: boolean): TableRow {
  return refused(refusedAt(bytes, 0), indexAt(bytes, 0), inShards);
}

/** A row of which nobody has written down what became of it. */
export function pending(item: ItemRecord, details: ItemDetails | undefined, inShards: boolean): TableRow {
  return { item, repeats: false, inShards, details, learned: undefined, status: 'pending' };
}

/** A row that is no item. */
export function refused(
  { text, message, hint, columns }: Pick<RefusedRecord, 'text' | 'message' | 'hint' | 'columns'>,
  index: number,
  inShards: boolean,
): TableRow {
  const item: ItemRecord = { index, key: NO_KEY, url: text, name: '' };
  const failure: FailureRecord = { status: 'error', code: 'LIST_LINE', message, hint };
  const known = { item, repeats: false, inShards, details: columns && { columns }, learned: undefined };
  return { ...known, status: 'refused', failure };
}

/** With the name that an answer has given its file. */
async function asGiven(
  records: RecordReader,
  item: ItemRecord,
  renamed: number,
  isStray: boolean,
): Promise<ItemRecord> {
  if (renamed === NOWHERE) return item;
  const record = await records.from(renamed, (bytes) => sizeOf(bytes, 0), isStray);
  return { ...item, name: renamedAt(record, 0).name };
}
