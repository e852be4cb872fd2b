/**
 * Items whose files are there, and which are asked for in case they have changed. What the journal says of such a file stays
 * true until another one may have its place; where none gets it after all, the journal says once more what it said before.
 */
import type { ErrorCode } from '../errors.js';
import type { Conditions, Item } from '../item.js';
import type { EndingReader, KnownFile } from './endings.js';
import type { FailureRecord, Key } from './format.js';
import type { Journal } from './journal.js';
import type { LearnedOf } from './learned.js';

interface Asked extends KnownFile {
  readonly key: Key;
  /** Another file may have its place. */
  replacing: boolean;
}

/** After these nobody knows which file has the name. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['WORKER_LOST', 'STORE_SYNC']);
const UNKNOWN: Conditions = { url: '', etag: '', lastModified: '' };

export class Updates {
  readonly #journal: Journal;
  readonly #read: EndingReader;
  /** By the numbers of items that have no outcome yet. */
  readonly #asked = new Map<number, Asked>();

  constructor(journal: Journal, read: EndingReader) {
    this.#journal = journal;
    this.#read = read;
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
    this.#asked.set(item.index, { ...file, key, replacing: false });
    const { url, etag, lastModified } = file.learned?.answer ?? UNKNOWN;
    return { ...item, conditions: { url, etag, lastModified } };
  }

  /** Another file is about to take the place of its own. Resolves when the journal says so. @throws StorageError */
  replace(item: Item): Promise<void> {
    const asked = this.#of(item);
    if (!asked.replacing) {
      asked.replacing = true;
      this.#journal.begin(item.index, asked.key, item, true);
    }
    return this.#journal.written();
  }

  /** A try has failed. @returns whether the file is what it was before */
  left({ index, url }: Item, code: ErrorCode): boolean {
    const asked = this.#asked.get(index);
    if (asked?.replacing !== true) return true;
    if (UNCERTAIN.has(code)) return false;
    asked.replacing = false;
    const { stored, learned } = asked;
    this.#journal.stored(index, stored, stored.unproven, learned && { ...learned, url });
    return true;
  }

  /** It has failed: what is there is what was there before, or nobody knows. */
  failed(item: Item, record: FailureRecord, learned: LearnedOf | undefined): void {
    this.left(item, record.code);
    if (this.#asked.get(item.index)?.replacing === true) this.#journal.failed(item.index, record, learned);
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
}
