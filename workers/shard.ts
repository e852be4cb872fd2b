/**
 * One unfinished shard: a file that grows at its end, by large writes that begin at multiples of their size. What was
 * added last can be taken back, which is how a body that breaks in the middle leaves no trace.
 */
import * as fs from 'node:fs';
import { dirname, relative } from 'node:path';
import type { StoreSettings } from '../src/protocol/settings.js';
import type { StoredFile } from '../src/protocol/result.js';
import { count } from './clock.js';
import { syncFile, syncFolder } from './durable.js';
import { openPatiently, progress } from './files.js';
import { waitForName, waitForWrite } from './slow.js';
import { RECORD_SIZE } from './ustar.js';

/** Bytes of a write. */
const WRITE_SIZE = 1 << 20;
/** Bytes: two blocks of zeros end an archive. */
export const END_SIZE = 1024;

export class Shard {
  /** The bodies in it that are whole. */
  readonly ids: number[] = [];
  readonly stored: StoredFile[] = [];
  #path: string;
  readonly #settings: StoreSettings;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(WRITE_SIZE);
  /** Where in the file the buffer belongs: a multiple of its size. */
  #written = 0;
  #end = 0;
  /** Bytes of the file, of which some at its end may have been taken back. */
  #fileSize = 0;
  #open = true;

  /** @param path absolute; no such file is there yet */
  constructor(path: string, settings: StoreSettings) {
    this.#path = path;
    this.#settings = settings;
    const started = performance.now();
    this.#fd = openPatiently(path, 'wx+');
    count('create', started);
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
    this.#buffer.set(bytes.subarray(inFile), Math.max(0, position + inFile - this.#written));
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
  }

  /** Ends the archive and gives it its final name; `discard` removes it also after that. */
  seal(path: string): void {
    this.append(Buffer.alloc(END_SIZE));
    this.pad(RECORD_SIZE);
    this.#flush();
    if (this.#fileSize > this.#end) fs.ftruncateSync(this.#fd, this.#end);
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

  /** Never throws: what led here is the error to tell, and what cannot be removed goes with the folder it is in. */
  discard(): void {
    try {
      if (this.#open) this.#close();
    } catch {
      // See above.
    }
    try {
      fs.unlinkSync(this.#path);
    } catch {
      // See above.
    }
  }

  /** Not only tidiness: NFS reports a full disk at close. */
  #close(): void {
    this.#open = false;
    counted(() => fs.closeSync(this.#fd));
  }

  #flush(): void {
    const filled = this.#end - this.#written;
    if (filled === 0) return;
    this.#write(this.#buffer.subarray(0, filled), this.#written);
    this.#written = this.#end;
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
