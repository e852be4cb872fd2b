/**
 * One unfinished shard: a file that grows at its end, by large writes that end at multiples of their size. What was
 * added last can be taken back, which is how a body that breaks in the middle leaves no trace. At any moment the file
 * begins with whole members, and nothing that follows them looks like one: from there the next run can go on.
 */
import fs from 'node:fs';
import { dirname, relative } from 'node:path';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { StoredFile } from '../src/protocol/result.js';
import { count } from './clock.js';
import { syncFile, syncFolder } from './durable.js';
import { openPatiently, progress } from './files.js';
import { partName } from './shard-name.js';
import { waitForName, waitForWrite } from './slow.js';
import { RECORD_SIZE } from './ustar.js';

/** Bytes of a write. */
const WRITE_SIZE = 1 << 20;
/** Bytes: two blocks of zeros end an archive. */
export const END_SIZE = 1024;

/** What is in a shard already. */
interface Kept {
  /** Bytes. */
  readonly end: number;
  readonly bodies: number;
}

const NOTHING: Kept = { end: 0, bodies: 0 };

export class Shard {
  /** With which it was begun. */
  readonly number: number;
  /** The bodies that were added to it and are whole. */
  readonly ids: number[] = [];
  readonly stored: StoredFile[] = [];
  readonly #part: string;
  #path: string;
  readonly #kept: Kept;
  readonly #settings: StoreSettings;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(WRITE_SIZE);
  /** Where in the file the buffer belongs: a multiple of its size. */
  #written = 0;
  /** Up to where the file has what it is to have. */
  #saved = 0;
  #end = 0;
  /** Bytes of the file. */
  #fileSize = 0;
  #open = true;

  /**
   * @param folder absolute
   * @param kept what is in it, and goes on; else no such file is there yet
   */
  constructor(folder: string, number: number, settings: StoreSettings, kept = NOTHING) {
    this.number = number;
    this.#part = this.#path = `${folder}/${partName(number)}`;
    this.#kept = kept;
    this.#settings = settings;
    const started = performance.now();
    this.#fd = openPatiently(this.#path, kept.bodies > 0 ? 'r+' : 'wx+');
    count('create', started);
    if (kept.bodies > 0) this.#takeUp(kept.end);
  }

  /** How many are in it and whole. */
  get bodies(): number {
    return this.#kept.bodies + this.ids.length;
  }

  /** Bytes so far. */
  get end(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.length;) {
      const filled = this.#end - this.#written;
      const piece = bytes.subarray(taken, taken + WRITE_SIZE - filled);
      this.#buffer.set(piece, filled);
      this.#end += piece.length;
      taken += piece.length;
      if (this.#end - this.#written === WRITE_SIZE) this.#flush();
    }
  }

  /** Fills up with zeros to a multiple of `size`, which is less than a write. */
  pad(size: number): void {
    const missing = -this.#end % size;
    if (missing !== 0) this.append(Buffer.alloc(size + missing));
  }

  /** Writes over what is there. */
  patch(bytes: Uint8Array, position: number): void {
    const inFile = Math.max(0, Math.min(bytes.length, this.#written - position));
    if (inFile > 0) this.#write(bytes.subarray(0, inFile), position);
    const rest = Math.max(position, this.#written);
    this.#buffer.set(bytes.subarray(inFile), rest - this.#written);
    this.#saved = Math.min(this.#saved, rest);
  }

  read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const inFile = Math.max(0, Math.min(length, this.#written - position));
    for (let filled = 0; filled < inFile;) {
      filled += progress(fs.readSync(this.#fd, bytes, filled, inFile - filled, position + filled));
    }
    if (inFile < length) {
      const from = position + inFile - this.#written;
      bytes.set(this.#buffer.subarray(from, from + length - inFile), inFile);
    }
    return bytes;
  }

  /** Takes back all that was added after it had `end` bytes. */
  rewind(end: number): void {
    if (end < this.#written) {
      const start = end - (end % WRITE_SIZE);
      this.#buffer.set(this.read(start, end - start));
      this.#written = start;
    }
    this.#end = end;
    this.#saved = Math.min(this.#saved, end);
    // What was in it may be anything, members of a shard too.
    if (this.#fileSize > end) this.#truncate(end);
  }

  /** Writes what is not in the file yet. @returns whether there was anything */
  save(): boolean {
    if (this.#saved === this.#end) return false;
    this.#flush();
    return true;
  }

  /** Ends the archive and gives it its final name; `discard` removes it also after that. */
  seal(path: string): void {
    this.append(Buffer.alloc(END_SIZE));
    this.pad(RECORD_SIZE);
    this.save();
    const { durable, slow, directory } = this.#settings;
    if (durable) counted(() => syncFile(this.#fd, path));
    this.#close();
    const started = performance.now();
    if (slow !== undefined) waitForName(slow, relative(directory, path));
    fs.renameSync(this.#path, path);
    this.#path = path;
    count('rename', started);
    if (durable) counted(() => syncFolder(dirname(path)));
  }

  /**
   * What was in it when the run began stays there for the next one. Never throws: what led here is the error to tell, and
   * what cannot be removed the next run removes.
   */
  discard(): void {
    if (this.#kept.bodies > 0) {
      this.leave();
      return;
    }
    this.#closeAnyhow();
    try {
      fs.unlinkSync(this.#path);
    } catch {
      // See above.
    }
  }

  /** Leaves the file as it is, for who goes on with it. As {@link discard}, never throws. */
  leave(): void {
    this.#closeAnyhow();
    try {
      if (this.#path !== this.#part) fs.renameSync(this.#path, this.#part);
    } catch {
      // See discard.
    }
  }

  #closeAnyhow(): void {
    try {
      if (this.#open) this.#close();
    } catch {
      // See discard.
    }
  }

  /** What follows the whole members is cut off. */
  #takeUp(end: number): void {
    try {
      this.#truncate(end);
      this.#end = this.#saved = this.#written = end;
      const start = end - (end % WRITE_SIZE);
      this.#buffer.set(this.read(start, end - start));
      this.#written = start;
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  #truncate(end: number): void {
    fs.ftruncateSync(this.#fd, end);
    this.#fileSize = end;
  }

  /** Not only tidiness: NFS reports a full disk at close. */
  #close(): void {
    this.#open = false;
    counted(() => fs.closeSync(this.#fd));
  }

  #flush(): void {
    const filled = this.#end - this.#written;
    this.#write(this.#buffer.subarray(this.#saved - this.#written, filled), this.#saved);
    this.#saved = this.#end;
    if (filled === WRITE_SIZE) this.#written = this.#end;
  }

  #write(bytes: Uint8Array, position: number): void {
    const started = performance.now();
    const { slow } = this.#settings;
    if (slow !== undefined) waitForWrite(slow);
    for (let written = 0; written < bytes.length;) {
      written += progress(fs.writeSync(this.#fd, bytes, written, bytes.length - written, position + written));
    }
    this.#fileSize = Math.max(this.#fileSize, position + bytes.length);
    count('write', started);
  }
}

function counted(call: () => void): void {
  const started = performance.now();
  call();
  count('write', started);
}
