/**
 * How far each shard of a plan is, seen from the storage alone: what is written down of it there counts, whatever a queue
 * or a worker thinks. A shard that nobody has begun costs nothing, one that is done one small file.
 */
import { join } from 'node:path';
import { clockOf } from '../destination/told.js';
import { claimFolders, namesIn } from './journals.js';
import { isDead, USUAL_LEASE } from './life.js';
import type { Manifest, ShardEntry } from './manifest.js';
import { planFolder, shardFolder, shardName, shardsFolder } from './plan-folder.js';
import {
  type ClaimRecord,
  type DoneRecord,
  FAILED,
  type FailedRecord,
  readClaim,
  readDone,
  readFailed,
  rowsOf,
} from './records.js';

/** Shards that are looked at at once: each look waits for the storage three times or so. */
const AT_ONCE = 48;

export type ShardState = { readonly shard: number } & (
  | { readonly kind: 'open' }
  /** `claim` is undefined where its record is damaged. */
  | { readonly kind: 'running'; readonly number: number; readonly claim: ClaimRecord | undefined; readonly age: number }
  /** It was begun, and nobody works on it now. */
  | { readonly kind: 'left'; readonly number: number; readonly claim: ClaimRecord | undefined; readonly age: number }
  | { readonly kind: 'done'; readonly done: DoneRecord }
  | { readonly kind: 'failed'; readonly failed: FailedRecord | undefined }
  /** It was committed, and what became of its rows cannot be told. */
  | { readonly kind: 'damaged'; readonly why: string }
);

/**
 * Of all shards, in their order.
 *
 * @param only those that are asked for, without: all
 * @throws StorageError where the storage cannot be read
 */
export async function* shardStates(
  directory: string,
  { shards }: Manifest,
  only: Iterable<number> = shards.keys(),
): AsyncGenerator<ShardState, void, undefined> {
  const begun = new Set(await namesIn(shardsFolder(directory)));
  let clock: Promise<number> | undefined;
  const now = (): Promise<number> => (clock ??= storageTime(directory));
  const looks: Promise<ShardState>[] = [];
  for (const shard of only) {
    const entry = shards[shard];
    if (entry === undefined) continue;
    const folder = shardFolder(directory, shard);
    const isBegun = begun.has(shardName(shard));
    const look = isBegun ? lookAt(shard, entry, folder, now) : Promise.resolve<ShardState>({ shard, kind: 'open' });
    // Whoever waits for it is told.
    look.catch(() => undefined);
    looks.push(look);
    if (looks.length >= AT_ONCE) yield await (looks.shift() as Promise<ShardState>);
  }
  for (const look of looks) yield await look;
}

async function lookAt(
  shard: number,
  { rows }: ShardEntry,
  folder: string,
  now: () => Promise<number>,
): Promise<ShardState> {
  const done = await readDone(folder);
  if (done.kind === 'damaged') return { shard, kind: 'damaged', why: `its done.json is damaged: ${done.why}` };
  if (done.kind === 'read') {
    const told = rowsOf(done.record);
    if (told === rows) return { shard, kind: 'done', done: done.record };
    return { shard, kind: 'damaged', why: `its done.json tells of ${told} rows, and its list has ${rows}` };
  }
  const names = await namesIn(folder);
  if (names.includes(FAILED)) {
    const failed = await readFailed(folder);
    return { shard, kind: 'failed', failed: failed.kind === 'read' ? failed.record : undefined };
  }
  const last = claimFolders(names)[0];
  if (last === undefined) return { shard, kind: 'open' };
  const read = await readClaim(join(folder, last.name));
  const claim = read.kind === 'read' ? read.record : undefined;
  const age = read.kind === 'none' ? Infinity : Math.max(0, (await now()) - read.changed);
  const isAlive = !last.fenced && age < (claim?.lease ?? USUAL_LEASE) && !(claim !== undefined && isDead(claim));
  return { shard, kind: isAlive ? 'running' : 'left', number: last.number, claim, age };
}

/** What time it is by the clock of the storage; by that of this machine where nothing can be written there. */
function storageTime(directory: string): Promise<number> {
  return clockOf(planFolder(directory)).catch(() => Date.now());
}
