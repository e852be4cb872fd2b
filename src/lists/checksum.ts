/** Checksums as lists write them. */
import { type Checksum, CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../item.js';
import type { Fault } from './fault.js';

const DIGITS: Readonly<Record<ChecksumAlgorithm, number>> = { sha256: 64, sha1: 40, sha512: 128, md5: 32 };
const KNOWN = 'give md5 with 32 hexadecimal digits, sha1 with 40, sha256 with 64, or sha512 with 128';

/** From the weakest to the strongest. */
export const BY_STRENGTH: readonly ChecksumAlgorithm[] = ['md5', 'sha1', 'sha256', 'sha512'];

/** `sha-256`, `SHA256` and `sha256` are the same. */
export function algorithmOf(name: string): ChecksumAlgorithm | undefined {
  const plain = name.trim().toLowerCase().replace('-', '');
  return CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === plain);
}

/** @param algorithm without one, the length says which it is */
export function readChecksum(text: string, algorithm?: ChecksumAlgorithm): Checksum | Fault {
  const hex = text.trim().toLowerCase();
  if (!/^[0-9a-f]*$/.test(hex)) return { message: 'a checksum that is not hexadecimal', hint: KNOWN };
  const found = algorithm ?? CHECKSUM_ALGORITHMS.find((candidate) => DIGITS[candidate] === hex.length);
  if (found !== undefined && DIGITS[found] === hex.length) return { algorithm: found, hex };
  const of = algorithm === undefined ? 'any that is known' : algorithm;
  return { message: `a checksum of ${hex.length} digits, which is not the length of ${of}`, hint: KNOWN };
}

/** `sha-256=HEX`, as aria2 has it. */
export function readNamedChecksum(text: string): Checksum | Fault {
  const [name = '', hex = ''] = text.split('=', 2);
  const algorithm = algorithmOf(name);
  if (algorithm === undefined) return { message: 'a checksum of an algorithm that is not known', hint: KNOWN };
  return readChecksum(hex, algorithm);
}
