/**
 * Folders that files go to: made once and only when needed. Not with what is above the destination: where that is gone,
 * unmounted perhaps, nothing is put in its place. And a link is no folder: it would lead out of the destination.
 */
import fs from 'node:fs';
import { SluiceError } from '../src/errors.js';
import { LAYOUTS } from '../src/protocol/layouts.js';

/** Folders that this thread has made or found to be folders. Each run has a scratch folder of its own name. */
const known = new Set<string>();
/** More are forgotten: names may have any number of folders, and to look for one again takes little. */
const MOST_KNOWN = 10_000;
/** Those that are being made or looked for. */
const underWay = new Map<string, Promise<void>>();

/** The folders of layouts, and those above them, by their numbers in what threads share. */
const LAYOUT_FOLDERS = new Map(
  [...new Set(LAYOUTS.hashed.folders.flatMap((folder) => [folder, folder.slice(0, folder.indexOf('/'))]))].map(
    (folder, number) => [folder, number],
  ),
);

/**
 * What the threads of a run tell one another of the layout's folders, a byte for each: to make one that is there takes its
 * parent's lock as well, and where all threads did so with all folders, they would stand in line.
 */
export function shareFolders(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(LAYOUT_FOLDERS.size));
}

/**
 * Makes the folder `name` below `root`, or finds it, and those between them; `root` is there.
 *
 * @param made what threads tell one another of the folders of `root`, if they are the layout's
 */
export function useFolder(root: string, name: string, made?: Uint8Array): void {
  if (known.has(`${root}/${name}`)) return;
  for (const folder of foldersBelow(root, name)) {
    if (isKnown(root, folder, made)) continue;
    makeFolder(folder);
    tell(root, folder, made);
  }
}

/** The same through `fs.promises`. */
export async function useFolderAsync(root: string, name: string, made?: Uint8Array): Promise<void> {
  if (known.has(`${root}/${name}`)) return;
  for (const folder of foldersBelow(root, name)) {
    if (isKnown(root, folder, made)) continue;
    let used = underWay.get(folder);
    if (used === undefined) {
      used = makeFolderAsync(folder)
        .then(() => tell(root, folder, made))
        .finally(() => underWay.delete(folder));
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

/** To this thread, or to another one. */
function isKnown(root: string, folder: string, made: Uint8Array | undefined): boolean {
  if (known.has(folder)) return true;
  const number = made && LAYOUT_FOLDERS.get(folder.slice(root.length + 1));
  if (number === undefined || Atomics.load(made as Uint8Array, number) === 0) return false;
  remember(folder);
  return true;
}

function tell(root: string, folder: string, made: Uint8Array | undefined): void {
  const number = made && LAYOUT_FOLDERS.get(folder.slice(root.length + 1));
  if (number !== undefined) Atomics.store(made as Uint8Array, number, 1);
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
