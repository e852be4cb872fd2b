/** A folder of lists. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';
import { isListName } from './detect.js';

/**
 * The lists in a folder, by name; the path itself if it is none.
 *
 * @throws UsageError for a folder without a list
 */
export async function listsIn(path: string): Promise<string[]> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    // Whoever reads it tells what is wrong with it.
    if (error.code === 'ENOTDIR' || error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  });
  if (names === undefined) return [path];
  const lists: string[] = [];
  for (const name of names.sort()) {
    if (name.startsWith('.') || !isListName(name)) continue;
    if ((await stat(join(path, name))).isFile()) lists.push(join(path, name));
  }
  if (lists.length > 0) return lists;
  throw new UsageError(
    `--input-file ${printable(path, 1000)} is a folder without a list`,
    'a list in a folder is known by its name: .txt, .csv, .tsv, .jsonl, .json, .parquet, .aria2, .meta4, .metalink or .xml, perhaps with .gz or .zst after it',
  );
}
