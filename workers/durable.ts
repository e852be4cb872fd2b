/**
 * What makes stored files outlast a power cut: the data of a file is synced before it gets its final name, and the folder
 * that the name is in before anybody is told of it; a folder once for all the names that a batch made in it. A sync that
 * fails is never tried again: the second one may succeed although what was written is lost.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { PlainError } from '../src/errors.js';
import type { StoredFile } from '../src/protocol/result.js';
import type { StoreSettings } from '../src/protocol/settings.js';
import { count } from './clock.js';
import { describeStoreFailure, syncFailed } from './failure.js';

const datasync = promisify(fs.fdatasync);

/** @throws StorageError STORE_SYNC; `path` is for its message */
export function syncFile(fd: number, path: string): void {
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    throw syncFailed(error, path);
  }
}

/** @throws StorageError STORE_SYNC; `path` is for its message */
export async function syncFileAsync(fd: number, path: string): Promise<void> {
  try {
    await datasync(fd);
  } catch (error) {
    throw syncFailed(error, path);
  }
}

/** What of a folder cannot be opened or synced, as on Windows and on some file systems, keeps its names by other means. */
const NO_SUCH_THING: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EBADF',
  'EINVAL',
  'EISDIR',
  'ENOSYS',
  'ENOTSUP',
  'EPERM',
]);

/** @throws StorageError STORE_SYNC */
export function syncFolder(folder: string): void {
  try {
    const fd = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    judge(error, folder);
  }
}

/** @throws StorageError STORE_SYNC */
export async function syncFolderAsync(folder: string): Promise<void> {
  try {
    const handle = await fs.promises.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    judge(error, folder);
  }
}

/** Syncs a file that is there, and its name. @throws StorageError STORE_SYNC, or what the operating system said */
export async function syncStored(path: string): Promise<void> {
  const handle = await fs.promises.open(path, 'r+');
  try {
    await syncFileAsync(handle.fd, path);
  } finally {
    await handle.close();
  }
  await syncFolderAsync(dirname(path));
}

function judge(error: unknown, folder: string): void {
  if (!NO_SUCH_THING.has((error as NodeJS.ErrnoException).code)) throw syncFailed(error, folder);
}

/** The names that a stored body has got: its own, and that of the image that came. */
export function namesOf(name: string, { image }: StoredFile): readonly string[] {
  return image?.original === undefined ? [name] : [image.original.name, name];
}

/**
 * Syncs the names of files that a batch has stored, if they are to outlast a power cut.
 *
 * @returns why they do not
 */
export function fsyncFiles(names: readonly string[], settings: StoreSettings): PlainError | undefined {
  if (!settings.durable || names.length === 0) return undefined;
  const started = performance.now();
  try {
    const folders = foldersOf(names, settings.directory);
    for (const folder of folders) syncFolder(folder);
    anchor(folders);
    return undefined;
  } catch (error) {
    return describeStoreFailure(error, names[0] as string, settings);
  } finally {
    count('write', started);
  }
}

/** The same as {@link fsyncFiles} through libuv's threads, together with other batches that make names in the same folders. */
export async function fsyncFilesAsync(
  names: readonly string[],
  settings: StoreSettings,
): Promise<PlainError | undefined> {
  if (!settings.durable || names.length === 0) return undefined;
  const started = performance.now();
  try {
    const folders = foldersOf(names, settings.directory);
    await Promise.all([...folders].map((folder) => syncTogether(folder)));
    anchor(folders);
    return undefined;
  } catch (error) {
    return describeStoreFailure(error, names[0] as string, settings);
  } finally {
    count('write', started);
  }
}

/** Folders whose own names, and those above them, this thread has synced. */
const anchored = new Set<string>();
/** More are forgotten, and synced once more. */
const MOST_ANCHORED = 10_000;

function anchor(folders: ReadonlySet<string>): void {
  if (anchored.size > MOST_ANCHORED) anchored.clear();
  for (const folder of folders) anchored.add(folder);
}

/** The folders that names are in, and those above them up to the destination whose own names may not be synced. */
function foldersOf(names: readonly string[], directory: string): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const name of names) {
    let folder = dirname(`${directory}/${name}`);
    folders.add(folder);
    if (anchored.has(folder)) continue;
    while (folder.length > directory.length) {
      folder = dirname(folder);
      folders.add(folder);
    }
  }
  return folders;
}

/** Syncs of folders that are under way, and those that begin after them. */
const running = new Map<string, Promise<void>>();
const queued = new Map<string, Promise<void>>();

/** One that is under way may have begun before the name was made; one that has not begun will do for all who wait. */
function syncTogether(folder: string): Promise<void> {
  const before = running.get(folder);
  if (before === undefined) return begin(folder);
  const next =
    queued.get(folder) ??
    before.then(() => {
      queued.delete(folder);
      return begin(folder);
    });
  queued.set(folder, next);
  return next;
}

function begin(folder: string): Promise<void> {
  const synced = syncFolderAsync(folder).finally(() => running.delete(folder));
  running.set(folder, synced);
  return synced;
}
