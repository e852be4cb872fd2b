/**
 * `--dedupe`: files with the same bytes become one file with several names, where the storage has such. A file is stored under
 * its own name first, as all are. Then a link to the other one is made under a temporary name, and takes its place by a rename
 * once it is known to lead to the same bytes. So a final name never has anything but whole bytes, and those of its item,
 * whatever happens on the way; where no link can be made, the file stays what it is.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { link, lstat, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolderAsync, syncStored } from '../../workers/durable.js';
import { describeStoreFailure } from '../../workers/failure.js';
import { Gate } from '../../workers/gate.js';
import { isCancelled } from '../../workers/plain.js';
import { StorageError } from '../errors.js';
import type { Item } from '../item.js';
import type { Bodies } from '../journal/bodies.js';
import { openFile } from '../journal/examine.js';
import { foldersOf } from '../plan/paths.js';
import { isStored, type StoredFile, type StoreResult } from '../protocol/result.js';
import type { StoreSettings } from '../protocol/settings.js';

/** Files that are read or linked at once: libuv's threads look up names, too. */
const AT_ONCE = 32;
/** How often a file is linked to that is another one by then. */
const MOST_TRIES = 3;
/** Files that others become links to, of which it is remembered that their bytes were read: few bodies are in many files. */
const MOST_PROVEN = 1000;
/** Bytes that are read at once. */
const PIECE = 256 << 10;
/** The file that was to be linked to is gone, or something in its path is a link. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

export type DedupeSettings = Pick<StoreSettings, 'directory' | 'scratch' | 'durable' | 'cancelled'>;

/** A file whose bytes are what they are to be, for as long as it looks the same. */
interface Proven {
  readonly name: string;
  readonly stats: BigIntStats;
}

/**
 * `apart`: there is no link, and it will be tried again; `full`: the file has as many names as it can have; `other`: it is not the
 * one that was proven.
 */
type Linking = 'linked' | 'apart' | 'full' | 'other';

export class Dedupe {
  readonly #settings: DedupeSettings;
  readonly #bodies: Bodies;
  readonly #pending = new Set<Promise<void>>();
  /** By hash, files that are being read. */
  readonly #proving = new Map<string, Promise<Proven | undefined>>();
  /** By hash, those that were; the one that was used last comes last. */
  readonly #proven = new Map<string, Proven>();
  readonly #atOnce = new Gate(AT_ONCE);
  #links = 0;

  constructor(settings: DedupeSettings, bodies: Bodies) {
    this.#settings = settings;
    this.#bodies = bodies;
  }

  /**
   * A file has its final name.
   *
   * @param item as its file is called
   * @param onSettled told what has the name then; at once where no other file is known to have the same bytes
   */
  settle(item: Item, file: StoredFile, onSettled: (result: StoreResult) => void): void {
    const { checksum, size } = file;
    // Of no bytes, nothing is saved.
    if (checksum?.algorithm !== 'sha256' || size === 0) {
      onSettled(file);
      return;
    }
    const { hex } = checksum;
    if (!this.#bodies.has(hex)) {
      this.#bodies.note(hex, item.index);
      onSettled(file);
      return;
    }
    const settled: Promise<void> = this.#atOnce
      .within(1, () => this.#join(item, file, hex))
      .catch((error: unknown) => describeStoreFailure(error, item.name, this.#settings))
      .then((result) => {
        this.#pending.delete(settled);
        onSettled(result);
      });
    this.#pending.add(settled);
  }

  /** The same of a file that an earlier run has stored, and not written down. @throws StorageError */
  async settleFound(item: Item, file: StoredFile): Promise<StoredFile> {
    const result = await new Promise<StoreResult>((resolve) => this.settle(item, file, resolve));
    if (isStored(result)) return result;
    throw new StorageError(result);
  }

  /** Resolves when all is settled. */
  async drain(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** @throws StorageError for a sync that failed: then nobody knows what is on the storage */
  async #join(item: Item, file: StoredFile, hex: string): Promise<StoredFile> {
    for (let tries = 0; tries < MOST_TRIES && !isCancelled(this.#settings); tries += 1) {
      const others = this.#proving.get(hex);
      const target = this.#lastProven(hex) ?? (await (others ?? this.#proveFor(item, hex)));
      if (target === undefined) {
        // Who has found that out has a file with these bytes, too.
        if (others !== undefined) continue;
        return file;
      }
      const linking = await this.#link(target, item.name);
      if (linking === 'linked' || linking === 'apart') {
        return { ...file, same: { name: target.name, linked: linking === 'linked' } };
      }
      if (this.#proven.get(hex) === target) this.#proven.delete(hex);
      if (linking === 'other') continue;
      this.#bodies.note(hex, item.index);
      return { ...file, same: { name: target.name, linked: false } };
    }
    return file;
  }

  #lastProven(hex: string): Proven | undefined {
    const known = this.#proven.get(hex);
    if (known === undefined) return undefined;
    this.#proven.delete(hex);
    this.#proven.set(hex, known);
    return known;
  }

  /** @returns undefined where there is no other file with these bytes: then others become links to this one */
  #proveFor(item: Item, hex: string): Promise<Proven | undefined> {
    const proving = this.#prove(hex)
      .then((found) => {
        if (found === undefined || found.name === item.name) {
          this.#bodies.note(hex, item.index);
          return undefined;
        }
        this.#proven.set(hex, found);
        if (this.#proven.size > MOST_PROVEN) this.#proven.delete(this.#proven.keys().next().value as string);
        return found;
      })
      .finally(() => this.#proving.delete(hex));
    this.#proving.set(hex, proving);
    return proving;
  }

  /** Reads it: nobody knows what has become of a file since it was stored. */
  async #prove(hex: string): Promise<Proven | undefined> {
    const { directory, durable } = this.#settings;
    try {
      const name = await this.#bodies.nameOf(hex);
      if (name === undefined || !(await this.#isInside(name))) return undefined;
      const path = join(directory, name);
      const stats = await this.#read(path, hex);
      if (stats === undefined) return undefined;
      // An earlier run may not have synced it.
      if (durable) await syncStored(path);
      return { name, stats };
    } catch (error) {
      if (error instanceof StorageError) throw error;
      return undefined;
    }
  }

  /** @returns what tells that it has not changed since, if its hash is this one */
  async #read(path: string, hex: string): Promise<BigIntStats | undefined> {
    const file = await openFile(path);
    try {
      const stats = await file.stat({ bigint: true });
      const buffer = Buffer.allocUnsafeSlow(PIECE);
      const hash = createHash('sha256');
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, PIECE, null);
        if (bytesRead === 0) break;
        if (isCancelled(this.#settings)) return undefined;
        hash.update(buffer.subarray(0, bytesRead));
      }
      return hash.digest('hex') === hex && isSame(stats, await file.stat({ bigint: true })) ? stats : undefined;
    } finally {
      await file.close();
    }
  }

  /** Whether no folder before the name is a link: what is elsewhere is not ours to link to. */
  async #isInside(name: string): Promise<boolean> {
    for (const folder of foldersOf(name)) {
      if (!(await lstat(join(this.#settings.directory, folder))).isDirectory()) return false;
    }
    return true;
  }

  async #link({ name: target, stats }: Proven, name: string): Promise<Linking> {
    const { directory, scratch, durable } = this.#settings;
    this.#links += 1;
    const temporary = join(scratch, `link-${this.#links}`);
    const path = join(directory, name);
    try {
      await link(join(directory, target), temporary);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EMLINK') return 'full';
      return GONE.has(code) ? 'other' : 'apart';
    }
    let linking: Linking = 'apart';
    try {
      if (isSame(await lstat(temporary, { bigint: true }), stats)) {
        await rename(temporary, path);
        linking = 'linked';
      } else linking = 'other';
    } catch {
      // The file stays what it is.
    }
    if (linking !== 'linked') {
      await unlink(temporary).catch(() => undefined);
      return linking;
    }
    if (durable) await syncFolderAsync(dirname(path));
    return 'linked';
  }
}

/** Whether a file is the one that it was, and nobody has written to it since. */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.dev === other.dev && one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs;
}
