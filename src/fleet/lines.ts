/** Lines of a file that this program has written. */
import { createReadStream } from 'node:fs';
import { storageFailed } from '../journal/examine.js';

/** Bytes that are read at once. */
const BLOCK = 256 << 10;

/**
 * The lines of a text file, in arrays, without what ends them, which is LF alone: what Node calls lines end at U+2028 and
 * U+2029, too, which JSON has in texts as they are.
 *
 * @throws StorageError
 */
export async function* linesOf(path: string): AsyncGenerator<readonly string[], void, undefined> {
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: BLOCK });
  let rest = '';
  try {
    for await (const block of input) {
      const lines = (rest + (block as string)).split('\n');
      rest = lines.pop() as string;
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    throw storageFailed(error, 'read', path);
  } finally {
    input.destroy();
  }
  if (rest !== '') yield [rest];
}
