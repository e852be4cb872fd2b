/**
 * Writes whole files: a temporary file in a folder of the writer's own, then one rename to the final name. A final name
 * therefore only ever holds complete bytes, and the directory's lock is taken once for each file, not twice: the
 * temporary name is made under another folder's lock, which no other writer wants.
 */
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { SluiceError } from '../src/errors.js';
import type { StoreSettings } from '../src/protocol.js';

/** Folders that this thread has made; each run has a scratch folder of its own name. */
const made = new Set<string>();
let serial = 0;

/** Where this thread writes its next unfinished file; makes the folder on first use. */
function temporaryPath(settings: StoreSettings): string {
  const folder = `${settings.scratch}/${threadId}`;
  if (!made.has(folder)) {
    // Not with what is above it: where the destination is gone, unmounted perhaps, nothing is put in its place.
    fs.mkdirSync(folder);
    made.add(folder);
  }
  serial += 1;
  return `${folder}/${serial}`;
}

/**
 * A file that has no final name yet. `commit` gives it one; `discard` removes it. All other calls may throw the operating
 * system's error; after one that did, `discard` cleans up.
 */
export interface UnfinishedFile {
  /** `write(2)` may take less than it was given, on a full disk without an error: goes on until it takes all or fails. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Not only tidiness: NFS reports a full disk at close. */
  close(): void | Promise<void>;
  /** All that was written, once it is closed. */
  read(): Uint8Array | Promise<Uint8Array>;
  /** Renames the closed file into the destination. */
  commit(name: string): void | Promise<void>;
  /** Never throws: what led here is the error to tell, and what cannot be removed goes with the folder it is in. */
  discard(): void | Promise<void>;
}

/** Holds up its thread for as long as the storage takes. */
export class TemporaryFile implements UnfinishedFile {
  readonly #settings: StoreSettings;
  readonly #path: string;
  #fd: number | undefined;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.#path = temporaryPath(settings);
    this.#fd = fs.openSync(this.#path, 'wx');
  }

  write(bytes: Uint8Array): void {
    block(this.#settings.simulatedLatency.write);
    for (let written = 0; written < bytes.length;) {
      written += progress(fs.writeSync(this.#fd as number, bytes, written, bytes.length - written));
    }
  }

  close(): void {
    const fd = this.#fd as number;
    this.#fd = undefined;
    fs.closeSync(fd);
  }

  read(): Uint8Array {
    return fs.readFileSync(this.#path);
  }

  commit(name: string): void {
    block(this.#settings.simulatedLatency.name);
    fs.renameSync(this.#path, `${this.#settings.directory}/${name}`);
  }

  discard(): void {
    try {
      if (this.#fd !== undefined) this.close();
    } catch {
      // See UnfinishedFile.
    }
    try {
      fs.unlinkSync(this.#path);
    } catch {
      // See UnfinishedFile.
    }
  }
}

/** The same through `fs.promises`: libuv's threads do the waiting. */
export class AsyncTemporaryFile implements UnfinishedFile {
  readonly #settings: StoreSettings;
  readonly #path: string;
  readonly #file: fs.promises.FileHandle;

  static async open(settings: StoreSettings): Promise<AsyncTemporaryFile> {
    const path = temporaryPath(settings);
    return new AsyncTemporaryFile(settings, path, await fs.promises.open(path, 'wx'));
  }

  private constructor(settings: StoreSettings, path: string, file: fs.promises.FileHandle) {
    this.#settings = settings;
    this.#path = path;
    this.#file = file;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { write } = this.#settings.simulatedLatency;
    if (write > 0) await sleep(write);
    for (let written = 0; written < bytes.length;) {
      written += progress((await this.#file.write(bytes, written, bytes.length - written)).bytesWritten);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  read(): Promise<Uint8Array> {
    return fs.promises.readFile(this.#path);
  }

  async commit(name: string): Promise<void> {
    const { simulatedLatency, directory } = this.#settings;
    if (simulatedLatency.name > 0) await sleep(simulatedLatency.name);
    await fs.promises.rename(this.#path, `${directory}/${name}`);
  }

  async discard(): Promise<void> {
    // A handle that is closed already closes again without an error.
    await this.#file.close().catch(() => undefined);
    await fs.promises.unlink(this.#path).catch(() => undefined);
  }
}

/** A write that takes nothing and tells no reason would be tried for ever. */
function progress(written: number): number {
  if (written === 0) {
    throw new SluiceError('STORE_FAILED', 'the file system takes no more bytes, and does not say why', {
      hint: 'see how much room is left, then run the same command again',
    });
  }
  return written;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, as a slow system call would. */
function block(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(never, 0, 0, milliseconds);
}

/** Writes `bytes` under `name`, and returns when the file has its final name. */
export function writeWhole(settings: StoreSettings, name: string, bytes: Uint8Array): void {
  const file = new TemporaryFile(settings);
  try {
    file.write(bytes);
    file.close();
    file.commit(name);
  } catch (error) {
    file.discard();
    throw error;
  }
}

/** The same as {@link writeWhole} through `fs.promises`. */
export async function writeWholeAsync(settings: StoreSettings, name: string, bytes: Uint8Array): Promise<void> {
  const file = await AsyncTemporaryFile.open(settings);
  try {
    await file.write(bytes);
    await file.close();
    await file.commit(name);
  } catch (error) {
    await file.discard();
    throw error;
  }
}
