/** Files that a command writes besides its work. */
import { printable } from '../shared/printable.js';

/**
 * Writes what a command was asked to write besides its work, which counts whether that succeeds or not.
 *
 * @param option that names the file
 * @returns whether it is whole; why not is told
 */
export async function isWritten(option: string, path: string, write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    const why = `${option} ${printable(path, 1000)} is not whole: ${printable((error as Error).message)}`;
    process.stderr.write(`*** Error: ${why}: choose another place\n`);
    return false;
  }
}
