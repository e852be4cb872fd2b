/** The folder that files go to: made, tried for writing, and left without a trace of what was unfinished. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolderAsync } from '../../workers/durable.js';
import { meaningOf } from '../../workers/failure.js';
import { UNFINISHED_FILE } from '../../workers/files.js';
import { partName, partNumber, shardNumber } from '../../workers/shard-name.js';
import { SluiceError, StorageError, toPlain, UsageError } from '../errors.js';
import { makeFolders } from '../shared/folders.js';
import { isThere } from '../shared/is-there.js';
import { FileSizes } from '../journal/sizes.js';
import { Lock, STATE } from './lock.js';
import { Present } from './present.js';
import { baseOf, LAYOUTS } from '../protocol/layouts.js';
import type { Layout } from '../protocol/settings.js';

/** Folder for the program's own files; no item can have this name, since names do not start with a dot. */
const OWN_FOLDER = '.sluice';
/** The folder of a plan among the program's own files, and what is in it when it is whole. */
export const PLAN = 'plan';
export const PLAN_MANIFEST = 'manifest.json';
/** What the names of folders for unfinished files begin with. */
const UNFINISHED = 'unfinished-';

export class Destination {
  readonly directory: string;
  /** Folder for the program's own files. */
  readonly own: string;
  /** Folder for unfinished files; its name is this run's alone. */
  readonly scratch: string;
  readonly sizes: FileSizes;
  /** Undefined where a claim on a part of a plan stands for it. */
  readonly #lock: Lock | undefined;
  /** Of the folder that the journal is in, where it was named. */
  #state: Lock | undefined;

  private constructor(directory: string, own: string, scratch: string, lock?: Lock) {
    this.directory = directory;
    this.own = own;
    this.scratch = scratch;
    this.sizes = new FileSizes(directory);
    this.#lock = lock;
  }

  /**
   * Until it is closed no other run gets it.
   *
   * @param durable whether its folders outlast a power cut
   * @throws UsageError when `directory` cannot be a folder, StorageError when nothing can be written to it, SluiceError
   *   with code `STORE_BUSY` when another run has it
   */
  static async open(directory: string, durable = false): Promise<Destination> {
    const own = ownFolder(directory);
    const scratch = join(own, scratchName());
    let lock: Lock | undefined;
    try {
      const made = await makeFolders(directory);
      lock = await Lock.take(directory, own);
      await makeOwn(own);
      if (durable) await syncDown(own, dirname(made ?? directory));
      await lock.tell(own);
      await removeLeftovers(directory, own);
      await mkdir(scratch);
      return new Destination(directory, own, scratch, lock);
    } catch (error) {
      if (lock !== undefined) await leave(own, scratch, lock);
      throw whyNot(directory, error);
    }
  }

  /**
   * For a shard of a plan, of which a claim was taken: others store in the same destination meanwhile. What is unfinished
   * lies in the claim's folder, so that who takes the claim over takes it from here, too.
   *
   * @param claim the folder of the claim, which is there
   * @throws StorageError when nothing can be written to it
   */
  static async openClaimed(directory: string, claim: string): Promise<Destination> {
    const scratch = join(claim, scratchName());
    try {
      await mkdir(scratch);
    } catch (error) {
      throw whyNot(directory, error);
    }
    return new Destination(directory, claim, scratch);
  }

  /** Whether it is had by a claim, and others store in it, too. */
  get claimed(): boolean {
    return this.#lock === undefined;
  }

  /**
   * Makes the folder that was named for the journal, or finds it. Until the destination is closed no other run gets it.
   *
   * @param durable whether it outlasts a power cut
   * @throws UsageError when it cannot be a folder, StorageError when nothing can be written to it, SluiceError with code
   *   `STORE_BUSY` when another run has it
   */
  async holdState(folder: string, durable = false): Promise<void> {
    let lock: Lock | undefined;
    try {
      const made = await makeFolders(folder);
      if (durable && made !== undefined) await syncDown(folder, dirname(made));
      const path = await realpath(folder);
      // A destination's own folder is locked with it.
      const isOwn = basename(path) === OWN_FOLDER;
      const locked = isOwn ? dirname(path) : path;
      if (locked === (await realpath(this.directory))) return;
      lock = isOwn ? await Lock.take(locked, path) : await Lock.take(locked, path, STATE);
      await lock.tell(path);
      this.#state = lock;
    } catch (error) {
      await lock?.untell();
      await lock?.release();
      throw whyNot(folder, error, '--state');
    }
  }

  /**
   * Lists what is there, and removes what runs that were killed have left beside final names; folders of names are listed
   * when they are asked for.
   *
   * @throws StorageError when it cannot be read
   */
  async list(layout: Layout): Promise<Present> {
    const { folders } = LAYOUTS[layout];
    const present = new Present({
      directory: this.directory,
      base: baseOf(layout),
      own: `${UNFINISHED_FILE}${basename(this.scratch)}-`,
      whyNot: (error) => whyNot(this.directory, error),
    });
    await present.list(folders);
    return present;
  }

  shards(): Promise<ReadonlySet<number>> {
    return shardsIn(this.directory);
  }

  /** Paths of the shards that are not sealed, by number. */
  async parts(): Promise<ReadonlyMap<number, string>> {
    const names = await readdir(this.own);
    const parts = names.flatMap((name) => {
      const number = partNumber(name);
      return number === undefined ? [] : ([[number, join(this.own, name)]] as const);
    });
    return new Map(parts);
  }

  /** Removes all of them but these. @throws StorageError */
  async removeParts(kept: readonly { readonly number: number }[]): Promise<void> {
    const names = new Set(kept.map(({ number }) => partName(number)));
    try {
      for (const path of (await this.parts()).values()) if (!names.has(basename(path))) await rm(path, { force: true });
    } catch (error) {
      throw whyNot(this.directory, error);
    }
  }

  /**
   * Removes what is unfinished, and the program's folder if nothing else is in it. Does what it can and does not throw:
   * a storage that takes no change any more has been told of by what it did to the files.
   */
  async close(): Promise<void> {
    this.sizes.close();
    await this.#state?.untell();
    await this.#state?.release();
    if (this.#lock === undefined) await removeTree(this.scratch);
    else await leave(this.own, this.scratch, this.#lock);
  }
}

function scratchName(): string {
  return `${UNFINISHED}${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** The folder for the program's own files in a destination. */
export function ownFolder(directory: string): string {
  return join(directory, OWN_FOLDER);
}

/** The numbers of the shards that are in a folder. */
export async function shardsIn(directory: string): Promise<ReadonlySet<number>> {
  const names = await readdir(directory);
  return new Set(names.flatMap((name) => shardNumber(name) ?? []));
}

async function leave(own: string, scratch: string, lock: Lock): Promise<void> {
  await removeTree(scratch);
  await lock.untell();
  // It stays if there is more in it.
  await rmdir(own).catch(() => undefined);
  await lock.release();
}

/**
 * Of runs that ended without an end: with the lock held, none of them is alive.
 *
 * @throws SluiceError PLAN_THERE where a plan is to be worked off: its workers hold no lock
 */
async function removeLeftovers(directory: string, own: string): Promise<void> {
  const names = await readdir(own);
  if (names.includes(PLAN)) await refusePlan(directory, own);
  for (const name of names)
    if (name.startsWith(UNFINISHED)) await rm(join(own, name), { recursive: true, force: true });
}

/** @throws SluiceError PLAN_THERE */
export async function refusePlan(directory: string, own: string): Promise<void> {
  if (!(await isPlan(own))) return;
  const message = `${directory} has a plan, which only its workers store in`;
  const hint = 'run sluice work with it, or choose another destination with --directory';
  throw new SluiceError('PLAN_THERE', message, { hint });
}

/** Whether the plan is whole: with its manifest, which is written last, it is there. */
function isPlan(own: string): Promise<boolean> {
  return isThere(join(own, PLAN, PLAN_MANIFEST));
}

/** Does what it can. What is unfinished is named by these names, too, when a claim is taken over. */
export async function removeUnfinishedIn(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (name.startsWith(UNFINISHED)) await removeTree(join(folder, name));
}

async function removeTree(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

/** Syncs the names of folders: that of `folder`, and those between it and `above`, which is above it. */
async function syncDown(folder: string, above: string): Promise<void> {
  for (let next = folder; next.length > above.length; next = dirname(next)) await syncFolderAsync(dirname(next));
}

/** Makes the program's folder, or finds it. A link in its place would lead unfinished files out of the destination. */
async function makeOwn(own: string): Promise<void> {
  try {
    await mkdir(own);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((await lstat(own)).isDirectory()) return;
    throw new UsageError(
      `${own} is no folder`,
      'it is where unfinished files go: remove it, or choose another destination',
      error,
    );
  }
}

/** What it means that a folder, of which an option told, cannot be used. */
export function whyNot(directory: string, error: unknown, option = '--directory'): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return new UsageError(`${option} ${directory} is a file`, 'name a folder, or one that is not there yet', error);
  }
  const meaning = meaningOf(error);
  const message = `cannot write to ${option} ${directory}: ${meaning.what}`;
  return new StorageError(toPlain(error, { code: meaning.code, message, hint: meaning.hint }));
}
