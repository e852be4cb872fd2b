/** Where a measurement stores: a folder of its own below the destination, removed with all that is in it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { whyNot } from '../destination/destination.js';
import { UsageError } from '../errors.js';
import { makeFolders } from '../shared/folders.js';
import { formatBytes } from '../shared/format.js';

const PREFIX = '.sluice-bench-';
/** The types of `statfs` for tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);
/** Milliseconds for which ext4 is slow where files were just removed. */
const REST = 5_000;
/** Share of the free room that may be filled, and bytes that runs may keep before what they stored is removed. */
const FILLED = 0.5;
const MOST_KEPT = 4 * 2 ** 30;
/** Rounding of small files up to what a file system gives out. */
const BLOCK = 4096;

export class Place {
  /** Absolute. */
  readonly directory: string;
  /** Of the file system, as the operating system calls it. */
  readonly fileSystem: string | null;
  readonly #folder: string;
  /** The folders above it that were not there. */
  readonly #made: readonly string[];
  readonly #inMemory: boolean;
  /** Bytes. */
  readonly #room: number;
  #kept = 0;
  #largest = 0;
  #runs = 0;
  /** How often files were removed between runs where that may show in the next ones, which it does not in memory. */
  sweeps = 0;

  private constructor(directory: string, folder: string, made: readonly string[], system: System) {
    this.directory = directory;
    this.fileSystem = system.name;
    this.#folder = folder;
    this.#made = made;
    this.#inMemory = system.inMemory;
    this.#room = FILLED * system.free;
  }

  /**
   * Makes the destination where it is not there, and tries whether it can be written to.
   *
   * @throws UsageError when it is no folder, or holds what another measurement has not removed; StorageError when nothing
   *   can be written to it
   */
  static async open(path: string): Promise<Place> {
    const directory = resolve(path);
    const made: string[] = [];
    try {
      const first = await makeFolders(directory);
      if (first !== undefined) for (let at = directory; at.length >= first.length; at = dirname(at)) made.push(at);
      const left = (await readdir(directory)).find((name) => name.startsWith(PREFIX));
      if (left !== undefined) {
        throw new UsageError(
          `${join(directory, left)} is what another bench stores, or has left when it was killed`,
          'wait for its end, or remove that folder: what lies there makes the storage slower',
        );
      }
      const system = await systemOf(directory);
      return new Place(directory, await mkdtemp(join(directory, PREFIX)), made, system);
    } catch (error) {
      await removeFolders(made);
      throw whyNot(directory, error);
    }
  }

  /** How many files of `size` bytes a run may store. */
  roomFor(size: number): number {
    return Math.floor(this.#room / spaceOf(size));
  }

  /** A folder that is not there yet, below one that was never used, once what was written before has reached the storage. */
  async fresh(signal: AbortSignal): Promise<string> {
    // One more of the largest run so far would have to have room, too.
    if (this.#kept + this.#largest > Math.min(this.#room, MOST_KEPT)) await this.#sweep(signal);
    // Without it the storage still works on what the last run wrote, and the next one pays. Not all systems have it.
    if (!this.#inMemory) await promisify(execFile)('sync', ['-f', this.#folder], { signal }).catch(() => undefined);
    signal.throwIfAborted();
    this.#runs += 1;
    return join(this.#folder, String(this.#runs));
  }

  /** A run has stored so much. */
  keep(files: number, bytes: number): void {
    const space = files === 0 ? 0 : files * spaceOf(bytes / files);
    this.#kept += space;
    this.#largest = Math.max(this.#largest, space);
  }

  /** Removes all that was made. */
  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    await removeFolders(this.#made);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    if (this.#kept === 0) return;
    const runs = await readdir(this.#folder);
    for (const run of runs) await rm(join(this.#folder, run), { recursive: true, force: true });
    this.#kept = 0;
    if (this.#inMemory) return;
    this.sweeps += 1;
    await sleep(REST, undefined, { signal });
  }
}

/** What a file takes up. */
function spaceOf(size: number): number {
  return Math.max(BLOCK, Math.ceil(size / BLOCK) * BLOCK);
}

async function removeFolders(folders: readonly string[]): Promise<void> {
  // Somebody else may have put something there meanwhile.
  for (const folder of folders) await rmdir(folder).catch(() => undefined);
}

interface System {
  readonly name: string | null;
  readonly inMemory: boolean;
  /** Bytes. */
  readonly free: number;
}

async function systemOf(directory: string): Promise<System> {
  const { type, bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  // FUSE and others that do not count their room.
  return { name: await nameOf(directory), inMemory: IN_MEMORY.has(type), free: free > 0 ? free : Infinity };
}

/** Linux lists in `/proc/self/mountinfo` what is mounted where: field 3 is the device, what comes after ` - ` the type. */
async function nameOf(directory: string): Promise<string | null> {
  try {
    const [mounts, { dev }] = [await readFile('/proc/self/mountinfo', 'utf8'), await stat(directory)];
    const device = `${Math.floor(dev / 256)}:${dev % 256}`;
    const line = mounts.split('\n').findLast((text) => text.split(' ')[2] === device);
    return line?.split(' - ')[1]?.split(' ')[0] ?? null;
  } catch {
    return null;
  }
}

/** @throws UsageError when not even `files` of `size` bytes have room */
export function requireRoom(place: Place, files: number, size: number): void {
  if (place.roomFor(size) >= files) return;
  throw new UsageError(
    `${place.directory} has no room for a run of ${files} files of ${formatBytes(size)}`,
    'make room, or measure with fewer or smaller files: see --files and --body-size',
  );
}
