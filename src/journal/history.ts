/**
 * What became of each item in the end, over all runs that a journal tells of; an item that failed in one run and was
 * stored in the next is stored. The journal is read twice: first to count how often each item was begun, then to tell
 * of it when it is begun for the last time. So some bits for each item are in memory, 20 bytes for one that was begun more than once.
 */
import type { FileHandle } from 'node:fs/promises';
import type { Layout } from '../protocol/settings.js';
import type { ItemDetails } from '../item.js';
import type { Account } from './account.js';
import { Counting } from './counting.js';
import { openForReading } from './examine.js';
import { requireItemName } from './item-names.js';
import { Families, type Family, isChange, LastWords } from './last-words.js';
import type { Learned } from './learned.js';
import {
  detailsAt,
  type EndRecord,
  failureAt,
  type FailureRecord,
  type ItemRecord,
  itemAt,
  type Key,
  learnedAt,
  renamedAt,
  type RunRecord,
  storedAt,
  type StoredRecord,
  visitRecords,
} from './format.js';
import { keyToday } from './former.js';
import { RecordReader, sizeOf } from './record-reader.js';
import { type Extent, framesOf, readJournal } from './reader.js';

export interface PastItem extends ItemRecord {
  readonly layout: Layout;
  /** What its list said of it besides. */
  readonly details?: ItemDetails;
  /** What its plan has called it, where an answer has given its file the name. */
  readonly planned?: string;
}

/** `unfinished`: it was begun, and nobody wrote down what became of it. */
export type PastOutcome = { readonly item: PastItem } & (
  | { readonly status: 'stored'; readonly stored: StoredRecord; readonly learned?: Learned }
  | { readonly status: 'failed'; readonly failure: FailureRecord; readonly learned?: Learned }
  | { readonly status: 'unfinished' }
);

/** A run, and how it ended; undefined when nobody wrote that down. */
export interface Run {
  readonly record: RunRecord;
  readonly end: EndRecord | undefined;
}

/** What did not get stored, for who is told of it. */
export interface Failure {
  readonly url: string;
  readonly code: string;
  readonly message: string;
}

export class History {
  readonly path: string;
  /** The last one. */
  readonly lastRun: Run;
  /** The last one that had lists. */
  readonly lastListRun: Run | undefined;
  /** Of the runs that still count. */
  readonly layouts: ReadonlySet<Layout>;
  readonly extent: Extent;
  readonly #file: FileHandle;
  readonly #families: Families;
  readonly #assumed: RunRecord | undefined;

  private constructor(
    path: string,
    file: FileHandle,
    first: FirstPass,
    lastRun: Run,
    extent: Extent,
    assumed: RunRecord | undefined,
  ) {
    this.path = path;
    this.lastRun = lastRun;
    this.lastListRun = first.lastListRun;
    this.layouts = first.layouts;
    this.extent = extent;
    this.#file = file;
    this.#families = first.families;
    this.#assumed = assumed;
  }

  /**
   * Reads the journal for the first time.
   *
   * @param assumed to pass over what is damaged: the run to take for the first one if that is not told any more
   * @returns undefined when there is none, or none that tells of a run
   * @throws StorageError STORE_JOURNAL for one that is damaged or cannot be read
   */
  static open(path: string, assumed?: RunRecord): Promise<History | undefined> {
    return openForReading(path, async (file) => {
      const first = new FirstPass(assumed, (await file.stat()).size);
      const extent = await readJournal(file, path, first, { salvage: assumed !== undefined });
      if (extent !== undefined && first.lastRun === undefined && assumed !== undefined) first.run(assumed);
      const { lastRun } = first;
      if (extent === undefined || lastRun === undefined) return undefined;
      return new History(path, file, first, lastRun, extent, assumed);
    });
  }

  /** What became of each item, in the order in which that was known. To be asked for once; closes the journal. */
  async *outcomes(): AsyncGenerator<readonly PastOutcome[], void, undefined> {
    const told = new Outcomes(this.#families, this.path, this.#assumed);
    try {
      for await (const _ of this.#read(told)) {
        const found = told.take();
        if (found.length > 0) yield found;
      }
      yield told.take();
    } finally {
      await this.close();
    }
  }

  /**
   * How many items became what, in a third of the time that it takes to be told of each. To be asked for in place of
   * {@link outcomes}; closes the journal.
   *
   * @param shards numbers of those that are there
   * @param most failures that are told of
   */
  async count(
    shards: ReadonlySet<number>,
    most: number,
  ): Promise<{ readonly account: Account; readonly failures: readonly Failure[] }> {
    const counted = new Counting(this.#families, this.path, this.#assumed, shards, most);
    try {
      for await (const _ of this.#read(counted));
      const records = new RecordReader(this.#file);
      const failures: Failure[] = [];
      for (const { place, code, message } of counted.failures) {
        const bytes = await records.from(place, (there) => sizeOf(there, 0));
        failures.push({ url: itemAt(bytes, 0).url, code, message });
      }
      return { account: counted.account, failures };
    } finally {
      await this.close();
    }
  }

  /** Reads the journal for the second time, frame by frame. */
  async *#read(visitor: LastWords<unknown>): AsyncGenerator<void, void, undefined> {
    this.#families.rewind();
    const options = { salvage: this.#assumed !== undefined, end: this.extent.end };
    for await (const { payload, offset } of framesOf(this.#file, this.path, options)) {
      visitRecords(payload, offset, visitor);
      yield;
    }
    visitor.giveUp();
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

class FirstPass {
  readonly families: Families;
  readonly layouts = new Set<Layout>();
  lastRun: Run | undefined;
  lastListRun: Run | undefined;
  #number = 0;
  #family: Family;
  readonly #assumed: RunRecord | undefined;
  /** Keys of those that count only if they are stored, by number in the run. */
  readonly #successors = new Map<number, Key>();

  constructor(assumed: RunRecord | undefined, size: number) {
    this.#assumed = assumed;
    this.families = new Families(size);
    this.#family = this.families.of('flat');
  }

  run(record: RunRecord): void {
    this.#successors.clear();
    const { layout, afresh, again } = record;
    this.lastRun = { record, end: undefined };
    if (again !== true) this.lastListRun = this.lastRun;
    this.#number += 1;
    this.#family = this.families.of(layout);
    if (afresh) {
      this.#family.repeats.clear();
      this.#family.since = this.#number;
      for (const other of this.layouts) if (this.families.of(other) === this.#family) this.layouts.delete(other);
    }
    this.layouts.add(layout);
  }

  item(index: number, payload: Buffer, at: number): void {
    if (this.#number === 0 && this.#assumed !== undefined) this.run(this.#assumed);
    const key = keyToday(payload, at);
    if (this.#family.keepsBefore(payload, at)) this.#successors.set(index, key);
    else this.#family.repeats.count(key);
  }

  stored(index: number): void {
    if (this.#successors.size > 0) this.#settle(index, true);
  }

  failed(index: number, payload: Buffer, at: number): void {
    if (this.#successors.size > 0) this.#settle(index, isChange(payload, at));
  }

  #settle(index: number, counts: boolean): void {
    const key = this.#successors.get(index);
    this.#successors.delete(index);
    if (key !== undefined && counts) this.#family.repeats.count(key);
  }

  end(end: EndRecord): void {
    if (this.lastRun === undefined) return;
    const ended = { record: this.lastRun.record, end };
    if (this.lastListRun === this.lastRun) this.lastListRun = ended;
    this.lastRun = ended;
  }
}

/** Tells of each item. */
class Outcomes extends LastWords<PastItem> {
  /** What the record before told. */
  #learned: { readonly index: number; readonly learned: Learned } | undefined;
  #found: PastOutcome[] = [];

  /** What was found since it was asked last. */
  take(): readonly PastOutcome[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  details(index: number, payload: Buffer, at: number): void {
    const item = this.begun.get(index);
    if (item !== undefined) this.begun.set(index, { ...item, details: detailsAt(payload, at) });
  }

  renamed(index: number, payload: Buffer, at: number): void {
    const item = this.begun.get(index);
    if (item === undefined) return;
    const { name } = renamedAt(payload, at);
    requireItemName(this.path, name);
    this.begun.set(index, { ...item, name, planned: item.planned ?? item.name });
  }

  learned(index: number, payload: Buffer, at: number): void {
    const item = this.begun.get(index);
    if (item !== undefined) this.#learned = { index, learned: learnedAt(payload, at, item.url) };
  }

  protected begin(payload: Buffer, at: number): PastItem {
    const item = itemAt(payload, at);
    requireItemName(this.path, item.name);
    return { ...item, layout: this.layout };
  }

  protected isStored(item: PastItem, index: number, payload: Buffer, at: number): void {
    this.#found.push({ item, status: 'stored', stored: storedAt(payload, at), ...this.#takeLearned(index) });
  }

  protected isFailed(item: PastItem, index: number, payload: Buffer, at: number): void {
    this.#found.push({ item, status: 'failed', failure: failureAt(payload, at), ...this.#takeLearned(index) });
  }

  protected isUnfinished(item: PastItem): void {
    this.#found.push({ item, status: 'unfinished' });
  }

  #takeLearned(index: number): { readonly learned: Learned } | undefined {
    const before = this.#learned;
    this.#learned = undefined;
    return before?.index === index ? { learned: before.learned } : undefined;
  }
}
