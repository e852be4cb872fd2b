/**
 * The files that are raced for: the same in every run, so that tables of two machines tell of the same work, and no two
 * of them alike, so that a body under another's name is noticed.
 */
import { type Cipher, createCipheriv } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { mulberry32 } from '../server/random.js';
import { breath } from './breath.js';

/** Bytes that are made and compared at once. */
export const PIECE = 1 << 20;
/** Bytes of each large file. */
export const LARGE = 512 * PIECE;
/** Bytes that a small file takes up on average, with what is left over of its last page. */
export const SMALL_SPACE = 15_000;

const SMALLEST = 1000;
const LARGEST = 36_000;
/** Sizes are spread as those of pictures on the web: many small ones, few large ones; this is the mean above the least. */
const SPREAD = 11_000;
const SEED = 20_261_120;

export interface Corpus {
  readonly folder: string;
  /** Paths on the server and names of the files, the same. */
  readonly names: readonly string[];
  readonly bytes: number;
  /** For people: how many, of what size. */
  readonly title: string;
}

export async function makeSmall(folder: string, count: number, signal: AbortSignal): Promise<Corpus> {
  const random = mulberry32(SEED);
  const sizes = Array.from({ length: count }, () =>
    Math.min(LARGEST, Math.floor(SMALLEST - SPREAD * Math.log(1 - random()))),
  );
  const { names, bytes } = await make(folder, sizes, signal);
  return { folder, names, bytes, title: `${inThousands(count)} files of 1 to 36 KB (${megabytes(bytes)})` };
}

export async function makeLarge(folder: string, count: number, size: number, signal: AbortSignal): Promise<Corpus> {
  const { names, bytes } = await make(folder, Array.from<number>({ length: count }).fill(size), signal);
  return { folder, names, bytes, title: `${count} files of ${size / PIECE} MiB` };
}

async function make(
  folder: string,
  sizes: readonly number[],
  signal: AbortSignal,
): Promise<{ names: string[]; bytes: number }> {
  mkdirSync(folder);
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const names: string[] = [];
  let bytes = 0;
  for (const [number, size] of sizes.entries()) {
    const name = `${String(number).padStart(6, '0')}.bin`;
    await write(join(folder, name), size, stream, signal);
    names.push(name);
    bytes += size;
  }
  return { names, bytes };
}

/** Cipher text of nothing: as random as can be, the same every time, and as fast as memory is filled. */
async function write(path: string, size: number, stream: Cipher, signal: AbortSignal): Promise<void> {
  const nothing = Buffer.alloc(Math.min(size, PIECE));
  if (size <= PIECE) {
    writeFileSync(path, stream.update(nothing));
    await breath(signal);
    return;
  }
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < size; at += PIECE) {
      writeSync(file, stream.update(nothing.subarray(0, size - at)));
      await breath(signal);
    }
  } finally {
    closeSync(file);
  }
}

export function inThousands(number: number): string {
  return number.toLocaleString('en-US');
}

function megabytes(bytes: number): string {
  return bytes < 10_000_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${inThousands(Math.round(bytes / 1e6))} MB`;
}
