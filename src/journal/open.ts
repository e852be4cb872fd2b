/** Opens the journal of a destination: reads what is in it, and begins a run. */
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { type StorageError, UsageError } from '../errors.js';
import type { NameSet } from '../plan/names.js';
import { shardName } from '../../workers/shard-name.js';
import { adoptParts, type Part } from './part-recovery.js';
import type { Known } from './placement.js';
import { adoptShards, removeShard } from './shard-recovery.js';
import { Bodies, storedBodies } from './bodies.js';
import { bootId } from './boot.js';
import { Endings } from './endings.js';
import type { Key, RunRecord } from './format.js';
import { storedNames } from './stored-names.js';
import { beginJournalFile, cutJournalFile, Journal, openJournalFile, syncJournalName } from './journal.js';
import { LogReplay } from './log-replay.js';
import { Updates } from './updates.js';
import { isInShards } from '../protocol/layouts.js';

/** The journal's name in its folder. */
export const JOURNAL = 'journal';

export interface JournalSettings {
  /** Folder of the journal: that of the program's own files in the destination, or one that was named. */
  readonly folder: string;
  /** Whether the folder was named: then it must be known which destination it belongs to. */
  readonly named: boolean;
  /** Sync what is written before it counts as written. */
  readonly durable: boolean;
  readonly overwrite: boolean;
  /** What is stored is asked for, in case it has changed. */
  readonly update: boolean;
  /** It is asked which files have the same bytes. */
  readonly dedupe: boolean;
  /** Numbers of the shards in the destination. */
  readonly shards: ReadonlySet<number>;
  /** Paths of the shards that were not sealed, by number. */
  readonly parts: ReadonlyMap<number, string>;
  /** The column of the list that has captions. */
  readonly captionColumn: string | undefined;
  /** The number of the one shard that all goes into, of a plan. */
  readonly archive: number | undefined;
  readonly run: Omit<RunRecord, 'started' | 'pid' | 'boot' | 'afresh' | 'firstShard'>;
  /** Told once when it cannot be written any more. */
  readonly onFailure: (error: StorageError) => void;
}

export interface Opened extends Known {
  readonly journal: Journal;
  /** The number that the first shard gets; of the layout `tar`. */
  readonly firstShard: number;
  /** Shards that are gone on with. */
  readonly parts: readonly Part[];
  /** Only where it is asked which files have the same bytes. */
  readonly bodies: Bodies | undefined;
}

/**
 * @throws StorageError STORE_JOURNAL when it is damaged, or when it cannot be read or written
 */
export async function openJournal(settings: JournalSettings): Promise<Opened> {
  const path = join(settings.folder, JOURNAL);
  const file = await openJournalFile(path);
  try {
    return await begin(file, path, settings);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function begin(file: FileHandle, path: string, settings: JournalSettings): Promise<Opened> {
  const {
    named,
    durable,
    overwrite,
    update,
    dedupe,
    shards,
    parts: paths,
    captionColumn,
    archive,
    run,
    onFailure,
  } = settings;
  const inShards = isInShards(run.layout);
  const boot = await bootId();
  const endings = update ? new Endings() : undefined;
  const replay = new LogReplay(boot, run.layout, (shard) => shards.has(shard), endings);
  const extent = await replay.read(file, path);
  const before = replay.lastRun;
  if (named && before !== undefined && before.directory !== run.directory) {
    throw new UsageError(
      `--state ${settings.folder} belongs to ${before.directory}, not to ${run.directory}`,
      'name a folder for each destination',
    );
  }
  const end = extent?.end ?? (await beginJournalFile(file, path));
  if (extent !== undefined && extent.torn > 0) await cutJournalFile(file, path, end);
  if (durable) await syncJournalName(path);
  const journal = new Journal(file, path, end, durable, onFailure);
  let parts: readonly Part[] = [];
  let adopted: readonly Key[] = [];
  const afresh = replay.beginsAfresh(overwrite);
  if (afresh) {
    // Shards are replaced as a whole: with some of before, the same items might be in two of them.
    for (const shard of replay.shards) await removeShard(join(run.directory, shardName(shard)));
    replay.forget();
  } else if (inShards) {
    const sameBoot = before?.boot === boot;
    adopted = await adoptShards({ file, replay, journal, directory: run.directory, shards, sameBoot, durable });
    parts = await adoptParts({ file, replay, paths, captionColumn });
  }
  const bodies = dedupe ? await (afresh ? new Bodies(file) : storedBodies(file, path, end)) : undefined;
  if (bodies !== undefined) journal.noteNames(bodies.begun);
  const { states, elsewhere, given, keys } = replay;
  const begun = parts.map(({ number }) => number);
  const firstShard = archive ?? (afresh ? 0 : firstShardAfter(shards, replay.shards, begun));
  const numbered = inShards ? { firstShard: Math.min(firstShard, ...begun) } : {};
  journal.run({ ...run, ...numbered, started: new Date().toISOString(), pid: process.pid, boot, afresh });
  // Who reads the journal finds them in this run, and sooner or later stored.
  for (const { items } of parts) {
    for (const { index, key, replaces, ...item } of items) journal.begin(index, key, item, replaces);
  }
  if (parts.length > 0) await journal.written();
  let names: Promise<NameSet> | undefined;
  const namesOnce = (): Promise<NameSet> => (names ??= storedNames(file, path, end));
  const fresh = [...adopted, ...parts.flatMap(({ items }) => items.map(({ key }) => key))];
  const updates = endings && {
    updates: new Updates(journal, endings.reader(file), fresh, inShards ? keys : undefined),
  };
  return {
    journal,
    states,
    elsewhere,
    given,
    afresh,
    names: namesOnce,
    firstShard,
    parts,
    bodies,
    ...updates,
    ...(inShards && { keys }),
  };
}

/** Above all that are there, and all that were: of a number, what is known is true of one shard only. */
export function firstShardAfter(...numbers: readonly Iterable<number>[]): number {
  let first = 0;
  for (const some of numbers) for (const number of some) first = Math.max(first, number + 1);
  return first;
}
