/** Files that hold passwords. */
import { readFile, stat } from 'node:fs/promises';
import { printable } from '../shared/printable.js';

/**
 * The text of one; that others can read it is told.
 *
 * @param warnings gets a line
 * @throws what the operating system said
 */
export async function readSecret(
  path: string,
  holds: 'the password' | 'the passwords',
  warnings: string[],
): Promise<string> {
  const text = await readFile(path, 'utf8');
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const what = holds === 'the password' ? 'it' : 'them';
    warnings.push(`*** Warning: others can read ${holds} in ${printable(path, 1000)}: chmod 600 keeps ${what} to you.`);
  }
  return text;
}
