/** What a run has left in its destination, however it ended: asserts that nothing of it is wrong, and tells what is there. */
import assert from 'node:assert/strict';
import { type Dirent, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { crc32 } from 'node:zlib';
import { type EndRecord, itemAt, type StoredRecord, storedAt } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import type { Layout } from '../../src/protocol/settings.js';
import type { Corpus } from './corpus.js';
import { entriesBelow } from './folders.js';
import { bodiesIn, membersOf, wholeIn } from './tars.js';

export interface Remains {
  /** Names of the corpus whose bodies have a final name, by themselves or in a shard. */
  readonly there: ReadonlySet<string>;
  /** Names of those that are whole in shards that are not sealed. */
  readonly kept: ReadonlySet<string>;
  /** Paths of files with final names. */
  readonly paths: readonly string[];
  /** What the program keeps for itself, seen from its folder. */
  readonly own: readonly string[];
  /** Of the journal. */
  readonly written: Written;
}

/** What a journal says. */
export interface Written {
  /** Names that it says are stored, by what the last word on them is. */
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly end: EndRecord | undefined;
  /** Bytes that a crash tore off its end. */
  readonly torn: number;
}

/** Reads one destination again and again while runs are killed in it. */
export class Examiner {
  readonly #directory: string;
  readonly #layout: Layout;
  readonly #corpus: Corpus;
  /** Shards that were whole, by path. */
  readonly #shards = new Map<string, { check: number; names: readonly string[]; members: readonly string[] }>();

  constructor(directory: string, layout: Layout, corpus: Corpus) {
    this.#directory = directory;
    this.#layout = layout;
    this.#corpus = corpus;
  }

  /** Files that it has read. */
  read = 0;

  async examine(): Promise<Remains> {
    const entries = entriesBelow(this.#directory);
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => this.#pathOf(entry));
    const paths = files.filter((path) => !isOwn(path)).toSorted();
    const there = this.#layout === 'tar' ? this.#inShards(paths) : this.#inFiles(paths);
    const own = entries.map((entry) => this.#pathOf(entry)).filter((path) => isOwn(path));
    const written = await readWritten(join(this.#directory, '.sluice', 'journal'));
    for (const [name, { size, crc32: check }] of written.stored) {
      assert.ok(there.has(name), `the journal has ${name}, and it is not there`);
      assert.deepEqual({ size, crc32: check }, this.#corpus.print(name), `the journal is wrong about ${name}`);
    }
    const parts = own.filter((path) => path.endsWith('.part'));
    const kept = new Set(parts.flatMap((path) => wholeIn(readFileSync(join(this.#directory, path)))));
    return { there, kept, paths, own, written };
  }

  #pathOf(entry: Dirent): string {
    return relative(this.#directory, join(entry.parentPath, entry.name));
  }

  #inFiles(paths: readonly string[]): Set<string> {
    const there = new Set<string>();
    for (const path of paths) {
      const name = basename(path);
      this.#assertWhole(name, readFileSync(join(this.#directory, path)));
      this.read += 1;
      assert.ok(!there.has(name), `${name} is there twice`);
      there.add(name);
    }
    return there;
  }

  #inShards(paths: readonly string[]): Set<string> {
    const there = new Set<string>();
    const members = new Set<string>();
    for (const path of this.#shards.keys()) assert.ok(paths.includes(path), `${path} is gone`);
    for (const path of paths) {
      const shard = this.#readShard(path);
      for (const name of shard.names) {
        assert.ok(!there.has(name), `${name} is in two shards`);
        there.add(name);
      }
      for (const name of shard.members) {
        assert.ok(!members.has(name), `the member ${name} is in two shards`);
        members.add(name);
      }
    }
    return there;
  }

  #readShard(path: string): { names: readonly string[]; members: readonly string[] } {
    const archive = readFileSync(join(this.#directory, path));
    const check = crc32(archive);
    this.read += 1;
    const known = this.#shards.get(path);
    if (known !== undefined) {
      assert.equal(check, known.check, `${path} is another one than before`);
      return known;
    }
    const bodies = bodiesIn([archive]);
    for (const [name, { body, description }] of bodies) {
      this.#assertWhole(name, body);
      assert.equal(basename(description.url), name);
    }
    const shard = { check, names: [...bodies.keys()], members: [...membersOf(archive).keys()] };
    this.#shards.set(path, shard);
    return shard;
  }

  #assertWhole(name: string, bytes: Buffer): void {
    assert.deepEqual({ size: bytes.length, crc32: crc32(bytes) }, this.#corpus.print(name), `${name} is torn`);
  }
}

/** Begins with a dot, by itself or in a folder of the layout. */
function isOwn(path: string): boolean {
  return path.startsWith('.') || basename(path).startsWith('.');
}

/** What the journal of a destination says, in which nothing may be damaged. */
async function readWritten(path: string): Promise<Written> {
  const stored = new Map<string, StoredRecord>();
  let begun = new Map<number, string>();
  let end: EndRecord | undefined;
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  // Killed before it had one.
  if (file === undefined) return { stored, end, torn: 0 };
  try {
    const extent = await readJournal(file, path, {
      run: () => {
        begun = new Map();
        end = undefined;
      },
      item: (index, payload, at) => begun.set(index, basename(itemAt(payload, at).name)),
      stored: (index, payload, at) => {
        const name = begun.get(index);
        assert.ok(name !== undefined, `${index} is stored and was not begun`);
        stored.set(name, storedAt(payload, at));
      },
      failed: (index) => assert.fail(`${begun.get(index)} has failed`),
      end: (record) => {
        end = record;
      },
    });
    return { stored, end, torn: extent?.torn ?? 0 };
  } finally {
    await file.close();
  }
}
