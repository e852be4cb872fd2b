/**
 * The journal of a destination: what was begun and what became of it, written down as it happens, so that a run goes on
 * where another one was stopped, by whatever. The main thread is its only writer, in groups: at most 50 ms or 64 KiB are
 * not written yet.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolderAsync } from '../../workers/durable.js';
import { meaningOf, syncFailed } from '../../workers/failure.js';
import { progress } from '../../workers/files.js';
import { StorageError, toPlain } from '../errors.js';
import type { Duplicate, Item, Refused } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import {
  type EndRecord,
  type FailureRecord,
  FRAME_HEADER_SIZE,
  FrameWriter,
  type Key,
  PREAMBLE,
  type RunRecord,
} from './format.js';
import type { LearnedOf } from './learned.js';

/** Milliseconds that a record waits to be written. */
const DELAY = 50;
/** Bytes of records that are not made to wait. */
const GROUP = 64 << 10;
/** Bytes of records in a frame, where storage is slower than what happens. */
const FULL_FRAME = 256 << 10;

type BegunItem = Pick<Item, 'url' | 'name' | 'details' | 'planned'>;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: StorageError) => void;
}

export class Journal {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #durable: boolean;
  readonly #onFailure: (error: StorageError) => void;
  #frame = new FrameWriter();
  /** Whole frames that are to be written before the one that still grows. */
  #full: Buffer[] = [];
  /** Where in the file the next frame belongs. */
  #end: number;
  /** Who wants to know when what there is so far is written. */
  #waiting: Waiting[] = [];
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: StorageError | undefined;
  /** Only where somebody asks for names by their places. */
  #names: Map<number, number> | undefined;

  /**
   * @param file open for writing, its content ending at `end`
   * @param onFailure told once when it cannot be written any more
   */
  constructor(file: FileHandle, path: string, end: number, durable: boolean, onFailure: (error: StorageError) => void) {
    this.#file = file;
    this.#path = path;
    this.#end = end;
    this.#durable = durable;
    this.#onFailure = onFailure;
  }

  run(record: RunRecord): void {
    this.#frame.run(record);
  }

  /** @param names gets, by number of each item that is begun and has no outcome yet, where the record lies that names its file */
  noteNames(names: Map<number, number>): void {
    this.#names = names;
  }

  /**
   * @param item as it is called there
   * @param replaces whether there is a file of its name that is not known to be what it is to be
   */
  begin(index: number, key: Key, item: BegunItem, replaces = false): void {
    const { name, planned = name } = item;
    this.#noteName(index);
    this.#frame.item(index, key, item.url, planned, replaces && planned === name);
    if (item.details !== undefined) this.#frame.details(index, item.details);
    if (planned !== name) {
      this.#noteName(index);
      this.#frame.renamed(index, name, replaces);
    }
    this.#added();
  }

  /**
   * The file of an item gets another name than that with which it was begun.
   *
   * @param replaces as of {@link Journal.begin}, for this name
   */
  renamed(index: number, name: string, replaces: boolean): void {
    this.#noteName(index);
    this.#frame.renamed(index, name, replaces);
    this.#added();
  }

  /** @param learned undefined where that is not known any more */
  stored(index: number, file: StoredFile, unproven: boolean, learned?: LearnedOf): void {
    if (learned !== undefined) this.#frame.learned(index, learned);
    this.#frame.stored(index, file, unproven);
    this.#names?.delete(index);
    this.#added();
  }

  /** The same of one that failed. */
  failed(index: number, record: FailureRecord, learned?: LearnedOf): void {
    if (learned !== undefined) this.#frame.learned(index, learned);
    this.#frame.failed(index, record);
    this.#names?.delete(index);
    this.#added();
  }

  /** A row of a list that is no item. */
  refused({ index, source, line, text, error: { message, hint }, columns }: Refused): void {
    this.#frame.refused(index, { source, line, text, message, hint, ...(columns && { columns }) });
    this.#added();
  }

  /** A row of a list that is an item already; what names no row is not written down. */
  duplicate({ index, url, row }: Duplicate): void {
    if (row === undefined) return;
    this.#frame.duplicate(index, { url, ...row });
    this.#added();
  }

  /**
   * Resolves when all that was noted is written, and with `durable` synced.
   *
   * @throws StorageError
   */
  written(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#schedule();
    return written;
  }

  /** Writes what there is, and how the run ended. Does what it can and does not throw: a failure was told of. */
  async close(end: EndRecord): Promise<void> {
    if (this.#failure === undefined) {
      this.#frame.end(end);
      await this.written().catch(() => undefined);
    }
    await this.leave();
  }

  /** Closes the file and writes nothing more. */
  async leave(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#file.close().catch(() => undefined);
  }

  /** The record that comes next names the file of an item. */
  #noteName(index: number): void {
    this.#names?.set(index, this.#end + FRAME_HEADER_SIZE + this.#frame.size);
  }

  #added(): void {
    if (this.#frame.size >= FULL_FRAME) this.#takeFrame();
    if (this.#failure === undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#writing) return;
    if (this.#isDue) this.#writeOn();
    else if (this.#frame.size > 0) this.#timer ??= setTimeout(() => this.#writeOn(), DELAY);
  }

  get #isDue(): boolean {
    return this.#waiting.length > 0 || this.#full.length > 0 || this.#frame.size >= GROUP;
  }

  #takeFrame(): void {
    if (this.#frame.size === 0) return;
    const frame = this.#frame.take(this.#end);
    this.#end += frame.length;
    this.#full.push(frame);
  }

  #writeOn(): void {
    if (this.#writing) return;
    this.#writing = true;
    void this.#writeWhatIsDue()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#schedule());
  }

  async #writeWhatIsDue(): Promise<void> {
    try {
      do {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#takeFrame();
        const [frames, waiting] = [this.#full, this.#waiting];
        [this.#full, this.#waiting] = [[], []];
        let position = this.#end - frames.reduce((sum, { length }) => sum + length, 0);
        try {
          for (const frame of frames) {
            await writeFully(this.#file, frame, position);
            position += frame.length;
            this.#frame.recycle(frame);
          }
          if (this.#durable) await this.#sync();
        } catch (error) {
          this.#waiting.unshift(...waiting);
          throw error;
        }
        for (const { resolve } of waiting) resolve();
      } while (this.#isDue);
    } finally {
      this.#writing = false;
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      throw syncFailed(error, `the journal ${this.#path}`);
    }
  }

  /** What could not be written, or synced, is not tried again: nobody knows then what is in the file. */
  #fail(cause: unknown): void {
    const error = journalFailed(cause, this.#path);
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#frame = new FrameWriter();
    this.#full = [];
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
    this.#onFailure(error);
  }
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += progress(bytesWritten);
  }
}

/**
 * Makes it where it is not there yet; its folder is.
 *
 * @throws StorageError when it cannot be opened
 */
export async function openJournalFile(path: string): Promise<FileHandle> {
  try {
    // A link in its place would lead to a file that is somebody else's. Only its owner may read the passwords in URLs.
    return await open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o600);
  } catch (error) {
    throw journalFailed(error, path);
  }
}

/** Begins a journal that is new or was not even begun. @returns where the first frame belongs */
export async function beginJournalFile(file: FileHandle, path: string): Promise<number> {
  try {
    await file.truncate(0);
    await writeFully(file, PREAMBLE, 0);
  } catch (error) {
    throw journalFailed(error, path);
  }
  return PREAMBLE.length;
}

/** Makes the file's name outlast a power cut. */
export async function syncJournalName(path: string): Promise<void> {
  try {
    await syncFolderAsync(dirname(path));
  } catch (error) {
    throw journalFailed(error, path);
  }
}

/** Cuts off what a crash tore, so that what is written next follows what is whole. */
export async function cutJournalFile(file: FileHandle, path: string, end: number): Promise<void> {
  try {
    await file.truncate(end);
  } catch (error) {
    throw journalFailed(error, path);
  }
}

export function journalFailed(error: unknown, path: string): StorageError {
  if (error instanceof StorageError) return error;
  const { code, what, hint } = meaningOf(error);
  return new StorageError(toPlain(error, { code, message: `cannot write the journal ${path}: ${what}`, hint }));
}
