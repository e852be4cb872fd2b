/** What a repair changes: it writes down what is not as it was stored, and puts damaged shards and journals aside. */
import { constants } from 'node:fs';
import { copyFile, lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { shardName } from '../../workers/shard-name.js';
import type { StorageError } from '../errors.js';
import type { Layout } from '../protocol/settings.js';
import { bootId } from './boot.js';
import { storageFailed } from './examine.js';
import type { FailureRecord } from './format.js';
import { cutJournalFile, Journal, openJournalFile } from './journal.js';
import type { History, PastItem } from './history.js';
import type { StoredItem } from './verify.js';
import { isInShards } from '../protocol/layouts.js';

/** A run that writes down what is wrong, and downloads nothing: until it is fetched again, it does not count as stored. */
export class Repair {
  readonly #journal: Journal;
  readonly #directory: string;
  #number = 0;
  #failure: StorageError | undefined;

  /**
   * @param history of which the outcomes are asked for after this
   * @param version of the program
   */
  static async begin(history: History, layout: Layout, directory: string, version: string): Promise<Repair> {
    const { path, extent } = history;
    const file = await openJournalFile(path);
    if (extent.torn > 0) await cutJournalFile(file, path, extent.end);
    return new Repair((onFailure) => new Journal(file, path, extent.end, false, onFailure), directory, {
      version,
      started: new Date().toISOString(),
      pid: process.pid,
      boot: await bootId(),
      layout,
    });
  }

  private constructor(
    open: (onFailure: (error: StorageError) => void) => Journal,
    directory: string,
    run: { version: string; started: string; pid: number; boot: string; layout: Layout },
  ) {
    this.#journal = open((error) => {
      this.#failure = error;
    });
    this.#directory = directory;
    this.#journal.run({ ...run, directory, afresh: false, again: true, lists: [] });
  }

  /** @param why to follow the item's name */
  async note({ item }: StoredItem, why: string): Promise<void> {
    this.#number += 1;
    noteChanged(this.#journal, item, isInShards(item.layout) ? item.index : this.#number, why);
    if (this.#number % 1000 === 0) await this.#journal.written();
  }

  /** None of its items counts as stored any more; those that are right cannot stay, since shards are not rewritten. */
  async noteShard(shard: number, items: readonly StoredItem[]): Promise<string | undefined> {
    // First, so that the items are never fetched again while it counts.
    const aside = await setAside(this.#directory, shard);
    for (const item of items) await this.note(item, `was in ${shardName(shard)}, which is damaged`);
    return aside;
  }

  /** @throws StorageError when the journal could not be written */
  async close(): Promise<void> {
    await this.#journal.close({ complete: true, ended: new Date().toISOString() });
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Writes down that an item is not what was stored: a file of its name is this program's, and may be replaced. */
export function noteChanged(journal: Journal, item: PastItem, index: number, why: string): void {
  journal.begin(index, item.key, item, true);
  const hint = 'sluice retry fetches it again';
  journal.failed(index, {
    status: 'error',
    code: 'STORE_CHANGED',
    message: `${item.name} ${why}`,
    hint,
  } satisfies FailureRecord);
}

/**
 * Gives a damaged shard a name that nobody takes for a shard's.
 *
 * @returns the name; undefined when the shard is not there
 * @throws StorageError
 */
export async function setAside(directory: string, shard: number): Promise<string | undefined> {
  const path = join(directory, shardName(shard));
  for (let number = 1; ; number += 1) {
    const name = `${shardName(shard)}.damaged${number === 1 ? '' : `-${number}`}`;
    const isTaken = await lstat(join(directory, name)).then(
      () => true,
      () => false,
    );
    if (isTaken) continue;
    try {
      await rename(path, join(directory, name));
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw storageFailed(error, 'rename', path);
    }
  }
}

/** Keeps a copy of a damaged journal beside it. @returns its path @throws StorageError */
export async function keepDamaged(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const kept = `${path}.damaged-${number}`;
    try {
      await copyFile(path, kept, constants.COPYFILE_EXCL);
      return kept;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw storageFailed(error, 'copy', path);
    }
  }
}
