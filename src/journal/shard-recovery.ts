/**
 * Shards that a run which was killed has sealed, and did not write down. Nobody else makes shards while a run has the
 * destination, and the numbers of its own go on after all others: so they are known by number, and their items by key,
 * URL and name.
 */
import { type FileHandle, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncStored } from '../../workers/durable.js';
import { shardName } from '../../workers/shard-name.js';
import { withoutPassword } from '../shared/printable.js';
import type { StoredFile } from '../protocol/result.js';
import { isNoFile, storageFailed } from './examine.js';
import type { Key } from './format.js';
import type { Journal } from './journal.js';
import { readItems, type ShardAnswer, ShardDamage } from './tar-reader.js';
import type { BegunItem, LogReplay } from './log-replay.js';
import { learnedLater, type LearnedOf } from './learned.js';

export interface AdoptionSettings {
  /** Of the journal. */
  readonly file: FileHandle;
  readonly replay: LogReplay;
  readonly journal: Journal;
  /** Destination. */
  readonly directory: string;
  /** Numbers of the shards in it. */
  readonly shards: ReadonlySet<number>;
  /** The machine was not started anew since: what a process wrote is whole. */
  readonly sameBoot: boolean;
  /** What is adopted is to outlast a power cut. */
  readonly durable: boolean;
}

/**
 * Writes down what is in them, as the last thing of the run that has stored it; a shard that was torn when the machine
 * went down is removed.
 *
 * @returns the keys of what is in them
 * @throws StorageError
 */
export async function adoptShards(settings: AdoptionSettings): Promise<readonly Key[]> {
  const { replay, journal, shards } = settings;
  const keys: Key[] = [];
  const firstShard = replay.lastRun?.firstShard;
  if (firstShard === undefined || !replay.someBegun) return keys;
  const isKnown = (shard: number): boolean => replay.shards.has(shard) && shard !== replay.lastShard;
  const unknown = [...shards].filter((shard) => shard >= firstShard && !isKnown(shard));
  for (const shard of unknown.toSorted((a, b) => a - b)) {
    const items = await ownItems(shard, settings);
    if (settings.durable && items.size > 0) await syncStored(join(settings.directory, shardName(shard)));
    for (const [index, { stored, begun, unproven, answer }] of items) {
      replay.adopt(index, stored);
      journal.stored(index, stored, unproven, learnedFrom(begun, answer));
      keys.push(begun.key);
    }
  }
  if (unknown.length > 0) await journal.written();
  return keys;
}

/** What a shard tells of the answer that has brought an item: enough to ask for it in case it has changed. */
export function learnedFrom({ url }: Pick<BegunItem, 'url'>, answer: ShardAnswer): LearnedOf {
  return learnedLater(url, { answer: { ...answer, url: withoutPassword(url) } });
}

interface OwnItem {
  readonly stored: StoredFile;
  readonly begun: BegunItem;
  readonly unproven: boolean;
  readonly answer: ShardAnswer;
}

/** The items of a shard that the last run has begun, by their numbers in it. */
async function ownItems(shard: number, settings: AdoptionSettings): Promise<ReadonlyMap<number, OwnItem>> {
  const { file, replay, directory, sameBoot } = settings;
  const path = join(directory, shardName(shard));
  const items = new Map<number, OwnItem>();
  let damage: ShardDamage | undefined;
  let isOwn = false;
  try {
    for await (const { index, size, crc32, whole, url, name, unproven, answer } of readItems(path, !sameBoot)) {
      const begun = await replay.begun(file, index);
      if (begun?.name !== name || withoutPassword(begun.url) !== url) continue;
      isOwn = true;
      if (!whole) throw new ShardDamage(`${name} is not what was stored`);
      items.set(index, { stored: { size, crc32, shard }, begun, unproven, answer });
    }
  } catch (error) {
    if (isNoFile(error)) return new Map();
    if (!(error instanceof ShardDamage)) throw storageFailed(error, 'read', path);
    damage = error;
  }
  if (damage === undefined) return items;
  // While the machine runs on, what was sealed is whole: this is not what the run has sealed.
  if (!sameBoot && (isOwn || damage.blank)) await removeShard(path);
  return new Map();
}

/** @throws StorageError */
export async function removeShard(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw storageFailed(error, 'remove', path);
  }
}
