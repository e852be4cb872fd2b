/** Checksums by the names of files, as sha256sum and its like print them, or as BSD's do with a tag before them. */
import { createReadStream } from 'node:fs';
import { SluiceError } from '../errors.js';
import type { Checksum } from '../item.js';
import { printable } from '../shared/printable.js';
import { algorithmOf, readChecksum } from './checksum.js';
import { unreadable } from './read.js';

/** A backslash before the sum: the name has escapes (GNU Coreutils manual, 6.5). A star is for what was read as binary. */
const GNU = /^(\\?)([0-9a-f]+) [ *](.+)$/i;
const BSD = /^(\\?)([A-Z0-9-]+) \((.+)\) = ([0-9a-f]+)$/i;

/**
 * All of them are in memory, some 250 bytes each.
 *
 * @throws SluiceError LIST_UNREADABLE for a file that cannot be read, or a line that is none of these
 */
export async function readSums(path: string): Promise<ReadonlyMap<string, Checksum>> {
  const sums = new Map<string, Checksum>();
  let number = 0;
  const { createInterface } = await import('node:readline/promises');
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number += 1;
      if (line.trim() === '' || line.startsWith('#')) continue;
      const read = readSum(line);
      if (read === undefined) throw wrong(path, number, line);
      sums.set(read.name, read.checksum);
    }
  } catch (error) {
    throw unreadable(path, error, '--checksums');
  } finally {
    input.destroy();
  }
  return sums;
}

function readSum(line: string): { readonly name: string; readonly checksum: Checksum } | undefined {
  const [, gnuEscape, gnuHex, gnuName] = GNU.exec(line) ?? [];
  const [, bsdEscape, tag = '', bsdName, bsdHex] = BSD.exec(line) ?? [];
  const hex = gnuHex ?? bsdHex;
  const name = gnuName ?? bsdName;
  if (hex === undefined || name === undefined) return undefined;
  const algorithm = gnuHex === undefined ? algorithmOf(tag) : undefined;
  if (gnuHex === undefined && algorithm === undefined) return undefined;
  const checksum = readChecksum(hex, algorithm);
  if ('message' in checksum) return undefined;
  const isEscaped = (gnuEscape ?? bsdEscape) === '\\';
  const plain = isEscaped ? name.replaceAll(/\\([\\nr])/g, (_, of: string) => ESCAPES[of] as string) : name;
  return { name: plain.replace(/^(?:\.\/+)+/, ''), checksum };
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', r: '\r' };

function wrong(path: string, number: number, line: string): SluiceError {
  const where = `--checksums ${printable(path, 1000)}:${number}`;
  return new SluiceError('LIST_UNREADABLE', `${where}: no checksum and name: ${printable(line)}`, {
    hint: 'give what sha256sum, sha512sum, sha1sum or md5sum prints',
  });
}
