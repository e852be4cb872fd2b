/** The folder that files go to: made, tried for writing, and left without a trace of what was unfinished. */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, opendir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { meaningOf } from '../workers/failure.js';
import { SluiceError, StorageError, toPlain, UsageError } from './errors.js';
import { FingerprintSet } from './plan/fingerprints.js';
import { folded } from './plan/names.js';

/** Folder for the program's own files; no item can have this name, since names do not start with a dot. */
const OWN_FOLDER = '.sluice';

export class Destination {
  readonly directory: string;
  /** Folder for unfinished files; its name is this run's alone. */
  readonly scratch: string;
  readonly #present: FingerprintSet | undefined;

  private constructor(directory: string, scratch: string, present: FingerprintSet | undefined) {
    this.directory = directory;
    this.scratch = scratch;
    this.#present = present;
  }

  /**
   * @throws UsageError when `directory` cannot be a folder, StorageError when nothing can be written to it
   */
  static async open(directory: string, overwrite: boolean): Promise<Destination> {
    const own = join(directory, OWN_FOLDER);
    const scratch = join(own, `unfinished-${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(directory, { recursive: true });
      await makeOwn(own);
      await mkdir(scratch);
      return new Destination(directory, scratch, overwrite ? undefined : await listNames(directory));
    } catch (error) {
      await remove(scratch);
      throw whyNot(directory, error);
    }
  }

  /** Whether a file of this name was there before the run; false where files may be replaced. */
  holds(name: string): boolean {
    return this.#present?.has(folded(name)) ?? false;
  }

  /**
   * Removes what is unfinished, and the program's folder if nothing else is in it. Does what it can and does not throw:
   * a storage that takes no change any more has been told of by what it did to the files.
   */
  async close(): Promise<void> {
    await remove(this.scratch);
  }
}

async function remove(scratch: string): Promise<void> {
  await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  // Stays if other files of the program are in it.
  await rmdir(dirname(scratch)).catch(() => undefined);
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
async function listNames(directory: string): Promise<FingerprintSet | undefined> {
  let names: FingerprintSet | undefined;
  for await (const { name } of await opendir(directory)) {
    if (name !== OWN_FOLDER) (names ??= new FingerprintSet(64, 0)).add(folded(name));
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
