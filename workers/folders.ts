/**
 * Folders that files go to: made once and only when needed. Not with what is above the destination: where that is gone,
 * unmounted perhaps, nothing is put in its place. And a link is no folder: it would lead out of the destination.
 */
import fs from 'node:fs';
import { SluiceError } from '../src/errors.js';

/** Folders that this thread has made or found to be folders. Each run has a scratch folder of its own name. */
const known = new Set<string>();
/** More are forgotten: names may have any number of folders, and to look for one again takes little. */
const MOST_KNOWN = 10_000;
/** Those that are being made or looked for. */
const underWay = new Map<string, Promise<void>>();

/** Makes the folder `name` below `root`, or finds it, and those between them; `root` is there. */
export function useFolder(root: string, name: string): void {
  if (known.has(`${root}/${name}`)) return;
  for (const folder of foldersBelow(root, name)) {
    if (!known.has(folder)) makeFolder(folder);
  }
}

/** The same through `fs.promises`. */
export async function useFolderAsync(root: string, name: string): Promise<void> {
  if (known.has(`${root}/${name}`)) return;
  for (const folder of foldersBelow(root, name)) {
    if (known.has(folder)) continue;
    let used = underWay.get(folder);
    if (used === undefined) {
      used = makeFolderAsync(folder).finally(() => underWay.delete(folder));
      underWay.set(folder, used);
    }
    await used;
  }
}

/**
 * Makes one folder, or finds it. One operation where none is there, and where storage is far, each is a round trip; whatever
 * else the answer is, one more tells whether there is a folder.
 */
export function makeFolder(folder: string): void {
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    accept(folder, fs.lstatSync(folder, { throwIfNoEntry: false }), error);
  }
  remember(folder);
}

/** From the top down. */
function foldersBelow(root: string, name: string): string[] {
  const parts = name.split('/');
  return parts.map((_part, depth) => `${root}/${parts.slice(0, depth + 1).join('/')}`);
}

/** The same as {@link makeFolder} through `fs.promises`. */
export async function makeFolderAsync(folder: string): Promise<void> {
  try {
    await fs.promises.mkdir(folder);
  } catch (error) {
    accept(folder, await fs.promises.lstat(folder).catch(() => undefined), error);
  }
  remember(folder);
}

/**
 * @param found what is in the folder's place, if anything is
 * @param error why no folder was made there
 */
function accept(folder: string, found: fs.Stats | undefined, error: unknown): void {
  if (found === undefined) throw error;
  if (found.isDirectory()) return;
  throw new SluiceError('STORE_EXISTS', `${folder} is no folder`, {
    hint: 'links are not followed: remove it, or choose another destination',
  });
}

function remember(folder: string): void {
  if (known.size === MOST_KNOWN) known.clear();
  known.add(folder);
}
