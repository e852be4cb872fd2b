/** What lies in folders. */
import { type Dirent, mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Where a run is written down: it stays. */
const JOURNAL = join('.sluice', 'journal');

/**
 * All that lies below a folder. Node 22 and later follow links where they list recursively; this does not. A run may be
 * at work there: of a folder that it removes meanwhile there is what was seen of it.
 */
export function entriesBelow(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesIfThere(join(folder, entry.name))] : [entry],
  );
}

function entriesIfThere(folder: string): Dirent[] {
  try {
    return entriesBelow(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Paths of all that lies below a folder and is neither a folder nor a journal, seen from it, sorted. */
export function filesBelow(folder: string): string[] {
  return entriesBelow(folder)
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== JOURNAL)
    .toSorted();
}

/** Makes a folder below another, and returns its path. */
export function subfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
