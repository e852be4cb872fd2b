/** Makes folders with those above them. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StorageError, toPlain } from '../errors.js';
import { printable } from './printable.js';

/**
 * Makes a folder, and those above it that are not there. Node's own way never ends where a file system takes no folder and
 * says that what is above it is missing, as `/proc` does.
 *
 * @returns the topmost one that was made; undefined if all were there
 * @throws the system's error; StorageError STORE_FAILED where the file system takes none
 */
export async function makeFolders(path: string): Promise<string | undefined> {
  const folder = resolve(path);
  try {
    return (await make(folder)) ? folder : undefined;
  } catch (error) {
    if (!isMissing(error) || dirname(folder) === folder) throw error;
  }
  const topmost = await makeFolders(dirname(folder));
  try {
    return (await make(folder)) ? (topmost ?? folder) : topmost;
  } catch (error) {
    if (!isMissing(error)) throw error;
    const message = `cannot make the folder ${printable(folder, 1000)}: its file system takes none there`;
    throw new StorageError(toPlain(error, { code: 'STORE_FAILED', message, hint: 'choose another folder' }));
  }
}

/** @returns whether it was not there */
async function make(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    // Of a folder that is there, some systems say first that nobody may write beside it.
    if (isMissing(error) || !(await isFolder(folder))) throw error;
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
