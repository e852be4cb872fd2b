/** The sizes of many files, at next to no cost for the main thread, however slow the storage is. */
import { lstat as lstatWithCallback } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { isNoFile, storageFailed } from './examine.js';

const ENTRY = new URL('../../workers/sizes-entry.cjs', import.meta.url);
/** Files that are looked at without a thread for it, which costs as much to start. */
const FEW = 1000;

/** As `fs.promises` has it, for half of its time. */
const lstat = promisify(lstatWithCallback);

export class FileSizes {
  readonly #directory: string;
  #looked = 0;
  #worker: Worker | undefined;
  /** Whoever waits for the thread. */
  #answer: ((sizes: readonly number[]) => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Of each of these files its size, or -1 where there is none: nothing, a link, or something else.
   *
   * @param names some; they are looked at after those that were asked for before
   * @throws StorageError
   */
  of(names: readonly string[]): Promise<readonly number[]> {
    const sizes = this.#last.then(() => this.#look(names));
    this.#last = sizes.catch(() => undefined);
    return sizes;
  }

  /** Nothing is asked for any more. A thread that waits for the storage is not waited for. */
  close(): void {
    void this.#worker?.terminate();
  }

  async #look(names: readonly string[]): Promise<readonly number[]> {
    this.#looked += names.length;
    const first = this.#looked > FEW ? await this.#ask(names) : [];
    const rest = names.slice(first.length).map((name) => sizeOf(join(this.#directory, name)));
    return [...first, ...(await Promise.all(rest))];
  }

  #ask(names: readonly string[]): Promise<readonly number[]> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve) => {
      this.#answer = resolve;
      worker.ref();
      worker.postMessage(names);
    });
  }

  #start(): Worker {
    const worker = new Worker(ENTRY, { workerData: this.#directory, execArgv: [] });
    const answered = (sizes: readonly number[]): void => {
      worker.unref();
      this.#answer?.(sizes);
    };
    worker.on('message', answered);
    // Of a thread that ended nothing is known: the files are looked at without it.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#worker = undefined;
      answered([]);
    });
    return worker;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? stats.size : -1;
  } catch (error) {
    if (isNoFile(error)) return -1;
    throw storageFailed(error, 'read', path);
  }
}
