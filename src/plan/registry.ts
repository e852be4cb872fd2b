/** Which names of a plan are taken: each is given once, and what is a file for one item is no folder for another. */

import { hexHash, marked, NameSet } from './names.js';
import type { Room } from './overflow.js';
import { foldersOf, markedFolder } from './paths.js';

/**
 * Gives every item a path that no other item has, also where case and normal form make no difference. Depends only on
 * the order of the claims, so that the names of one list are the same in every run.
 */
export class NameRegistry {
  readonly #room: Room | undefined;
  readonly #files: NameSet;
  /** Undefined as long as no name had a folder. */
  #folders: NameSet | undefined;

  constructor(room?: Room) {
    this.#room = room;
    this.#files = new NameSet(room);
  }

  /** Claims a path that an earlier registry has given, whether or not this one has given it, too. */
  reserve(path: string): void {
    this.#files.add(path);
    for (const folder of foldersOf(path)) this.#useFolder(folder);
  }

  /** @param name a safe name; the answer is one too: `name` for its first claimant, `stem-XXXXXXXX.ext` for later ones */
  claim(name: string, url: string): string {
    if (this.#take(name)) return name;
    for (let attempt = 0; ; attempt += 1) {
      const unique = marked(name, hexHash(attempt === 0 ? url : `${url}\n${attempt}`));
      if (this.#take(unique)) return unique;
    }
  }

  /** The same for a safe path. Where one of its folders has the name of a file, that folder gets a mark, for all in it. */
  claimPath(path: string, url: string): string {
    let folder = '';
    let start = 0;
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', start)) {
      folder = this.#freeFolder(folder + path.slice(start, slash));
      this.#useFolder(folder);
      folder += '/';
      start = slash + 1;
    }
    return this.claim(folder + path.slice(start), url);
  }

  /** Nothing is claimed any more. */
  close(): void {
    this.#files.close();
    this.#folders?.close();
  }

  #take(path: string): boolean {
    return this.#folders?.has(path) !== true && this.#files.add(path);
  }

  #freeFolder(folder: string): string {
    let free = folder;
    for (let attempt = 0; this.#files.has(free); attempt += 1) free = markedFolder(folder, attempt);
    return free;
  }

  #useFolder(folder: string): void {
    this.#folders ??= new NameSet(this.#room);
    this.#folders.add(folder);
  }
}
