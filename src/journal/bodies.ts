/**
 * Which file has which bytes, by their SHA-256: of what earlier runs have stored, as far as their journal has that, and of what
 * this run stores. Of each body 28 bytes are in memory, however long names are: of its file, the place in the journal of the record
 * that names it. Whoever wants to know the name reads it there.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { isItemName } from '../plan/paths.js';
import { isInShards } from '../protocol/layouts.js';
import { isOf, itemAt, type Key, learnedAt, type RecordVisitor, renamedAt, type RunRecord } from './format.js';
import { PlaceIndex } from './place-index.js';
import { readJournal } from './reader.js';
import { RecordReader, sizeOf } from './record-reader.js';

export class Bodies {
  /**
   * Of items of this run that are begun and have no outcome yet: by number, where the record lies that names the file. A
   * journal keeps it (`noteNames`).
   */
  readonly begun = new Map<number, number>();
  readonly #places = new PlaceIndex();
  readonly #records: RecordReader;

  /** @param file the journal */
  constructor(file: FileHandle) {
    this.#records = new RecordReader(file);
  }

  /** @param sha256 of the bytes, in hexadecimal digits, as all of these are */
  has(sha256: string): boolean {
    return this.#places.get(keyOfBody(sha256)) !== undefined;
  }

  /** The file of an item that this run has begun has these bytes; which others have them is forgotten. */
  note(sha256: string, index: number): void {
    const place = this.begun.get(index);
    if (place !== undefined) this.set(sha256, place);
  }

  /** @param place where the record begins that names a file with these bytes */
  set(sha256: string, place: number): void {
    this.#places.set(keyOfBody(sha256), place);
  }

  clear(): void {
    this.#places.clear();
  }

  /** A file that had these bytes when it was stored. @throws what the operating system said */
  async nameOf(sha256: string): Promise<string | undefined> {
    const place = this.#places.get(keyOfBody(sha256));
    if (place === undefined) return undefined;
    const bytes = await this.#records.from(place, (some) => sizeOf(some, 0), true);
    const { name } = isOf('renamed', bytes, 0) ? renamedAt(bytes, 0) : itemAt(bytes, 0);
    // Whoever has written another one, no file of ours has it.
    return isItemName(name) ? name : undefined;
  }
}

/** A part of the hash: who links files to one another reads them first. */
function keyOfBody(sha256: string): Key {
  const bytes = Buffer.from(sha256.slice(0, 24), 'hex');
  return { a: bytes.readUInt32LE(0), b: bytes.readUInt32LE(4), c: bytes.readUInt32LE(8) };
}

/**
 * Those of the runs before.
 *
 * @param path for messages
 * @param end bytes of the journal that are theirs
 * @throws StorageError STORE_JOURNAL
 */
export async function storedBodies(file: FileHandle, path: string, end: number): Promise<Bodies> {
  const bodies = new Bodies(file);
  await readJournal(file, path, new StoredBodies(bodies), { end });
  return bodies;
}

class StoredBodies implements RecordVisitor {
  readonly #bodies: Bodies;
  /** By number in the run, where the record lies that names the file. */
  readonly #begun = new Map<number, number>();
  /** What the record before told. */
  #learned: { readonly index: number; readonly sha256: string } | undefined;
  #inFiles = true;

  constructor(bodies: Bodies) {
    this.#bodies = bodies;
  }

  run({ layout, afresh }: RunRecord): void {
    this.#begun.clear();
    this.#inFiles = !isInShards(layout);
    if (afresh && this.#inFiles) this.#bodies.clear();
  }

  item(index: number, _payload: Buffer, _at: number, place: number): void {
    if (this.#inFiles) this.#begun.set(index, place);
  }

  renamed(index: number, _payload: Buffer, _at: number, place: number): void {
    if (this.#begun.has(index)) this.#begun.set(index, place);
  }

  learned(index: number, payload: Buffer, at: number): void {
    const { checksum } = learnedAt(payload, at, '');
    this.#learned = checksum?.algorithm === 'sha256' ? { index, sha256: checksum.hex } : undefined;
  }

  stored(index: number): void {
    const [place, learned] = [this.#begun.get(index), this.#learned];
    this.#begun.delete(index);
    this.#learned = undefined;
    if (place !== undefined && learned?.index === index) this.#bodies.set(learned.sha256, place);
  }

  failed(index: number): void {
    this.#begun.delete(index);
    this.#learned = undefined;
  }
}
