/** Whether a contestant brought what it was to bring: every file, byte for byte, also those that lie in shards. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { breath } from './breath.js';
import { type Corpus, PIECE } from './corpus.js';

const BLOCK = 512;

/** How many files of the corpus lie below `destination`, whole. What has a dot in front is nobody's final name. */
export async function countRight(destination: string, corpus: Corpus, signal: AbortSignal): Promise<number> {
  const wanted = new Set(corpus.names);
  const right = new Set<string>();
  const compare = comparison();
  for (const path of readdirSync(destination, { recursive: true, encoding: 'utf8' })) {
    if (path.split(sep).some((part) => part.startsWith('.'))) continue;
    const name = basename(path);
    if (name.endsWith('.tar')) {
      for (const [member, body] of membersOf(readFileSync(join(destination, path)))) {
        if (wanted.has(member) && body.equals(readFileSync(join(corpus.folder, member)))) right.add(member);
        await breath(signal);
      }
    } else if (wanted.has(name) && (await compare(join(destination, path), join(corpus.folder, name), signal))) {
      right.add(name);
    }
  }
  return right.size;
}

/** Compares files of any size, in the same two pieces of memory. */
function comparison(): (one: string, other: string, signal: AbortSignal) => Promise<boolean> {
  const pieces = [Buffer.allocUnsafe(PIECE), Buffer.allocUnsafe(PIECE)] as const;
  return async (one, other, signal) => {
    const files: number[] = [];
    try {
      for (const path of [one, other]) files.push(openSync(path, 'r'));
      const [first, second] = files as [number, number];
      const { size } = fstatSync(first);
      if (fstatSync(second).size !== size) return false;
      for (let at = 0; at < size; at += PIECE) {
        if (!read(first, pieces[0], at).equals(read(second, pieces[1], at))) return false;
        await breath(signal);
      }
      return true;
    } finally {
      for (const file of files) closeSync(file);
    }
  };
}

/** A piece of a file, short only at its end: some storage gives less at once than it is asked for. */
function read(file: number, piece: Buffer, at: number): Buffer {
  let length = 0;
  for (;;) {
    const got = readSync(file, piece, length, piece.length - length, at + length);
    length += got;
    if (got === 0 || length === piece.length) return piece.subarray(0, length);
  }
}

/** The bodies in a shard by the names of their items, which the description behind each body tells. */
export function* membersOf(shard: Buffer): Generator<[name: string, body: Buffer]> {
  let body: Buffer | undefined;
  for (let at = 0; at + BLOCK <= shard.length && shard[at] !== 0;) {
    const size = parseInt(shard.toString('latin1', at + 124, at + 135), 8);
    const type = shard.toString('latin1', at + 156, at + 157);
    const name = shard.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const content = shard.subarray(at + BLOCK, at + BLOCK + size);
    // Extended headers tell nothing that matters of less than 8 GiB.
    if (type === '0' && body === undefined) {
      body = content;
    } else if (type === '0' && name.endsWith('.json')) {
      yield [(JSON.parse(content.toString()) as { name: string }).name, body as Buffer];
      body = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
