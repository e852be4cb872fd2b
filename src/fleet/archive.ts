/**
 * The archive of a shard of a plan, of the layout `tar`: exactly one, which has the shard's number. While a claim has the shard
 * it grows in the claim's folder, and gets its final name from there in one step: who has lost the shard finds nothing to
 * rename. What is there of it comes into that folder as a copy, since a worker that was stopped and not dead still has the
 * former open.
 */
import { constants } from 'node:fs';
import { copyFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { partName, shardName } from '../../workers/shard-name.js';
import { storageFailed } from '../journal/examine.js';
import { isThere } from '../shared/is-there.js';
import { claimFolders } from './journals.js';

/**
 * Copies what the claims before have left, or what is sealed. What in it is whole and counts, its run finds out.
 *
 * @param claim the folder of the claim
 * @throws StorageError
 */
export async function takeUpArchive(directory: string, shard: number, claim: string): Promise<void> {
  const folder = dirname(claim);
  const part = join(claim, partName(shard));
  try {
    const claims = claimFolders(await readdir(folder)).map(({ name }) => join(folder, name));
    const formers = claims.filter((name) => name !== claim).map((name) => join(name, partName(shard)));
    for (const former of formers) {
      if (!(await copyWhole(former, part))) continue;
      for (const each of formers) await rm(each, { force: true });
      return;
    }
    await copyWhole(archivePath(directory, shard), part);
  } catch (error) {
    throw storageFailed(error, 'copy', part);
  }
}

/** Whether the archive has its final name. */
export function isSealed(directory: string, shard: number): Promise<boolean> {
  return isThere(archivePath(directory, shard));
}

function archivePath(directory: string, shard: number): string {
  return join(directory, shardName(shard));
}

/** Whole or not at all. @returns false where there is none */
async function copyWhole(from: string, to: string): Promise<boolean> {
  const draft = `${to}.draft`;
  try {
    await copyFile(from, draft, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isThere(from))) return false;
    throw error;
  }
  await rename(draft, to);
  return true;
}
