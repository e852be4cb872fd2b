/**
 * Items whose files are there, and which are asked for in case they have changed. What the journal says of such a file stays
 * true until another one may have its place; where none gets it after all, the journal says once more what it said before. What
 * is in a shard stays there: another body goes into another shard under a number of its own, and what was before counts until
 * that has its final name.
 */
import { memberKey, shardName } from '../../workers/shard-name.js';
import type { ErrorCode } from '../errors.js';
import type { Conditions, Item } from '../item.js';
import type { Replaced } from '../outcome.js';
import type { EndingReader, KnownFile } from './endings.js';
import type { FailureRecord, Key } from './format.js';
import { textOf } from './former.js';
import type { IndexSet } from './index-set.js';
import type { Journal } from './journal.js';
import type { LearnedOf } from './learned.js';

interface Asked extends KnownFile {
  readonly key: Key;
  /** Another file may have its place. */
  replacing: boolean;
  /** In a shard: what takes its place. */
  successor: Successor | undefined;
}

/** What an item in a shard goes on as. */
export interface Successor {
  /** Its number there. */
  readonly index: number;
  readonly replaces: Replaced;
}

/** After these nobody knows which file has the name. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['WORKER_LOST', 'STORE_SYNC']);
const UNKNOWN: Conditions = { url: '', etag: '', lastModified: '' };

export class Updates {
  readonly #journal: Journal;
  readonly #read: EndingReader;
  readonly #fresh: ReadonlySet<string>;
  readonly #numbers: IndexSet | undefined;
  /** By the numbers of items that have no outcome yet. */
  readonly #asked = new Map<number, Asked>();

  /**
   * @param fresh keys of what a run that was killed has brought, and of which this one was the first to hear
   * @param numbers those that items in shards have; undefined for files
   */
  constructor(journal: Journal, read: EndingReader, fresh: readonly Key[] = [], numbers?: IndexSet) {
    this.#journal = journal;
    this.#read = read;
    this.#fresh = new Set(fresh.map(textOf));
    this.#numbers = numbers;
  }

  /** Whether what is there came just now, and need not be asked for once more. */
  isFresh(key: Key): boolean {
    return this.#fresh.size > 0 && this.#fresh.has(textOf(key));
  }

  /**
   * The item with what it is asked for by.
   *
   * @param known what is there, where that was not in the journal
   */
  async ask(item: Item, key: Key, known?: KnownFile): Promise<Item> {
    const file = known ?? (await this.#read(key, item.url));
    // All that is stored was written down.
    if (file === undefined) throw new RangeError(`nothing is known of ${item.name}`);
    this.#asked.set(item.index, { ...file, key, replacing: false, successor: undefined });
    const { url, etag, lastModified } = file.learned?.answer ?? UNKNOWN;
    return { ...item, conditions: { url, etag, lastModified } };
  }

  /** Another file is about to take the place of its own. */
  replace(item: Item): {
    readonly successor: Successor | undefined;
    /** The journal says so. */ readonly written: Promise<void>;
  } {
    const asked = this.#of(item);
    if (!asked.replacing) {
      asked.replacing = true;
      asked.successor = this.#successorOf(asked);
      this.#journal.begin(asked.successor?.index ?? item.index, asked.key, item, true);
    }
    return { successor: asked.successor, written: this.#journal.written() };
  }

  /** A try has failed. @returns whether the file is what it was before */
  left({ index, url }: Item, code: ErrorCode): boolean {
    const asked = this.#asked.get(index);
    if (asked?.replacing !== true || asked.successor !== undefined) return true;
    if (UNCERTAIN.has(code)) return false;
    asked.replacing = false;
    const { stored, learned } = asked;
    this.#journal.stored(index, stored, stored.unproven, learned && { ...learned, url });
    return true;
  }

  /** It has failed: what is there is what was there before, or nobody knows. */
  failed(item: Item, record: FailureRecord, learned: LearnedOf | undefined): void {
    this.left(item, record.code);
    const asked = this.#asked.get(item.index);
    if (asked?.replacing === true) this.#journal.failed(asked.successor?.index ?? item.index, record, learned);
    this.done(item);
  }

  /** It has an outcome. */
  done({ index }: Item): void {
    this.#asked.delete(index);
  }

  #of({ index, name }: Item): Asked {
    const asked = this.#asked.get(index);
    if (asked === undefined) throw new RangeError(`${name} was not asked for`);
    return asked;
  }

  #successorOf({ index, stored: { shard } }: Asked): Successor | undefined {
    const numbers = this.#numbers;
    if (numbers === undefined || shard === undefined) return undefined;
    const next = numbers.next;
    numbers.add(next);
    return { index: next, replaces: { shard: shardName(shard), key: memberKey(index) } };
  }
}
