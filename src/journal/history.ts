/**
 * What became of each item in the end, over all runs that a journal tells of; an item that failed in one run and was
 * stored in the next is stored. The journal is read twice: first to count how often each item was begun, then to tell
 * of it when it is begun for the last time. So 20 bytes for each item are in memory, and not what is told.
 */
import type { FileHandle } from 'node:fs/promises';
import { StorageError } from '../errors.js';
import { isItemName } from '../plan/paths.js';
import { printable } from '../shared/printable.js';
import type { Layout } from '../protocol/settings.js';
import type { ItemDetails } from '../item.js';
import { openForReading } from './examine.js';
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
  replacesAt,
  type RunRecord,
  storedAt,
  type StoredRecord,
  visitRecords,
} from './format.js';
import { FormerRecords } from './former.js';
import { StateIndex } from './state-index.js';
import { type Extent, framesOf, readJournal } from './reader.js';
import { isInShards } from '../protocol/layouts.js';

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

/** Times that an item can be begun. */
const COUNT_BITS = 16;
const MOST = (1 << COUNT_BITS) - 1;

/** Runs into shards and runs into files know nothing of one another. */
class Family {
  /** How often each item is begun from here on. */
  readonly counts = new StateIndex(COUNT_BITS);
  /** The run, by its number, that began anew. */
  since = 0;
  readonly #inShards: boolean;

  constructor(inShards: boolean) {
    this.#inShards = inShards;
  }

  more(key: Key): void {
    this.counts.set(key, Math.min(MOST, (this.counts.get(key) ?? 0) + 1));
  }

  /** Whether what is begun there counts only if it is stored: what was before lies in another shard. */
  keepsBefore(payload: Buffer, at: number): boolean {
    return this.#inShards && replacesAt(payload, at);
  }

  /** Whether it is not begun once more. */
  isLast(key: Key): boolean {
    const left = (this.counts.get(key) ?? 1) - 1;
    this.counts.set(key, left);
    return left === 0;
  }
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
      const first = new FirstPass(assumed);
      const extent = await readJournal(file, path, first, { salvage: assumed !== undefined });
      if (extent !== undefined && first.lastRun === undefined && assumed !== undefined) first.run(assumed);
      const { lastRun } = first;
      if (extent === undefined || lastRun === undefined) return undefined;
      return new History(path, file, first, lastRun, extent, assumed);
    });
  }

  /** What became of each item, in the order in which that was known. To be asked for once; closes the journal. */
  async *outcomes(): AsyncGenerator<readonly PastOutcome[], void, undefined> {
    const second = new SecondPass(this.#families, this.path, this.#assumed);
    try {
      const options = { salvage: this.#assumed !== undefined, end: this.extent.end };
      for await (const { payload, offset } of framesOf(this.#file, this.path, options)) {
        visitRecords(payload, offset, second);
        const found = second.take();
        if (found.length > 0) yield found;
      }
      second.giveUp();
      yield second.take();
    } finally {
      await this.close();
    }
  }

  /** May be called twice. */
  async close(): Promise<void> {
    await this.#file.close();
  }
}

class Families {
  readonly #files = new Family(false);
  readonly #shards = new Family(true);

  of(layout: Layout): Family {
    return isInShards(layout) ? this.#shards : this.#files;
  }
}

class FirstPass {
  readonly families = new Families();
  readonly layouts = new Set<Layout>();
  lastRun: Run | undefined;
  lastListRun: Run | undefined;
  #number = 0;
  #family = this.families.of('flat');
  readonly #formers = new FormerRecords();
  readonly #assumed: RunRecord | undefined;
  /** Keys of those that count only if they are stored, by number in the run. */
  readonly #successors = new Map<number, Key>();

  constructor(assumed: RunRecord | undefined) {
    this.#assumed = assumed;
  }

  run(record: RunRecord): void {
    this.#successors.clear();
    const { layout, afresh, again } = record;
    this.lastRun = { record, end: undefined };
    if (again !== true) this.lastListRun = this.lastRun;
    this.#number += 1;
    this.#family = this.families.of(layout);
    if (afresh) {
      this.#family.counts.clear();
      this.#family.since = this.#number;
      for (const other of this.layouts) if (this.families.of(other) === this.#family) this.layouts.delete(other);
    }
    this.layouts.add(layout);
  }

  item(index: number, payload: Buffer, at: number): void {
    if (this.#number === 0 && this.#assumed !== undefined) this.run(this.#assumed);
    const key = this.#formers.keyAt(payload, at);
    if (this.#family.keepsBefore(payload, at)) this.#successors.set(index, key);
    else this.#family.more(key);
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
    if (key !== undefined && counts) this.#family.more(key);
  }

  end(end: EndRecord): void {
    if (this.lastRun === undefined) return;
    const ended = { record: this.lastRun.record, end };
    if (this.lastListRun === this.lastRun) this.lastListRun = ended;
    this.lastRun = ended;
  }
}

class SecondPass {
  readonly #families: Families;
  readonly #formers = new FormerRecords();
  readonly #path: string;
  readonly #assumed: RunRecord | undefined;
  /** Items that are begun for the last time, by number in the run. */
  #begun = new Map<number, PastItem>();
  /** Keys of those of these that count only if they are stored. */
  readonly #successors = new Map<number, Key>();
  /** What the record before told. */
  #learned: { readonly index: number; readonly learned: Learned } | undefined;
  #found: PastOutcome[] = [];
  #number = 0;
  #layout: Layout = 'flat';

  constructor(families: Families, path: string, assumed: RunRecord | undefined) {
    this.#assumed = assumed;
    this.#families = families;
    this.#path = path;
  }

  /** What was found since it was asked last. */
  take(): readonly PastOutcome[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  run({ layout }: RunRecord): void {
    this.giveUp();
    this.#number += 1;
    this.#layout = layout;
  }

  item(index: number, payload: Buffer, at: number): void {
    if (this.#number === 0 && this.#assumed !== undefined) this.run(this.#assumed);
    const family = this.#families.of(this.#layout);
    if (this.#number < family.since) return;
    const key = this.#formers.keyAt(payload, at);
    if (family.keepsBefore(payload, at)) this.#successors.set(index, key);
    else if (!family.isLast(key)) return;
    const item = itemAt(payload, at);
    requireItemName(this.#path, item.name);
    this.#begun.set(index, { ...item, layout: this.#layout });
  }

  details(index: number, payload: Buffer, at: number): void {
    const item = this.#begun.get(index);
    if (item !== undefined) this.#begun.set(index, { ...item, details: detailsAt(payload, at) });
  }

  renamed(index: number, payload: Buffer, at: number): void {
    const item = this.#begun.get(index);
    if (item === undefined) return;
    const { name } = renamedAt(payload, at);
    requireItemName(this.#path, name);
    this.#begun.set(index, { ...item, name, planned: item.planned ?? item.name });
  }

  learned(index: number, payload: Buffer, at: number): void {
    if (this.#begun.has(index))
      this.#learned = { index, learned: learnedAt(payload, at, (this.#begun.get(index) as PastItem).url) };
  }

  stored(index: number, payload: Buffer, at: number): void {
    const item = this.#take(index, true);
    if (item === undefined) return;
    this.#found.push({ item, status: 'stored', stored: storedAt(payload, at), ...this.#takeLearned(index) });
  }

  failed(index: number, payload: Buffer, at: number): void {
    const item = this.#take(index, this.#successors.size > 0 && isChange(payload, at));
    if (item === undefined) return;
    this.#found.push({ item, status: 'failed', failure: failureAt(payload, at), ...this.#takeLearned(index) });
  }

  /** What the run has begun, nobody will write down any more. */
  giveUp(): void {
    for (const [index, item] of this.#begun) {
      if (!this.#successors.has(index)) this.#found.push({ item, status: 'unfinished' });
    }
    this.#begun.clear();
    this.#successors.clear();
  }

  #takeLearned(index: number): { readonly learned: Learned } | undefined {
    const before = this.#learned;
    this.#learned = undefined;
    return before?.index === index ? { learned: before.learned } : undefined;
  }

  /** @param counts whether that is so also where something was before that stays */
  #take(index: number, counts: boolean): PastItem | undefined {
    const item = this.#begun.get(index);
    this.#begun.delete(index);
    const key = this.#successors.get(index);
    if (key === undefined) return item;
    this.#successors.delete(index);
    return counts && this.#families.of(this.#layout).isLast(key) ? item : undefined;
  }
}

/** Whether a failure tells that what was stored is not what it was. */
function isChange(payload: Buffer, at: number): boolean {
  return failureAt(payload, at).code === 'STORE_CHANGED';
}

/** @throws StorageError for a name that would lead elsewhere */
export function requireItemName(path: string, name: string): void {
  if (!isItemName(name)) throw notOurs(path, name);
}

function notOurs(path: string, name: string): StorageError {
  return new StorageError({
    code: 'STORE_JOURNAL',
    message: `the journal ${printable(path, 1000)} tells of ${printable(name)}, a name that no file of sluice gets`,
    hint: 'somebody else has written it: move it away',
  });
}
