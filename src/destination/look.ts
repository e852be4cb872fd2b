/** What is in a destination, for who only asks: nothing is made, locked or removed. */
import { stat } from 'node:fs/promises';
import { UNFINISHED_FILE } from '../../workers/files.js';
import { baseOf, isInShards, LAYOUTS } from '../protocol/layouts.js';
import type { Layout } from '../protocol/settings.js';
import { ownFolder, refusePlan, shardsIn, whyNot } from './destination.js';
import { Present } from './present.js';

export interface Contents {
  /** Undefined where items have no files of their own. */
  readonly present: Present | undefined;
  /** Numbers. */
  readonly shards: ReadonlySet<number>;
}

/**
 * @throws UsageError for one that is no folder, StorageError when it cannot be read, SluiceError PLAN_THERE
 */
export async function lookIntoDestination(directory: string, layout: Layout): Promise<Contents> {
  const isThere = await isFolder(directory).catch((error: unknown) => {
    throw whyNot(directory, error);
  });
  if (isThere) await refusePlan(directory, ownFolder(directory));
  if (isInShards(layout)) return { present: undefined, shards: isThere ? await shardsIn(directory) : new Set() };
  // Of unfinished files all are taken for those of this run: they are left.
  const present = new Present({
    directory,
    base: baseOf(layout),
    own: UNFINISHED_FILE,
    whyNot: (error) => whyNot(directory, error),
  });
  if (isThere) await present.list(LAYOUTS[layout].folders);
  return { present, shards: new Set() };
}

/** @throws Error ENOTDIR */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${path} is no folder`), { code: 'ENOTDIR' });
}
