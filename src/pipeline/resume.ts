/** Brings together what is in the destination and what its journal says: from there the run goes on. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncStored } from '../../workers/durable.js';
import type { Destination } from '../destination/destination.js';
import type { StorageError } from '../errors.js';
import type { Known, Presence } from '../journal/placement.js';
import { ResumeFilter, type ResumeFilterSettings } from '../journal/resume-filter.js';
import { examineFile } from '../journal/examine.js';
import type { FileSizes } from '../journal/sizes.js';
import type { ListMark } from '../journal/format.js';
import type { Journal } from '../journal/journal.js';
import { firstShardAfter, openJournal } from '../journal/open.js';
import type { Part } from '../journal/part-recovery.js';
import type { Updates } from '../journal/updates.js';
import type { Bodies } from '../journal/bodies.js';
import type { Dedupe, DedupeSettings } from './dedupe.js';
import { answersName, type ResolvedOptions } from '../options/resolve.js';
import type { Source } from '../lists/source.js';
import type { Item } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import { printable } from '../shared/printable.js';
import { version } from '../shared/version.js';
import { baseOf, isInShards } from '../protocol/layouts.js';

export interface Resumption {
  readonly filter: ResumeFilter;
  /** Undefined for a run that is not written down. */
  readonly journal: Journal | undefined;
  /** Only where what is stored is asked for, in case it has changed. */
  readonly updates: Updates | undefined;
  /** Only where files with the same bytes are to be one. */
  readonly dedupe: Dedupe | undefined;
  /** The number that the first shard gets. */
  readonly firstShard: number;
  /** Shards that an earlier run has begun and not sealed. */
  readonly parts: readonly Part[];
  /** The number of the one shard that all goes into, of a plan. */
  readonly archive: number | undefined;
}

export interface ResumptionListener {
  /** The journal cannot be written any more. */
  onJournalFailure(error: StorageError): void;
}

/**
 * @param cancelled as of the settings of the store
 * @param shard the number of the shard of a plan that the run is
 * @throws StorageError when the destination or the journal cannot be read, or the journal not be written
 */
export async function resume(
  destination: Destination,
  sources: readonly Source[],
  options: ResolvedOptions,
  listener: ResumptionListener,
  cancelled: Int32Array,
  shard?: number,
): Promise<Resumption> {
  const { layout, overwrite, update, durable } = options;
  const inShards = isInShards(layout);
  const archive = inShards ? shard : undefined;
  // Of a plan, what was in the archive is in its copy: see fleet/archive.ts.
  const shards = inShards && archive === undefined ? await destination.shards() : new Set<number>();
  const again = sources.every(({ kind }) => kind === 'items') ? { again: true } : {};
  // Where all may be replaced, what is there matters to the next run only. The names of a plan are its own: nobody else has
  // put a file there, and to list a destination for each of its shards would take longer than the shard.
  const matters = !inShards && !destination.claimed && (!overwrite || options.journal);
  if (options.journal && options.state !== undefined) await destination.holdState(options.state, durable);
  const open = async () =>
    openJournal({
      folder: options.state ?? destination.own,
      named: options.state !== undefined,
      durable,
      overwrite,
      update,
      dedupe: options.dedupe,
      shards,
      parts: inShards ? await destination.parts() : new Map(),
      captionColumn: options.captionColumn,
      archive,
      run: {
        version,
        directory: options.directory,
        layout,
        lists: await Promise.all(sources.map(mark)),
        ...again,
      },
      onFailure: (error) => listener.onJournalFailure(error),
    });
  // Both wait for the storage. Neither is left alone where the other fails: they change what is there.
  const [opened, listed] = await Promise.allSettled([
    options.journal ? open() : undefined,
    matters ? destination.list(layout) : undefined,
  ]);
  if (opened.status === 'rejected') throw opened.reason;
  const known = opened.value;
  const parts = known?.parts ?? [];
  try {
    if (listed.status === 'rejected') throw listed.reason;
    if (inShards) await destination.removeParts(parts);
  } catch (error) {
    await known?.journal.leave();
    throw error;
  }
  const present = listed.value;
  const { directory, scratch } = destination;
  const dedupe = known?.bodies && (await openDedupe({ directory, scratch, durable, cancelled }, known.bodies));
  const examine = async (name: string): ReturnType<typeof examineFile> => {
    const path = join(options.directory, name);
    const stored = await examineFile(path, dedupe && 'sha256');
    // Its run was killed before it was written down, and may not have synced it.
    if (durable) await syncStored(path);
    return stored;
  };
  const settle = dedupe && ((item: Item, file: StoredFile) => dedupe.settleFound(item, file));
  return {
    filter: filterOf(options, { present, sizes: destination.sizes, examine, settle }, known),
    journal: known?.journal,
    updates: known?.updates,
    dedupe,
    firstShard: known?.firstShard ?? (overwrite ? 0 : firstShardAfter(shards)),
    parts,
    archive,
  };
}

/** What is there, and how it is looked at. */
interface There {
  readonly present: Presence | undefined;
  readonly sizes: FileSizes;
  readonly examine: (name: string) => ReturnType<typeof examineFile>;
  readonly settle?: ResumeFilterSettings['settle'];
}

async function openDedupe(settings: DedupeSettings, bodies: Bodies): Promise<Dedupe> {
  const { Dedupe } = await import('./dedupe.js');
  return new Dedupe(settings, bodies);
}

export function filterOf(
  options: ResolvedOptions,
  { present, sizes, examine, settle }: There,
  known: Known | undefined,
): ResumeFilter {
  const { layout, onExists, name } = options;
  const settings = {
    present,
    onExists,
    base: baseOf(layout),
    templated: name !== undefined,
    answersName: answersName(options),
    sizesOf: (names: readonly string[]) => sizes.of(names),
    examine,
    settle,
  };
  return new ResumeFilter(settings, known);
}

/** What tells whether a list is the same as before. */
export async function mark(source: Source): Promise<ListMark> {
  if (source.kind !== 'file') return { label: source.kind === 'items' ? 'journal' : printable(source.label, 1000) };
  const { size, mtime } = await stat(source.path);
  return { label: printable(source.path, 1000), size, changed: mtime.toISOString() };
}
