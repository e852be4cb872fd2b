/** What is known of a destination, for who only asks: its journal is read, and not written. */
import { type FileHandle, open } from 'node:fs/promises';
import { isInShards } from '../protocol/layouts.js';
import type { Layout } from '../protocol/settings.js';
import { bootId } from './boot.js';
import { journalFailed } from './journal.js';
import { LogReplay } from './log-replay.js';
import type { Known, Notes } from './placement.js';
import { storedNames } from './stored-names.js';

/** Tells nobody. */
const NOTES: Notes = {
  begin: () => undefined,
  stored: () => undefined,
  renamed: () => undefined,
  written: () => Promise.resolve(),
};

export interface Looked {
  /** Undefined where there is no journal. */
  readonly known: Known | undefined;
  readonly close: () => Promise<void>;
}

/**
 * What a run would find. A shard that a killed run has sealed and not written down is not known here: to read it takes long.
 *
 * @param shards numbers of those that are in the destination
 * @throws StorageError STORE_JOURNAL
 */
export async function lookAtJournal(
  path: string,
  layout: Layout,
  overwrite: boolean,
  shards: ReadonlySet<number>,
): Promise<Looked> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { known: undefined, close: () => Promise.resolve() };
    throw journalFailed(error, path);
  }
  try {
    const replay = new LogReplay(await bootId(), layout, (shard) => shards.has(shard));
    const extent = await replay.read(file, path);
    const afresh = replay.beginsAfresh(overwrite);
    if (afresh) replay.forget();
    const { states, elsewhere, given, keys } = replay;
    const end = extent?.end ?? 0;
    const names = (): ReturnType<Known['names']> => storedNames(file, path, end);
    const known = { journal: NOTES, states, elsewhere, given, afresh, names, ...(isInShards(layout) && { keys }) };
    return { known, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
