/** Where the journal of a shard is: in the folder of one of its claims. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError } from '../errors.js';
import { storageFailed } from '../journal/examine.js';
import { History } from '../journal/history.js';
import { JOURNAL } from '../journal/open.js';
import { isThere } from '../shared/is-there.js';
import { shardFolder } from './plan-folder.js';
import { DONE, readDone } from './records.js';

/** A folder that a claim has made. */
export interface ClaimFolder {
  readonly name: string;
  readonly number: number;
  /** It was taken over: its worker stores nothing any more. */
  readonly fenced: boolean;
}

const CLAIM_FOLDER = /^(\d{4,})(\.fenced)?$/;

/** What the folder of a claim is called, as long as nobody has taken it over. */
export function claimName(number: number): string {
  return String(number).padStart(4, '0');
}

export type ShardJournal =
  | { readonly kind: 'at'; readonly path: string }
  /** Nobody has begun the shard. */
  | { readonly kind: 'none' }
  /** It is done, and what became of its rows cannot be told. */
  | { readonly kind: 'missing'; readonly why: string };

/** Those of a shard, the last one first. @param names of what is in the shard's folder */
export function claimFolders(names: readonly string[]): readonly ClaimFolder[] {
  const folders = names.flatMap((name) => {
    const [, number, fenced] = CLAIM_FOLDER.exec(name) ?? [];
    return number === undefined ? [] : [{ name, number: Number(number), fenced: fenced !== undefined }];
  });
  return folders.toSorted((a, b) => b.number - a.number);
}

/** The one that its commit names; of a shard that is not done, that of the last claim that has one. @throws StorageError */
export async function journalOf(directory: string, shard: number): Promise<ShardJournal> {
  const folder = shardFolder(directory, shard);
  const names = await namesIn(folder);
  const done = names.includes(DONE) ? await readDone(folder) : undefined;
  const claims = claimFolders(names).map(({ name }) => name);
  const named = done?.kind === 'read' ? done.record.journal : undefined;
  const wanted = named === undefined ? claims : claims.filter((name) => name === named || name === `${named}.fenced`);
  for (const name of wanted) {
    const path = join(folder, name, JOURNAL);
    if (await isThere(path)) return { kind: 'at', path };
  }
  return done === undefined ? { kind: 'none' } : { kind: 'missing', why: 'its journal is not there' };
}

/**
 * What the journal of a shard tells.
 *
 * @returns undefined where nobody has begun it
 * @throws StorageError STORE_JOURNAL where it is done and the journal is damaged or not there
 */
export async function historyOf(directory: string, shard: number): Promise<History | undefined> {
  const journal = await journalOf(directory, shard);
  if (journal.kind === 'none') return undefined;
  if (journal.kind === 'at') return History.open(journal.path);
  const hint = 'sluice verify --repair fetches its items again';
  throw new StorageError({ code: 'STORE_JOURNAL', message: journal.why, hint });
}

/** Empty for a folder that is not there. @throws StorageError */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storageFailed(error, 'read', folder);
  }
}
