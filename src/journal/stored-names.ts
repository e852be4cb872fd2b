/** Names of files that runs before this one have stored, and of their folders, these with a slash at the end, read from their journal: for the few items that need to know. */
import type { FileHandle } from 'node:fs/promises';
import { NameSet } from '../plan/names.js';
import { foldersOf } from '../plan/paths.js';
import { itemAt, type RecordVisitor, renamedAt, type RunRecord } from './format.js';
import { readJournal } from './reader.js';
import { isInShards } from '../protocol/layouts.js';

/**
 * @param path for messages
 * @param end bytes of the journal that are theirs
 * @throws StorageError STORE_JOURNAL
 */
export async function storedNames(file: FileHandle, path: string, end: number): Promise<NameSet> {
  const names = new StoredNames();
  await readJournal(file, path, names, { end });
  names.giveUp();
  return names.names;
}

class StoredNames implements RecordVisitor {
  names = new NameSet();
  /** By number in the run. */
  readonly #begun = new Map<number, string>();
  #inFiles = true;

  run({ layout, afresh }: RunRecord): void {
    this.giveUp();
    this.#inFiles = !isInShards(layout);
    // What was there is replaced, and was no other item's.
    if (afresh && this.#inFiles) this.names = new NameSet();
  }

  item(index: number, payload: Buffer, at: number): void {
    if (this.#inFiles) this.#begun.set(index, itemAt(payload, at).name);
  }

  renamed(index: number, payload: Buffer, at: number): void {
    if (this.#begun.has(index)) this.#begun.set(index, renamedAt(payload, at).name);
  }

  stored(index: number): void {
    const name = this.#begun.get(index);
    if (name !== undefined) this.#add(name);
    this.#begun.delete(index);
  }

  failed(index: number): void {
    this.#begun.delete(index);
  }

  /** What the run has begun and nobody has written down may be stored. */
  giveUp(): void {
    for (const name of this.#begun.values()) this.#add(name);
    this.#begun.clear();
  }

  #add(name: string): void {
    this.names.add(name);
    if (name.includes('/')) for (const folder of foldersOf(name)) this.names.add(`${folder}/`);
  }
}
