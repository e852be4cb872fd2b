/**
 * Writes a journal that is damaged in the middle anew. What was in the damaged part is lost, so what is left may say that
 * an item was not finished which is stored, or the other way round. Nothing of it is believed that the storage does not
 * prove: of files, what they should be is kept, to be compared with them next; what is in shards, these tell themselves.
 */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { shardName } from '../../workers/shard-name.js';
import type { StorageError } from '../errors.js';
import { withoutPassword } from '../shared/printable.js';
import type { Layout } from '../protocol/settings.js';
import type { RunRecord } from './format.js';
import { isNoFile, storageFailed } from './examine.js';
import { beginJournalFile, Journal, openJournalFile } from './journal.js';
import { keyOf } from './state-index.js';
import { readItems, type ShardItem, ShardDamage } from './tar-reader.js';
import { keepDamaged, noteChanged, setAside } from './repair.js';
import { History, type PastItem } from './history.js';
import { isInShards } from '../protocol/layouts.js';

const LOST = 'is not proved: the journal was damaged';

/**
 * @param shards numbers of those in the destination
 * @param assumed the first run, if the journal does not tell of it any more
 * @returns the path of the damaged journal, which is kept
 * @throws StorageError
 */
export async function salvageJournal(
  path: string,
  directory: string,
  shards: ReadonlySet<number>,
  assumed: RunRecord,
): Promise<string> {
  const kept = await keepDamaged(path);
  const fresh = `${path}.new`;
  const file = await openJournalFile(fresh);
  let failure: StorageError | undefined;
  const journal = new Journal(file, fresh, await beginJournalFile(file, fresh), true, (error) => {
    failure = error;
  });
  let layouts: readonly Layout[] | undefined;
  for (let done = 0; layouts === undefined || done < layouts.length; done += 1) {
    const history = (await History.open(path, assumed)) as History;
    const last = history.lastRun.record;
    // The last one stays the last.
    layouts ??= [...history.layouts].toSorted((a, b) => Number(a === last.layout) - Number(b === last.layout));
    const layout = layouts[done] as Layout;
    const { again: _again, firstShard: _firstShard, ...run } = (history.lastListRun ?? history.lastRun).record;
    journal.run({ ...run, started: new Date().toISOString(), pid: process.pid, layout, afresh: false });
    if (isInShards(layout)) await salvageShards(history, journal, directory, shards);
    else await salvageFiles(history, journal, layout);
  }
  await journal.written();
  // The lists are to be gone through once more: what the journal told of some items is lost.
  await journal.close({ complete: false, ended: new Date().toISOString() });
  if (failure !== undefined) throw failure;
  try {
    await rename(fresh, path);
  } catch (error) {
    throw storageFailed(error, 'replace', path);
  }
  return kept;
}

async function salvageFiles(history: History, journal: Journal, layout: Layout): Promise<void> {
  let number = 0;
  for await (const batch of history.outcomes()) {
    for (const past of batch) {
      const { item } = past;
      if (item.layout !== layout) continue;
      number += 1;
      if (past.status === 'unfinished') {
        noteChanged(journal, item, number, LOST);
        continue;
      }
      journal.begin(number, item.key, item);
      const learned = past.learned && { ...past.learned, url: item.url };
      if (past.status === 'failed') journal.failed(number, past.failure, learned);
      else journal.stored(number, past.stored, past.stored.unproven, learned);
    }
    await journal.written();
  }
}

async function salvageShards(
  history: History,
  journal: Journal,
  directory: string,
  shards: ReadonlySet<number>,
): Promise<void> {
  /** Descriptions tell no passwords, and nothing of what the list says. */
  const untold = new Map<string, PastItem>();
  for await (const batch of history.outcomes()) {
    for (const past of batch) {
      const { item } = past;
      if (!isInShards(item.layout)) continue;
      const shown = withoutPassword(item.url);
      if (shown !== item.url || item.details !== undefined || item.planned !== undefined)
        untold.set(`${item.name}\t${shown}`, item);
      if (past.status !== 'failed') {
        noteChanged(journal, item, item.index, LOST);
        continue;
      }
      journal.begin(item.index, item.key, item);
      journal.failed(item.index, past.failure, past.learned && { ...past.learned, url: item.url });
    }
    await journal.written();
  }
  for (const shard of [...shards].toSorted((a, b) => a - b)) {
    const items = await provenItems(join(directory, shardName(shard)));
    if (items === undefined) await setAside(directory, shard);
    for (const { index, size, crc32, name, url: shown, unproven } of items ?? []) {
      const { url, details, planned } = untold.get(`${name}\t${shown}`) ?? { url: shown };
      journal.begin(index, keyOf(url, planned ?? name), { url, name, planned, details });
      journal.stored(index, { size, crc32, shard }, unproven);
    }
    await journal.written();
  }
}

/** @returns undefined for a shard that is damaged; nothing for what is no file */
async function provenItems(path: string): Promise<readonly ShardItem[] | undefined> {
  const items: ShardItem[] = [];
  try {
    for await (const item of readItems(path, true)) {
      if (!item.whole) return undefined;
      items.push(item);
    }
    return items;
  } catch (error) {
    if (error instanceof ShardDamage) return undefined;
    if (isNoFile(error)) return [];
    throw storageFailed(error, 'read', path);
  }
}
