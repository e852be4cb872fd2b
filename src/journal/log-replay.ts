/** What runs before this one did, read from their journal. */
import type { FileHandle } from 'node:fs/promises';
import type { Layout } from '../protocol/settings.js';
import type { ItemDetails } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import {
  detailsAt,
  type EndRecord,
  failureAt,
  isOf,
  type ItemRecord,
  itemAt,
  type Key,
  keyAt,
  learnedAt,
  recordSizeAt,
  renamedAt,
  replacesAt,
  type RecordVisitor,
  type RunRecord,
  shardAt,
  sizeAt,
  storedAt,
} from './format.js';
import type { Endings } from './endings.js';
import { formerAt, textOf } from './former.js';
import {
  begunAs,
  DOUBTFUL_IF_THERE,
  FAILED,
  OK,
  StateIndex,
  stateOf,
  storedWith,
  WHOLE_IF_THERE,
} from './state-index.js';
import { IndexSet } from './index-set.js';
import type { Learned } from './learned.js';
import { type Extent, readJournal } from './reader.js';
import { RecordReader, sizeOf, sizeOfPair } from './record-reader.js';
import { isInShards } from '../protocol/layouts.js';

/** As its run has written it down. */
export interface BegunItem extends ItemRecord {
  readonly details?: ItemDetails;
  /** What its plan has called it, where an answer has given its file the name. */
  readonly planned?: string;
  /** What was known when it was stored. */
  readonly unproven?: boolean;
  readonly learned?: Learned;
  /** It is in another shard already, as it was before. */
  readonly replaces?: boolean;
}

/** An item that was begun, and of which nothing more is known. */
interface Begun extends Key {
  /** Where its record is in the file. */
  readonly at: number;
  /** There was a file of its name, which may be there still; of one in shards, what it takes the place of when it is stored. */
  readonly replaces: boolean;
  /** Its name has the mark of its URL. */
  readonly marked: boolean;
  /** The plan gives its file another name today. */
  readonly former: ItemRecord | undefined;
  /** What an answer has called its file. */
  readonly renamed: string | undefined;
  /** Of an item that was in a shard which is gone: what was known of it besides. */
  readonly stored?: { readonly unproven: boolean; readonly learnedAt: number | undefined };
}

export class LogReplay implements RecordVisitor {
  readonly states = new StateIndex();
  /** The last one. */
  lastRun: RunRecord | undefined;
  /** How it ended; undefined when nobody wrote that down. */
  lastEnd: EndRecord | undefined;
  #complete = false;
  /** Shards of which items are known to be in them, or to have been. */
  readonly shards = new Set<number>();
  /** The one that was written down last: of some of its items that may not have been done. */
  lastShard: number | undefined;
  /** Keys of items in the shards that are there. */
  readonly keys = new IndexSet();
  /** Files that have another name than the plan gives them today, by {@link textOf} their key. */
  readonly elsewhere = new Map<string, ItemRecord>();
  /** What answers have called files, by {@link textOf} the keys of their items. */
  readonly given = new Map<string, string>();
  /** By number in the last run. */
  #begun = new Map<number, Begun>();
  /**
   * By number in their runs, those of the runs before which were not done with, or are in shards that are gone, and whose number
   * nobody has got since: of shards that were not sealed, runs in between may not have written down what is in them.
   */
  readonly #earlier = new Map<number, Begun>();
  readonly #boot: string;
  readonly #layout: Layout;
  readonly #hasShard: (shard: number) => boolean;
  /** Only for runs that ask whether what is stored has changed. */
  readonly #endings: Endings | undefined;
  /** What the record before told, and where it begins. */
  #learned: { readonly index: number; readonly place: number } | undefined;

  /**
   * @param boot which start of which machine this is
   * @param layout runs into shards and runs into files know nothing of one another
   * @param hasShard whether a shard of this number is in the destination
   * @param endings told where it is written what became of items
   */
  constructor(boot: string, layout: Layout, hasShard: (shard: number) => boolean, endings?: Endings) {
    this.#boot = boot;
    this.#layout = layout;
    this.#hasShard = hasShard;
    this.#endings = endings;
  }

  /**
   * @param path for messages
   * @throws StorageError STORE_JOURNAL
   */
  async read(file: FileHandle, path: string): Promise<Extent | undefined> {
    const extent = await readJournal(file, path, this);
    this.#giveUpBegun(this.#begun);
    return extent;
  }

  /** Whether the last run that had lists went through all of them. */
  get complete(): boolean {
    return this.#complete;
  }

  /** A run that replaces files goes on where one like it was stopped; after one that was not, it begins anew. */
  beginsAfresh(overwrite: boolean): boolean {
    return overwrite && (this.lastRun === undefined || this.#complete);
  }

  /** Whether the last run has begun items that it was not done with. */
  get someBegun(): boolean {
    return this.#begun.size > 0;
  }

  /** An item that the last run had begun and not done with, by its number in that run. */
  begun(file: FileHandle, index: number): Promise<BegunItem | undefined> {
    return this.#read(file, this.#begun.get(index));
  }

  /** The same of a shard that was not sealed: which of the runs had begun it does not matter. */
  begunInPart(file: FileHandle, index: number): Promise<BegunItem | undefined> {
    return this.#read(file, this.#begun.get(index) ?? this.#earlier.get(index));
  }

  async #read(file: FileHandle, begun: Begun | undefined): Promise<BegunItem | undefined> {
    if (begun === undefined) return undefined;
    const replaces = this.#succeeds(begun);
    // Under another number it may be stored.
    if (!replaces && stateOf(this.states.get(begun) ?? FAILED) === OK) return undefined;
    const records = new RecordReader(file);
    const bytes = await records.from(begun.at, (some) => sizeOfPair(some, 'details'), true);
    const length = recordSizeAt(bytes, 0);
    const item = itemAt(bytes, 0);
    const { a, b, c, renamed, stored } = begun;
    return {
      ...item,
      key: { a, b, c },
      ...(replaces && { replaces }),
      ...(stored && (await learnedOf(records, stored, item.url))),
      ...(renamed !== undefined && { name: renamed, planned: item.name }),
      ...(isOf('details', bytes, length) && { details: detailsAt(bytes, length) }),
    };
  }

  /** An item that a run had begun turned out to be in a shard that is gone on with. */
  keep(index: number, size: number): void {
    const key = this.#begun.get(index) ?? this.#earlier.get(index);
    if (key === undefined) return;
    this.#begun.delete(index);
    this.#earlier.delete(index);
    this.states.set(key, storedWith(size, key.marked));
    this.#rename(key);
    this.keys.add(index);
  }

  /** An item that a run had begun turned out to be stored. */
  adopt(index: number, { size, shard }: StoredFile): void {
    this.#settle(index, size, shard);
  }

  run(record: RunRecord): void {
    this.#giveUpBegun(this.#begun);
    if (isInShards(this.#layout)) for (const [index, key] of this.#begun) this.#earlier.set(index, key);
    this.#begun = new Map();
    this.lastRun = record;
    this.lastEnd = undefined;
    if (record.again !== true) this.#complete = false;
    if (record.afresh && this.#concerns) this.forget();
  }

  /** What is there is to be replaced. */
  forget(): void {
    this.states.clear();
    this.keys.clear();
    this.shards.clear();
    this.elsewhere.clear();
    this.given.clear();
    this.#begun.clear();
    this.#endings?.clear();
    this.#earlier.clear();
  }

  item(index: number, payload: Buffer, at: number, offset: number): void {
    if (!this.#concerns) return;
    const found = formerAt(payload, at);
    const { a, b, c } = found?.key ?? keyAt(payload, at);
    const marked = found?.marked === true;
    const former = found?.renamed === true ? found.record : undefined;
    if (this.elsewhere.size > 0) this.elsewhere.delete(textOf({ a, b, c }));
    if (this.given.size > 0) this.given.delete(textOf({ a, b, c }));
    const replaces = replacesAt(payload, at);
    this.#earlier.delete(index);
    this.#begun.set(index, { a, b, c, at: offset, replaces, marked, former, renamed: undefined });
  }

  renamed(index: number, payload: Buffer, at: number): void {
    const begun = this.#begun.get(index);
    if (begun === undefined) return;
    const { name, replaces } = renamedAt(payload, at);
    this.#begun.set(index, { ...begun, replaces, renamed: name });
  }

  learned(index: number, _payload: Buffer, _at: number, place: number): void {
    if (this.#endings !== undefined || isInShards(this.#layout)) this.#learned = { index, place };
  }

  stored(index: number, payload: Buffer, at: number, place: number): void {
    const shard = shardAt(payload, at);
    const begun = this.#endings === undefined && shard === undefined ? undefined : this.#begun.get(index);
    const learnedAt = this.#learned?.index === index ? this.#learned.place : undefined;
    this.#learned = undefined;
    this.#settle(index, sizeAt(payload, at), shard);
    if (begun === undefined) return;
    this.#endings?.set(begun, learnedAt ?? place);
    if (shard === undefined || this.#hasShard(shard)) return;
    // It may be found in one that is not sealed.
    this.#earlier.set(index, { ...begun, stored: { unproven: storedAt(payload, at).unproven, learnedAt } });
  }

  failed(index: number, payload: Buffer, at: number): void {
    const key = this.#begun.get(index);
    if (key === undefined) return;
    const { code } = failureAt(payload, at);
    // The worker may have been lost after it had given the file its name.
    if (code === 'WORKER_LOST') return;
    this.#begun.delete(index);
    if (this.#succeeds(key) && code !== 'STORE_CHANGED') return;
    // Of the one, nobody knows what is in the file, if it has its name; the other is known to be wrong.
    const isDoubtful = code === 'STORE_SYNC' || code === 'STORE_CHANGED';
    // What was in doubt before may be there still.
    const wasDoubtful = key.replaces && stateOf(this.states.get(key) ?? FAILED) === DOUBTFUL_IF_THERE;
    if (isDoubtful || wasDoubtful) this.#rename(key);
    this.states.set(key, begunAs(isDoubtful || wasDoubtful ? DOUBTFUL_IF_THERE : FAILED, key.marked));
  }

  end(record: EndRecord): void {
    this.lastEnd = record;
    if (this.lastRun?.again !== true) this.#complete = record.complete;
  }

  #settle(index: number, size: number, shard: number | undefined): void {
    const key = this.#begun.get(index);
    if (key === undefined) return;
    this.#begun.delete(index);
    const isThere = shard === undefined || this.#hasShard(shard);
    this.states.set(key, isThere ? storedWith(size, key.marked) : begunAs(FAILED, key.marked));
    if (isThere) this.#rename(key);
    if (shard === undefined) {
      if (key.former !== undefined) this.elsewhere.set(textOf(key), key.former);
      return;
    }
    this.shards.add(shard);
    this.lastShard = shard;
    if (isThere) this.keys.add(index);
  }

  /** What it is to take the place of lies in another shard, and stays what counts until it is stored. */
  #succeeds({ replaces }: Begun): boolean {
    return replaces && isInShards(this.#layout);
  }

  #rename(key: Begun): void {
    if (key.renamed !== undefined) this.given.set(textOf(key), key.renamed);
  }

  get #concerns(): boolean {
    const layout = this.lastRun?.layout;
    return (layout !== undefined && isInShards(layout)) === isInShards(this.#layout);
  }

  #giveUpBegun(begun: ReadonlyMap<number, Begun>): void {
    const state = this.lastRun?.boot === this.#boot ? WHOLE_IF_THERE : DOUBTFUL_IF_THERE;
    for (const key of begun.values()) {
      if (this.#succeeds(key)) continue;
      this.states.set(key, begunAs(key.replaces ? DOUBTFUL_IF_THERE : state, key.marked));
      if (key.former !== undefined) this.elsewhere.set(textOf(key), key.former);
      this.#rename(key);
    }
  }
}

/** What a run has learned of an item, and how it is known that its body was whole. */
async function learnedOf(
  records: RecordReader,
  { unproven, learnedAt: at }: NonNullable<Begun['stored']>,
  url: string,
): Promise<Pick<BegunItem, 'unproven' | 'learned'>> {
  if (at === undefined) return { unproven };
  const bytes = await records.from(at, (some) => sizeOf(some, 0), true);
  return { unproven, learned: learnedAt(bytes, 0, url) };
}
