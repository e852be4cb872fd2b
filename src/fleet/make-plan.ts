/** Plans lists for a fleet: names every row, cuts the rows into shards, and writes down both. */
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolderAsync } from '../../workers/durable.js';
import { Destination, ownFolder, whyNot } from '../destination/destination.js';
import { SluiceError, UsageError } from '../errors.js';
import type { Entry } from '../item.js';
import type { Source } from '../lists/source.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { nameOf } from '../options/table.js';
import { storageFailed } from '../journal/examine.js';
import { Overflow } from '../plan/overflow.js';
import { plan } from '../plan/plan.js';
import { makeFolders } from '../shared/folders.js';
import { isInShards } from '../protocol/layouts.js';
import { printable } from '../shared/printable.js';
import { version } from '../shared/version.js';
import { differingLists, type KnownList, knownList } from './known-lists.js';
import {
  idOf,
  type Manifest,
  type Partition,
  PLAN_OPTIONS,
  type PlanList,
  type PlanOptions,
  readManifest,
} from './manifest.js';
import { partitioner } from './partition.js';
import { listsFolder, manifestPath, planFolder } from './plan-folder.js';

export interface PlanSettings {
  readonly sources: readonly Source[];
  readonly options: ResolvedOptions;
  /** Those of the plan that were given. */
  readonly given: PlanOptions;
  readonly partitionBy: Partition;
  /** Rows of a shard. */
  readonly shardItems: number;
  /** Told how many rows are planned. */
  readonly onRows?: ((rows: number) => void) | undefined;
  /** How much is held in memory of what is known of URLs and names; for tests. */
  readonly room?: { readonly most: number; readonly filterBytes: number } | undefined;
}

/** Some 500 MB of memory in all, however many rows there are; to 10^8, one in a hundred new names is looked for in a file. */
const ROOM = { most: 4_000_000, filterBytes: 128 << 20 };

export interface Planned {
  readonly manifest: Manifest;
  /** It was made now; false where the same was there. */
  readonly isNew: boolean;
}

/**
 * Leaves a whole plan or none: what a killed one has left is replaced.
 *
 * @throws UsageError for what no plan can have; SluiceError PLAN_THERE where there is another one, PLAN_DAMAGED,
 *   LIST_UNREADABLE, STORE_BUSY; StorageError
 */
export async function makePlan(settings: PlanSettings): Promise<Planned> {
  const { options, sources, given, partitionBy, shardItems } = settings;
  const { directory } = options;
  requirePlannable(options, shardItems);
  const lists = await Promise.all(sources.map(knownList));
  const sums = options.checksums === undefined ? [] : [await knownList({ kind: 'file', path: options.checksums })];
  const known = [...lists, ...sums];
  const there = await readManifest(directory);
  if (there !== undefined) {
    await requireSame(directory, there, { options: given, partitionBy, shardItems }, known);
    return { manifest: there, isNew: false };
  }
  const { layout, name: template, checksums } = options;
  const { most, filterBytes } = settings.room ?? ROOM;
  let folder: string | undefined;
  const notKept = (error: unknown): Error => storageFailed(error, 'keep names in', directory);
  const overflow = (width: 2 | 3): Overflow | undefined =>
    folder === undefined ? undefined : new Overflow(width, { folder, filterBytes, whyNot: notKept });
  const room = { most, overflow };
  const entries = plan(
    lists.map(({ source }) => source),
    { layout, template, checksums, directory, room },
  );
  try {
    // Lists are opened before the destination is made: bad input leaves nothing half-done.
    const first = await entries.next();
    const destination = await Destination.open(directory, true);
    try {
      await requireEmpty(directory);
      folder = destination.scratch;
      const all = first.done === true ? [] : startingWith(first.value, entries);
      return { manifest: await write(settings, known, all, destination.scratch), isNew: true };
    } finally {
      await destination.close();
    }
  } finally {
    await entries.return();
  }
}

async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first;
  yield* rest;
}

async function write(
  settings: PlanSettings,
  known: readonly KnownList[],
  all: Iterable<readonly Entry[]> | AsyncIterable<readonly Entry[]>,
  scratch: string,
): Promise<Manifest> {
  const { options, given, partitionBy, shardItems, onRows } = settings;
  const { directory, layout } = options;
  await rm(planFolder(directory), { recursive: true, force: true });
  await makeFolders(listsFolder(directory));
  const shards = partitioner(partitionBy, { directory, scratch: join(scratch, 'spread'), most: shardItems });
  const counts = { rows: 0, items: 0, refused: 0, duplicates: 0, someDetails: false };
  for await (const entries of all) {
    for (const entry of entries) note(counts, entry);
    await shards.write(entries);
    onRows?.(counts.rows);
  }
  const lists: PlanList[] = [];
  for (const list of known) lists.push(await list.planned());
  const told = { lists, options: given, layout, partitionBy, shardItems, ...counts, shards: await shards.end() };
  const created = new Date().toISOString();
  const manifest: Manifest = { version: 1, id: idOf(told), sluice: version, created, ...told };
  await writeManifest(directory, manifest);
  return manifest;
}

function note(
  counts: { -readonly [K in 'rows' | 'items' | 'refused' | 'duplicates']: number } & { someDetails: boolean },
  entry: Entry,
): void {
  counts.rows += 1;
  if (entry.kind === 'item') {
    counts.items += 1;
    if (entry.item.details !== undefined) counts.someDetails = true;
  } else if (entry.kind === 'refused') {
    counts.refused += 1;
    if (entry.refused.columns !== undefined) counts.someDetails = true;
  } else {
    counts.duplicates += 1;
    if (entry.duplicate.row !== undefined) counts.someDetails = true;
  }
}

/** With it the plan is there: so it comes last, and as a whole. */
async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(directory);
  try {
    await syncFolderAsync(listsFolder(directory));
    const draft = `${path}.draft`;
    const file = await open(draft, 'w');
    try {
      await file.writeFile(`${JSON.stringify(manifest, undefined, 1)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    for (const folder of [dirname(path), ownFolder(directory)]) await syncFolderAsync(folder);
  } catch (error) {
    throw whyNot(directory, error);
  }
}

/** Options by which names come from answers. */
const NAMED_BY_ANSWERS = ['contentDisposition', 'trustServerNames', 'adjustExtension'] as const;

/** Rows of a shard that is one archive: of each that has no final name yet, a kilobyte or two are in memory. */
const MOST_IN_ARCHIVE = 100_000;

function requirePlannable(options: ResolvedOptions, shardItems: number): void {
  if (isInShards(options.layout) && shardItems > MOST_IN_ARCHIVE) {
    throw new UsageError(
      `--shard-items ${shardItems} is too many for --layout ${options.layout}: each shard is one archive`,
      `give at most ${MOST_IN_ARCHIVE}`,
    );
  }
  const first = NAMED_BY_ANSWERS.find((option) => options[option]);
  if (first === undefined) return;
  throw new UsageError(
    `--${nameOf(first)} does not go with a plan: its names are known before anything is asked for`,
    'leave it out; --name makes names from the list and the URL',
  );
}

/** @throws SluiceError PLAN_THERE, naming what differs */
async function requireSame(
  directory: string,
  there: Manifest,
  wanted: Pick<Manifest, 'options' | 'partitionBy' | 'shardItems'>,
  lists: readonly KnownList[],
): Promise<void> {
  const differing = PLAN_OPTIONS.filter((option) => !isSame(there.options[option], wanted.options[option]));
  const others = differing.map((option) => `--${nameOf(option)}`);
  if (there.partitionBy !== wanted.partitionBy) others.push('--partition-by');
  if (there.shardItems !== wanted.shardItems) others.push('--shard-items');
  others.push(...(await differingLists(there.lists, lists)));
  if (others.length === 0) return;
  throw new SluiceError('PLAN_THERE', `there is a plan in ${directory} already, with other ${others.join(', ')}`, {
    hint: 'work it off with sluice work, or plan into another destination',
  });
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Files of others would be in the way of names, and no worker looks for them. */
async function requireEmpty(directory: string): Promise<void> {
  const own = ownFolder(directory);
  // No item has a name that begins with a dot.
  const first = (await readdir(directory)).find((name) => !name.startsWith('.'));
  const journal = await lstat(join(own, 'journal')).catch(() => undefined);
  if (first === undefined && journal === undefined) return;
  throw new UsageError(
    first === undefined
      ? `${directory} has the journal of a run`
      : `${directory} is not empty: there is ${printable(first, 1000)}`,
    'plan into a destination of its own',
  );
}
