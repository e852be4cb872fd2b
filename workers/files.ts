/**
 * Writes whole files: a temporary file in a folder of the writer's own, then one rename to the final name. A final name
 * therefore only ever holds complete bytes, and the directory's lock is taken once for each file, not twice: the
 * temporary name is made under another folder's lock, which no other writer wants.
 */
import fs from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { threadId } from 'node:worker_threads';
import { SluiceError } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { PartialJob, StoredFile } from '../src/protocol/result.js';
import { count } from './clock.js';
import { syncFile, syncFileAsync } from './durable.js';
import { useFolder, useFolderAsync } from './folders.js';
import { NOTE, openPartial, openPartialAsync } from './partial.js';
import { block, waitForName, waitForNameAsync, waitForWrite, waitForWriteAsync } from './slow.js';

let serial = 0;

/** Where an unfinished file lies: its folder, below one that is there, and its name in it. */
interface TemporaryPlace {
  readonly root: string;
  readonly folder: string;
  readonly name: string;
  /** As of the settings, where it lies beside final names. */
  readonly made?: Uint8Array;
}

/**
 * Where an unfinished file for `name` is written. A rename within a folder takes that folder's lock only, one across
 * folders a lock of the whole file system. So where there are many folders it lies beside its final name; where all final
 * names are in one folder, in a folder of the writer's own, so that the one lock is taken once for each file. So it does for
 * a claim on a shard of a plan, whatever that costs: with the folder goes all that could still get a final name.
 *
 * @param writer number of the writer among those of this thread
 */
function temporaryPlace(
  { directory, scratch, fenced, made }: StoreSettings,
  name: string,
  writer: number,
): TemporaryPlace {
  serial += 1;
  const slash = name.lastIndexOf('/');
  return slash === -1 || fenced
    ? { root: scratch, folder: `${threadId}-${writer}`, name: String(serial) }
    : {
        root: directory,
        folder: name.slice(0, slash),
        made,
        name: `${UNFINISHED_FILE}${basename(scratch)}-${threadId}-${serial}`,
      };
}

/** The folder of a final name, where the unfinished file does not lie in it. */
function useFolderOf({ directory, made }: StoreSettings, name: string): void {
  const slash = name.lastIndexOf('/');
  if (slash !== -1) useFolder(directory, name.slice(0, slash), made);
}

async function useFolderOfAsync({ directory, made }: StoreSettings, name: string): Promise<void> {
  const slash = name.lastIndexOf('/');
  if (slash !== -1) await useFolderAsync(directory, name.slice(0, slash), made);
}

/** What the names of unfinished files begin with; no item's name begins with a dot. */
export const UNFINISHED_FILE = '.sluice-';

/**
 * A file that has no final name yet. `commit` gives it one; `discard` removes it. All other calls may throw the operating
 * system's error; after one that did, `discard` cleans up.
 */
export interface UnfinishedFile {
  /** `write(2)` may take less than it was given, on a full disk without an error: goes on until it takes all or fails. */
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * Not only tidiness: NFS reports a full disk at close. Before it, what is to outlast a power cut is synced.
   *
   * @param modified as a job has it
   */
  close(modified?: number): void | Promise<void>;
  /** All that was written, once it is closed. */
  read(): Uint8Array | Promise<Uint8Array>;
  /** Renames the closed file to its final name. */
  commit(stored: StoredFile): void | Promise<void>;
  /** Leaves what is there, to be gone on with. Only where the body has a place for that. */
  leave?(): void | Promise<void>;
  /** Never throws: what led here is the error to tell, and what cannot be removed goes with the folder it is in. */
  discard(): void | Promise<void>;
}

/** Holds up its thread for as long as the storage takes. */
export class TemporaryFile implements UnfinishedFile {
  readonly #settings: StoreSettings;
  readonly #name: string;
  readonly #path: string;
  readonly #partial: boolean;
  #fd: number | undefined;

  /** @param partial where it is written, if it may be gone on with */
  constructor(settings: StoreSettings, name: string, partial?: PartialJob) {
    this.#settings = settings;
    this.#name = name;
    this.#partial = partial !== undefined;
    const started = performance.now();
    if (partial !== undefined) {
      this.#path = partial.path;
      useFolderOf(settings, name);
      this.#fd = openPartial(partial);
      count('create', started);
      return;
    }
    const place = temporaryPlace(settings, name, 0);
    if (settings.fenced) useFolderOf(settings, name);
    useFolder(place.root, place.folder, place.made);
    this.#path = `${place.root}/${place.folder}/${place.name}`;
    this.#fd = openPatiently(this.#path, 'wx');
    count('create', started);
  }

  write(bytes: Uint8Array): void {
    const started = performance.now();
    const { slow } = this.#settings;
    if (slow !== undefined) waitForWrite(slow);
    for (let written = 0; written < bytes.length;) {
      written += progress(fs.writeSync(this.#fd as number, bytes, written, bytes.length - written));
    }
    count('write', started);
  }

  close(modified?: number): void {
    const started = performance.now();
    const { durable, directory } = this.#settings;
    if (modified !== undefined) stamp(this.#fd as number, modified);
    if (durable) syncFile(this.#fd as number, `${directory}/${this.#name}`);
    this.#close();
    count('write', started);
  }

  read(): Uint8Array {
    return fs.readFileSync(this.#path);
  }

  commit(): void {
    const started = performance.now();
    const { slow, directory } = this.#settings;
    if (slow !== undefined) waitForName(slow, this.#name);
    fs.renameSync(this.#path, `${directory}/${this.#name}`);
    if (this.#partial) fs.rmSync(this.#path + NOTE, { force: true });
    count('rename', started);
  }

  leave(): void {
    try {
      if (this.#fd !== undefined) this.#close();
    } catch {
      // See UnfinishedFile.
    }
  }

  discard(): void {
    this.leave();
    for (const path of this.#partial ? [this.#path, this.#path + NOTE] : [this.#path]) {
      try {
        fs.unlinkSync(path);
      } catch {
        // See UnfinishedFile.
      }
    }
  }

  #close(): void {
    const fd = this.#fd as number;
    this.#fd = undefined;
    fs.closeSync(fd);
  }
}

/** Milliseconds for which opening a file is tried again while too many are open: others are closed meanwhile. */
const PATIENCE = 2_000;
/** Milliseconds between two tries. */
const PAUSE = 20;

/** @throws what the operating system said */
export function openPatiently(path: string, flags: string): number {
  for (const started = performance.now(); ;) {
    try {
      return fs.openSync(path, flags);
    } catch (error) {
      if (!isCrowded(error) || performance.now() - started > PATIENCE) throw error;
      block(PAUSE);
    }
  }
}

async function openPatientlyAsync(path: string, flags: string): Promise<number> {
  for (const started = performance.now(); ;) {
    try {
      return await open(path, flags);
    } catch (error) {
      if (!isCrowded(error) || performance.now() - started > PATIENCE) throw error;
      await sleep(PAUSE);
    }
  }
}

function isCrowded(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}

/** Numbers of writers that have no file open. */
const idleWriters: number[] = [];
let writers = 0;

/** As `fs.promises` has them, for half of its time: that makes an object of each open file. */
const open = promisify(fs.open);
const write = promisify(fs.write);
const close = promisify(fs.close);
const rename = promisify(fs.rename);
const futimes = promisify(fs.futimes);

/** The same with libuv's threads to do the waiting, for as many writers at once as there are files open. */
export class AsyncTemporaryFile implements UnfinishedFile {
  readonly #settings: StoreSettings;
  readonly #name: string;
  readonly #path: string;
  readonly #partial: boolean;
  /** Undefined once the file is committed or discarded: then another has it. */
  #writer: number | undefined;
  #fd: number | undefined;

  /** @param partial where it is written, if it may be gone on with */
  static async open(settings: StoreSettings, name: string, partial?: PartialJob): Promise<AsyncTemporaryFile> {
    if (partial !== undefined) {
      const started = performance.now();
      await useFolderOfAsync(settings, name);
      const fd = await openPartialAsync(partial);
      count('create', started);
      return new AsyncTemporaryFile(settings, name, partial.path, undefined, fd);
    }
    const writer = idleWriters.pop() ?? writers++;
    const started = performance.now();
    try {
      const place = temporaryPlace(settings, name, writer);
      if (settings.fenced) await useFolderOfAsync(settings, name);
      await useFolderAsync(place.root, place.folder, place.made);
      const path = `${place.root}/${place.folder}/${place.name}`;
      const fd = await openPatientlyAsync(path, 'wx');
      count('create', started);
      return new AsyncTemporaryFile(settings, name, path, writer, fd);
    } catch (error) {
      idleWriters.push(writer);
      throw error;
    }
  }

  private constructor(settings: StoreSettings, name: string, path: string, writer: number | undefined, fd: number) {
    this.#settings = settings;
    this.#name = name;
    this.#path = path;
    this.#partial = writer === undefined;
    this.#writer = writer;
    this.#fd = fd;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const started = performance.now();
    const { slow } = this.#settings;
    if (slow !== undefined) await waitForWriteAsync(slow);
    for (let written = 0; written < bytes.length;) {
      const result = await write(this.#fd as number, bytes, written, bytes.length - written);
      written += progress(result.bytesWritten);
    }
    count('write', started);
  }

  async close(modified?: number): Promise<void> {
    const started = performance.now();
    const { durable, directory } = this.#settings;
    if (modified !== undefined) await stampAsync(this.#fd as number, modified);
    if (durable) await syncFileAsync(this.#fd as number, `${directory}/${this.#name}`);
    await this.#close();
    count('write', started);
  }

  read(): Promise<Uint8Array> {
    return fs.promises.readFile(this.#path);
  }

  async commit(): Promise<void> {
    const { slow, directory } = this.#settings;
    const started = performance.now();
    if (slow !== undefined) await waitForNameAsync(slow, this.#name);
    await rename(this.#path, `${directory}/${this.#name}`);
    if (this.#partial) await fs.promises.rm(this.#path + NOTE, { force: true });
    count('rename', started);
    this.#release();
  }

  async leave(): Promise<void> {
    if (this.#fd !== undefined) await this.#close().catch(() => undefined);
    this.#release();
  }

  async discard(): Promise<void> {
    if (this.#fd !== undefined) await this.#close().catch(() => undefined);
    await fs.promises.unlink(this.#path).catch(() => undefined);
    if (this.#partial) await fs.promises.unlink(this.#path + NOTE).catch(() => undefined);
    this.#release();
  }

  #close(): Promise<void> {
    const fd = this.#fd as number;
    this.#fd = undefined;
    return close(fd);
  }

  #release(): void {
    if (this.#writer !== undefined) idleWriters.push(this.#writer);
    this.#writer = undefined;
  }
}

/**
 * Removes what a thread of this run was writing beside a final name when it was ended. Does not throw: the next run
 * removes what cannot be removed now.
 */
export async function removeUnfinished({ directory, scratch }: StoreSettings, name: string): Promise<void> {
  const slash = name.lastIndexOf('/');
  if (slash === -1) return;
  const folder = `${directory}/${name.slice(0, slash)}`;
  const own = `${UNFINISHED_FILE}${basename(scratch)}-`;
  const names = await fs.promises.readdir(folder).catch(() => []);
  for (const found of names) {
    if (found.startsWith(own)) await fs.promises.unlink(`${folder}/${found}`).catch(() => undefined);
  }
}

/** A write that takes nothing and tells no reason would be tried for ever. */
export function progress(written: number): number {
  if (written === 0) {
    throw new SluiceError('STORE_FAILED', 'the file system takes no more bytes, and does not say why', {
      hint: 'see how much room is left, then run the same command again',
    });
  }
  return written;
}

/** Gives an open file its time. One that the storage does not take is left out: the file is what it is without it. */
function stamp(fd: number, modified: number): void {
  try {
    fs.futimesSync(fd, Date.now() / 1000, modified / 1000);
  } catch {
    // See above.
  }
}

async function stampAsync(fd: number, modified: number): Promise<void> {
  await futimes(fd, Date.now() / 1000, modified / 1000).catch(() => undefined);
}

/**
 * Writes `bytes` under `name`, and returns when the file has its final name.
 *
 * @param modified as a job has it
 */
export function writeWhole(settings: StoreSettings, name: string, bytes: Uint8Array, modified?: number): void {
  const file = new TemporaryFile(settings, name);
  try {
    file.write(bytes);
    file.close(modified);
    file.commit();
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** The same as {@link writeWhole}, through libuv's threads. */
export async function writeWholeAsync(
  settings: StoreSettings,
  name: string,
  bytes: Uint8Array,
  modified?: number,
): Promise<void> {
  const file = await AsyncTemporaryFile.open(settings, name);
  try {
    await file.write(bytes);
    await file.close(modified);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
