/** The folder that files go to: made, tried for writing, and left without a trace of what was unfinished. */
import { randomBytes } from 'node:crypto';
import { mkdir, opendir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageError, toPlain, UsageError } from './errors.js';
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
    const scratch = join(directory, OWN_FOLDER, `unfinished-${process.pid}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(scratch, { recursive: true });
    } catch (error) {
      throw whyNot(directory, error as NodeJS.ErrnoException);
    }
    return new Destination(directory, scratch, overwrite ? undefined : await listNames(directory));
  }

  /** Whether a file of this name was there before the run; false where files may be replaced. */
  holds(name: string): boolean {
    return this.#present?.has(folded(name)) ?? false;
  }

  async close(): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true });
    // Stays if other files of the program are in it.
    await rmdir(join(this.directory, OWN_FOLDER)).catch(() => undefined);
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

function whyNot(directory: string, error: NodeJS.ErrnoException): UsageError | StorageError {
  if (error.code === 'EEXIST' || error.code === 'ENOTDIR') {
    return new UsageError(`--directory ${directory} is a file`, 'name a folder, or one that is not there yet', error);
  }
  return new StorageError(
    toPlain(error, {
      code: error.code === 'EROFS' ? 'STORE_READ_ONLY' : error.code === 'ENOSPC' ? 'STORE_FULL' : 'STORE_DENIED',
      message: `cannot write to --directory ${directory}: ${error.message}`,
      hint: 'make it writable for this user, or choose another destination',
    }),
  );
}
