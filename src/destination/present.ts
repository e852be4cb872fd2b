/**
 * What is in the destination. The folders of the layout are listed when a run begins; those of names only when the first item
 * of one comes, so that a run costs what its items need, whatever else lies there. A folder that is not in the one above it
 * is not looked for.
 */
import { lstat, opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UNFINISHED_FILE } from '../../workers/files.js';
import type { SluiceError } from '../errors.js';
import type { Presence } from '../journal/placement.js';
import { FingerprintSet } from '../plan/fingerprints.js';
import { NameSet } from '../plan/names.js';
import { foldersOf } from '../plan/paths.js';
import { CodeUnits } from '../shared/code-units.js';
import { type Hash, murmur3 } from '../shared/murmur3.js';

/** Names that are read at once. */
const LISTED_AT_ONCE = 1024;
/** Folders that are listed at once: as many as libuv has threads by itself, for each waits for the storage; of more, a part. */
const FOLDERS_AT_ONCE = Math.max(4, Math.ceil(Number(process.env['UV_THREADPOOL_SIZE'] ?? 4) / 4));

export interface PresentSettings {
  /** The destination. */
  readonly directory: string;
  /** How many characters of each name are the layout's folder. */
  readonly base: number;
  /** What the names of this run's own unfinished files begin with: they are left. */
  readonly own: string;
  /** What it means that a folder cannot be listed. */
  readonly whyNot: (error: unknown) => SluiceError;
}

export class Present implements Presence {
  readonly #settings: PresentSettings;
  readonly #names = new NameSet();
  readonly #folders = new NameSet();
  /** Folders that were listed, as they are written: on most systems `A` and `a` are two. */
  readonly #listed = new FingerprintSet(96);
  readonly #units = new CodeUnits();
  readonly #hash = new Uint32Array(4);
  /** The listings so far, one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(settings: PresentSettings) {
    this.#settings = settings;
  }

  /**
   * Lists folders, those of them that are there, and removes what runs that were killed have left in them. What is not in the
   * folder above it is not looked for.
   *
   * @throws StorageError
   */
  async list(folders: readonly string[]): Promise<void> {
    const above = new Set(folders.flatMap((folder) => foldersOf(folder)));
    await this.#listAll([...above], false);
    await this.#listAll(above.size === 0 ? folders : folders.filter((folder) => this.#folders.has(folder)));
  }

  /** @param isItems what is in them is items', or in the place of what is */
  async #listAll(folders: readonly string[], isItems = true): Promise<void> {
    try {
      for (let at = 0; at < folders.length; at += FOLDERS_AT_ONCE) {
        await Promise.all(folders.slice(at, at + FOLDERS_AT_ONCE).map((folder) => this.#list(folder, isItems)));
      }
    } catch (error) {
      throw this.#settings.whyNot(error);
    }
  }

  prepare(names: readonly string[]): Promise<void> | undefined {
    const { base } = this.#settings;
    const wanted = names.filter((name) => name.includes('/', base) && !this.#wasListed(folderOf(name)));
    if (wanted.length === 0) return undefined;
    const listed = this.#last.then(() => this.#listMissing(wanted));
    this.#last = listed.catch(() => undefined);
    return listed;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  blocking(name: string): string | undefined {
    if (!name.includes('/', this.#settings.base)) return undefined;
    return this.#foldersOf(name).find((folder) => this.#names.has(folder) && !this.#folders.has(folder));
  }

  /** From the top down, each level of all names at once. */
  async #listMissing(names: readonly string[]): Promise<void> {
    const levels = new Map<number, Set<string>>();
    for (const folder of names.flatMap((name) => this.#foldersOf(name))) {
      if (this.#wasListed(folder)) continue;
      const level = folder.split('/').length;
      levels.set(level, (levels.get(level) ?? new Set()).add(folder));
    }
    for (const [, level] of [...levels].toSorted(([a], [b]) => a - b)) {
      await this.#listAll([...level].filter((folder) => this.#folders.has(folder)));
      for (const folder of level) this.#listed.add(this.#hashOf(folder));
    }
  }

  /** Those that are not the layout's. */
  #foldersOf(name: string): string[] {
    return foldersOf(name).filter(({ length }) => length >= this.#settings.base);
  }

  async #list(folder: string, isItems: boolean): Promise<void> {
    const path = join(this.#settings.directory, folder);
    // Links are not followed: the store refuses them when it gets there.
    if (folder !== '' && !(await isFolder(path))) return;
    for await (const entry of await opendir(path, { bufferSize: LISTED_AT_ONCE })) {
      const { name } = entry;
      if (!name.startsWith('.')) {
        const found = folder === '' ? name : `${folder}/${name}`;
        if (isItems) this.#names.add(found);
        if (entry.isDirectory()) this.#folders.add(found);
      } else if (name.startsWith(UNFINISHED_FILE) && !name.startsWith(this.#settings.own)) {
        await rm(join(path, name), { force: true });
      }
    }
  }

  #wasListed(folder: string): boolean {
    return this.#listed.has(this.#hashOf(folder));
  }

  #hashOf(folder: string): Hash {
    this.#units.load(folder);
    murmur3(this.#units, this.#hash);
    return this.#hash;
  }
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
