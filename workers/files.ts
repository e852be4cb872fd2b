/**
 * Writes whole files: a temporary file in a folder of the writer's own, then one rename to the final name. A final name
 * therefore only ever holds complete bytes, and the directory's lock is taken once for each file, not twice: the
 * temporary name is made under another folder's lock, which no other writer wants.
 */
import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { StoreSettings } from '../src/protocol.js';

/** Folders that this thread has made; each run has a scratch folder of its own name. */
const made = new Set<string>();
let serial = 0;

/** Where this thread writes its next unfinished file; makes the folder on first use. */
function temporaryPath(settings: StoreSettings): string {
  const folder = `${settings.scratch}/${threadId}`;
  if (!made.has(folder)) {
    fs.mkdirSync(folder, { recursive: true });
    made.add(folder);
  }
  serial += 1;
  return `${folder}/${serial}`;
}

/**
 * A file that has no final name yet. `commit` gives it one; `discard` removes it. All calls may throw the operating
 * system's error; after one that did, `discard` cleans up.
 */
export class TemporaryFile {
  readonly #settings: StoreSettings;
  readonly path: string;
  #fd: number | undefined;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.path = temporaryPath(settings);
    this.#fd = fs.openSync(this.path, 'wx');
  }

  /** `write(2)` may take less than it was given, on a full disk without an error: goes on until it takes all or fails. */
  write(bytes: Uint8Array): void {
    block(this.#settings.simulatedLatency.write);
    for (let written = 0; written < bytes.length;) {
      written += fs.writeSync(this.#fd as number, bytes, written, bytes.length - written);
    }
  }

  /** Not only tidiness: NFS reports a full disk at close. */
  close(): void {
    const fd = this.#fd as number;
    this.#fd = undefined;
    fs.closeSync(fd);
  }

  /** Renames the closed file into the destination. */
  commit(name: string): void {
    block(this.#settings.simulatedLatency.name);
    fs.renameSync(this.path, `${this.#settings.directory}/${name}`);
  }

  discard(): void {
    if (this.#fd !== undefined) {
      try {
        fs.closeSync(this.#fd);
      } catch {
        // What is discarded need not be closed well, and the error that led here is the one to tell.
      }
    }
    fs.rmSync(this.path, { force: true });
  }
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

/** The same as {@link writeWhole} through `fs.promises`: libuv's threads do the waiting. */
export async function writeWholeAsync(settings: StoreSettings, name: string, bytes: Uint8Array): Promise<void> {
  const path = temporaryPath(settings);
  const { simulatedLatency } = settings;
  const file = await fs.promises.open(path, 'wx');
  try {
    try {
      if (simulatedLatency.write > 0) await sleep(simulatedLatency.write);
      for (let written = 0; written < bytes.length;) {
        written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
    } finally {
      await file.close();
    }
    if (simulatedLatency.name > 0) await sleep(simulatedLatency.name);
    await fs.promises.rename(path, `${settings.directory}/${name}`);
  } catch (error) {
    await fs.promises.rm(path, { force: true });
    throw error;
  }
}
