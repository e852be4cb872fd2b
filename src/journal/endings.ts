/** Where in a journal lies what became of items last, for runs that ask whether what is stored has changed: 28 bytes an item. */
import type { FileHandle } from 'node:fs/promises';
import { indexAt, isOf, type Key, learnedAt, recordSizeAt, storedAt, type StoredRecord } from './format.js';
import type { Learned } from './learned.js';
import { PlaceIndex } from './place-index.js';
import { RecordReader, sizeOfEnding } from './record-reader.js';

/** A file as the journal knows it, and what its request has told. */
export interface KnownFile {
  /** Its number in the run that has stored it. */
  readonly index: number;
  readonly stored: StoredRecord;
  /** Journals of older builds do not have it. */
  readonly learned: Learned | undefined;
}

export class Endings {
  readonly #places = new PlaceIndex();

  /** An item is stored. @param place where in the file the record of that begins, or the one before it, which belongs to it */
  set(key: Key, place: number): void {
    this.#places.set(key, place);
  }

  clear(): void {
    this.#places.clear();
  }

  /** Reads of items that are stored, in whatever order. */
  reader(file: FileHandle): EndingReader {
    const records = new RecordReader(file);
    return async (key, url) => {
      const place = this.#places.get(key);
      if (place === undefined) return undefined;
      const bytes = await records.from(place, sizeOfEnding);
      const learned = isOf('learned', bytes, 0) ? learnedAt(bytes, 0, url) : undefined;
      const at = learned === undefined ? 0 : recordSizeAt(bytes, 0);
      return { index: indexAt(bytes, at), stored: storedAt(bytes, at), learned };
    };
  }
}

/** @param url of the item @returns undefined where nothing is known of it */
export type EndingReader = (key: Key, url: string) => Promise<KnownFile | undefined>;
