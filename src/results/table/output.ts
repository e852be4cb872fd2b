/** Where a table goes: a file that has its name when it is whole, or standard output. */
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises';
import { UsageError } from '../../errors.js';
import { printable } from '../../shared/printable.js';

export interface Output {
  /** Resolves when there is room for more. The bytes may be used again then. */
  write(bytes: Uint8Array | string): Promise<void>;
  /** All is written. */
  end(): Promise<void>;
  /** It never will be: what is there of a file is removed. */
  abort(): Promise<void>;
}

/** The name that stands for standard output. */
export const STDOUT = '-';

/**
 * @param option that names the file, for messages
 * @param isPrivate whether only its owner may read the file
 * @throws UsageError when it cannot be written
 */
export async function openOutput(path: string, option: string, isPrivate: boolean): Promise<Output> {
  if (path === STDOUT) return new StandardOutput();
  try {
    // What is no file, such as a pipe, has no name to be given.
    const isOther = await stat(path).then(
      (found) => !found.isFile(),
      () => false,
    );
    const unfinished = isOther ? path : `${path}.part`;
    return new FileOutput(await open(unfinished, 'w', isPrivate ? 0o600 : 0o666), unfinished, path);
  } catch (error) {
    const why = printable((error as Error).message);
    throw new UsageError(`${option} ${printable(path, 1000)} cannot be written: ${why}`, 'choose another place', error);
  }
}

class FileOutput implements Output {
  readonly #file: FileHandle;
  readonly #unfinished: string;
  readonly #path: string;

  constructor(file: FileHandle, unfinished: string, path: string) {
    this.#file = file;
    this.#unfinished = unfinished;
    this.#path = path;
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    await this.#file.writeFile(bytes);
  }

  async end(): Promise<void> {
    await this.#file.close();
    if (this.#unfinished !== this.#path) await rename(this.#unfinished, this.#path);
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    if (this.#unfinished !== this.#path) await unlink(this.#unfinished).catch(() => undefined);
  }
}

class StandardOutput implements Output {
  write(bytes: Uint8Array | string): Promise<void> {
    // The callback comes when the bytes are gone, and with the error when nobody reads them.
    return new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  }

  async end(): Promise<void> {
    // It stays open for others.
  }

  async abort(): Promise<void> {
    // What is written is written.
  }
}
