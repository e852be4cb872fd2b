/**
 * Files that other programs have downloaded become a destination's: of each item of the lists whose file is there, its size
 * and its time are written down. Nothing is requested or read, and nothing but the journal is written.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Destination } from '../destination/destination.js';
import type { StorageError } from '../errors.js';
import type { Entry, Item, Refused } from '../item.js';
import { isNoFile, storageFailed } from '../journal/examine.js';
import { openJournal, type Opened } from '../journal/open.js';
import { FAILED, hasSize, keyOf, OK, stateOf } from '../journal/state-index.js';
import type { Source } from '../lists/source.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { foldersOf } from '../plan/paths.js';
import { plan } from '../plan/plan.js';
import { version } from '../shared/version.js';
import { mark } from './resume.js';

/** What became of the entries of the lists. */
export interface Adoption {
  /** Files that are known from now on. */
  readonly adopted: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** Items that runs have begun before. */
  readonly known: number;
  /** Items without a file. */
  readonly missing: number;
  readonly refused: number;
  readonly duplicates: number;
}

interface Found {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** What aria2 has beside a file that is not whole. */
const UNFINISHED = '.aria2';

/**
 * @param onRefused told of each row that is no URL
 * @throws UsageError, StorageError or SluiceError as a download does
 */
export async function adopt(
  sources: readonly Source[],
  options: ResolvedOptions,
  onRefused: (refused: Refused) => void,
): Promise<Adoption> {
  const { directory, layout, name: template, checksums, state, durable } = options;
  const entries = plan(sources, { layout, template, checksums, directory });
  // Bad input leaves nothing half-done.
  const first = await entries.next();
  const destination = await Destination.open(directory, durable);
  let adopter: Adopter | undefined;
  try {
    if (state !== undefined) await destination.holdState(state, durable);
    let failure: StorageError | undefined;
    const known = await openJournal({
      folder: state ?? destination.own,
      named: state !== undefined,
      durable,
      overwrite: false,
      update: false,
      dedupe: false,
      shards: new Set(),
      parts: new Map(),
      captionColumn: undefined,
      archive: undefined,
      run: { version, directory, layout, lists: await Promise.all(sources.map(mark)) },
      onFailure: (error) => (failure = error),
    });
    adopter = new Adopter(directory, known, onRefused);
    if (first.done !== true) await adopter.note(first.value);
    for await (const batch of entries) await adopter.note(batch);
    await adopter.close();
    if (failure !== undefined) throw failure;
    return adopter;
  } finally {
    await entries.return();
    await adopter?.leave();
    await destination.close();
  }
}

class Adopter implements Adoption {
  adopted = 0;
  bytes = 0;
  known = 0;
  missing = 0;
  refused = 0;
  duplicates = 0;
  readonly #directory: string;
  readonly #known: Opened;
  readonly #onRefused: (refused: Refused) => void;
  /** Whether folders are what they seem: links are not followed. */
  readonly #folders = new Map<string, Promise<boolean>>();

  constructor(directory: string, known: Opened, onRefused: (refused: Refused) => void) {
    this.#directory = directory;
    this.#known = known;
    this.#onRefused = onRefused;
  }

  /** @throws StorageError */
  async note(entries: readonly Entry[]): Promise<void> {
    const { journal } = this.#known;
    await Promise.all(
      entries.map(async (entry) => {
        if (entry.kind === 'item') await this.#item(entry.item);
        else this.#other(entry);
      }),
    );
    await journal.written();
  }

  async close(): Promise<void> {
    // With some of them missing, the same list is to be gone through by a run.
    const complete = this.missing === 0;
    await this.#known.journal.close({ complete, ended: new Date().toISOString() });
  }

  /** May be called after {@link close}. */
  async leave(): Promise<void> {
    await this.#known.journal.leave();
  }

  #other(entry: Exclude<Entry, { kind: 'item' }>): void {
    const { journal } = this.#known;
    if (entry.kind === 'duplicate') {
      this.duplicates += 1;
      journal.duplicate(entry.duplicate);
      return;
    }
    this.refused += 1;
    journal.refused(entry.refused);
    this.#onRefused(entry.refused);
  }

  async #item(item: Item): Promise<void> {
    const { journal, states } = this.#known;
    const key = keyOf(item.url, item.name);
    const standing = states.get(key);
    const state = standing === undefined ? undefined : stateOf(standing);
    // What a run has begun, the next one knows how to go on with.
    if (state !== undefined && state !== FAILED && state !== OK) {
      this.known += 1;
      return;
    }
    const found = await this.#find(item.name);
    if (found === undefined) {
      this.missing += 1;
    } else if (standing !== undefined && state === OK && hasSize(standing, found.size)) {
      this.known += 1;
    } else {
      const { size, modified } = found;
      const now = Date.now();
      // A time that is yet to come would make a server say for ever that nothing has changed since.
      const lastModified = modified <= now ? new Date(modified).toUTCString() : '';
      const answer = { status: 0, url: item.origin + item.path, contentType: '', etag: '', lastModified };
      const times = { asked: now, answered: undefined, fetched: undefined, stored: undefined };
      journal.begin(item.index, key, item);
      const learned = { url: item.url, answer, times, tries: 0, checksum: undefined };
      journal.stored(item.index, { size, crc32: 0, unread: true }, false, learned);
      this.adopted += 1;
      this.bytes += size;
    }
  }

  /** A file of this name, unless it is known not to be whole. @throws StorageError */
  async #find(name: string): Promise<Found | undefined> {
    const path = join(this.#directory, name);
    try {
      for (const folder of foldersOf(name)) if (!(await this.#isFolder(folder))) return undefined;
      const found = await lstat(path);
      if (!found.isFile() || (await exists(path + UNFINISHED))) return undefined;
      return { size: found.size, modified: Math.floor(found.mtimeMs) };
    } catch (error) {
      if (isNoFile(error)) return undefined;
      throw storageFailed(error, 'read', path);
    }
  }

  #isFolder(folder: string): Promise<boolean> {
    let isFolder = this.#folders.get(folder);
    if (isFolder === undefined) {
      isFolder = lstat(join(this.#directory, folder)).then((found) => found.isDirectory());
      this.#folders.set(folder, isFolder);
    }
    return isFolder;
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
