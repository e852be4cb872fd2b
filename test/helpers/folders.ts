/** What lies in folders. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Paths of all that lies below a folder and is no folder itself, seen from it, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** Makes a folder below another, and returns its path. */
export function subfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}
