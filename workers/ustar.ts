/**
 * The tar format: POSIX.1-2017, pax, "ustar Interchange Format", and its extended header for the one thing that members
 * of a shard may have and ustar cannot say: 8 GiB and more.
 */

/** Bytes: everything in an archive begins at a multiple of it. */
export const BLOCK_SIZE = 512;
/** Bytes: an archive is padded to a multiple of it, as by GNU tar with its default blocking factor of 20. */
export const RECORD_SIZE = 20 * BLOCK_SIZE;
/** Bytes of a header with room for any size: an extended header, its one record, and the member's own header. */
export const LONG_HEADER_SIZE = 3 * BLOCK_SIZE;
/** The most that eleven octal digits can say. */
const MAX_OCTAL = 8 ** 11 - 1;

export interface Member {
  /** ASCII, at most 88 characters. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** Bytes that `size` bytes take in an archive. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
}

/** The header of a member of less than 8 GiB. */
export function header(member: Member): Buffer {
  return block(member, '0');
}

/** The header of a member of any size; always of {@link LONG_HEADER_SIZE}, so that its place can be kept free. */
export function longHeader(member: Member): Buffer {
  const record = sizeRecord(member.size);
  const extended = block({ ...member, name: `PaxHeaders/${member.name}`, size: record.length }, 'x');
  const content = Buffer.alloc(BLOCK_SIZE);
  content.write(record, 'latin1');
  // Where ustar cannot say it the record alone does, and the field holds 0, as in the archives of Python's tarfile.
  return Buffer.concat([extended, content, block(member.size > MAX_OCTAL ? { ...member, size: 0 } : member, '0')]);
}

/** `LENGTH size=BYTES\n`, where the length counts its own digits. */
function sizeRecord(size: number): string {
  const text = ` size=${size}\n`;
  // A record is shorter than 98 characters, so that its length has two digits.
  return `${text.length + 2}${text}`;
}

/** Mode 0644, and nobody's: owners mean nothing where the archive is read. */
function block({ name, size, mtime }: Member, type: '0' | 'x'): Buffer {
  const bytes = Buffer.alloc(BLOCK_SIZE);
  bytes.write(name, 0, 'latin1');
  bytes.write('0000644\u00000000000\u00000000000\0', 100, 'latin1');
  bytes.write(`${octal(size)}\0${octal(Math.min(Math.max(mtime, 0), MAX_OCTAL))}\0`, 124, 'latin1');
  // The checksum counts itself as spaces.
  bytes.write(`        ${type}`, 148, 'latin1');
  bytes.write('ustar\u000000', 257, 'latin1');
  bytes.write('0000000\u00000000000\0', 329, 'latin1');
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
  return bytes;
}

function octal(value: number): string {
  return Math.trunc(value).toString(8).padStart(11, '0');
}
