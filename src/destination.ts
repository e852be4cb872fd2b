/** The folder that files go to: made, tried for writing, and left without a trace of what was unfinished. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, opendir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { meaningOf } from '../workers/failure.js';
import { SluiceError, StorageError, toPlain, UsageError } from './errors.js';
import { Lock } from './lock.js';
import { NameSet } from './plan/names.js';

/** Folder for the program's own files; no item can have this name, since names do not start with a dot. */
const OWN_FOLDER = '.sluice';
/** What the names of folders for unfinished files begin with. */
const UNFINISHED = 'unfinished-';

export class Destination {
  readonly directory: string;
  /** Folder for unfinished files; its name is this run's alone. */
  readonly scratch: string;
  readonly #present: NameSet | undefined;
  readonly #lock: Lock;

  private constructor(directory: string, scratch: string, present: NameSet | undefined, lock: Lock) {
    this.directory = directory;
    this.scratch = scratch;
    this.#present = present;
    this.#lock = lock;
  }

  /**
   * Until it is closed no other run gets it.
   *
   * @throws UsageError when `directory` cannot be a folder, StorageError when nothing can be written to it, SluiceError
   *   with code `STORE_BUSY` when another run has it
   */
  static async open(directory: string, overwrite: boolean): Promise<Destination> {
    const own = join(directory, OWN_FOLDER);
    const scratch = join(own, `${UNFINISHED}${process.pid}-${randomBytes(4).toString('hex')}`);
    let lock: Lock | undefined;
    try {
      await mkdir(directory, { recursive: true });
      lock = await Lock.take(directory, own);
      await makeOwn(own);
      await lock.tell(own);
      await removeLeftovers(own);
      await mkdir(scratch);
      return new Destination(directory, scratch, overwrite ? undefined : await listNames(directory), lock);
    } catch (error) {
      if (lock !== undefined) await leave(scratch, lock);
      throw whyNot(directory, error);
    }
  }

  /** Whether a file of this name was there before the run; false where files may be replaced. */
  holds(name: string): boolean {
    return this.#present?.has(name) ?? false;
  }

  /**
   * Removes what is unfinished, and the program's folder if nothing else is in it. Does what it can and does not throw:
   * a storage that takes no change any more has been told of by what it did to the files.
   */
  async close(): Promise<void> {
    await leave(this.scratch, this.#lock);
  }
}

async function leave(scratch: string, lock: Lock): Promise<void> {
  await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  await lock.release();
}

/** Of runs that ended without an end: with the lock held, none of them is alive. */
async function removeLeftovers(own: string): Promise<void> {
  for (const name of await readdir(own)) {
    if (name.startsWith(UNFINISHED)) await rm(join(own, name), { recursive: true, force: true });
  }
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

/** Names in a folder, or undefined when there are none but the program's own. */
async function listNames(directory: string): Promise<NameSet | undefined> {
  let names: NameSet | undefined;
  for await (const { name } of await opendir(directory)) {
    if (name !== OWN_FOLDER) (names ??= new NameSet()).add(name);
  }
  return names;
}

function whyNot(directory: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return new UsageError(`--directory ${directory} is a file`, 'name a folder, or one that is not there yet', error);
  }
  const meaning = meaningOf(error);
  const message = `cannot write to --directory ${directory}: ${meaning.what}`;
  return new StorageError(toPlain(error, { code: meaning.code, message, hint: meaning.hint }));
}
