/** Where items are stored: under the names of the plan, unless what is there, or what was handed out, has them. */
import { hexHash, marked, markedFor, NameSet, numbered, plainName } from '../plan/names.js';
import { foldersOf, markedFolder } from '../plan/paths.js';
import type { Entry, Item } from '../item.js';
import type { OnExists } from '../protocol/settings.js';
import type { ItemRecord } from './format.js';
import type { IndexSet } from './index-set.js';
import type { Journal } from './journal.js';
import { MAX_NUMBER, type Met } from './met.js';
import { DOUBTFUL_IF_THERE, type StateIndex, OK, stateOf } from './state-index.js';
import type { Updates } from './updates.js';

/** An item whose name is that of a file that it must not replace. */
export interface Taken {
  readonly kind: 'taken';
  readonly item: Item;
  /** What has the name of one of its folders, and is none. */
  readonly blocking?: string;
}

/**
 * What is left of the plan. `there`: an earlier run has stored the item, under this name; `kept`: it is left out, since there is
 * a file of its name that nobody knows.
 */
export type Admitted = Entry | Taken | Stored | Kept;

/** What becomes of an item that is to be downloaded. */
export type Placed = Extract<Admitted, { readonly kind: 'item' | 'taken' | 'kept' }>;

interface Stored {
  readonly kind: 'there';
  readonly item: Item;
}

interface Kept {
  readonly kind: 'kept';
  readonly item: Item;
}

/** What is in the destination. */
export interface Presence {
  /** To be waited for, if there is something to wait for, before any of these names is asked for. @throws StorageError */
  prepare(names: readonly string[]): Promise<void> | undefined;
  /** Whether a file, a folder or something else has the name. */
  has(name: string): boolean;
  /** What has the name of one of the folders before a name, and is no folder. */
  blocking(name: string): string | undefined;
}

export interface PlacementSettings {
  /** Undefined where items have no files of their own. */
  readonly present: Presence | undefined;
  /** What becomes of an item whose name is that of a file that nobody knows. */
  readonly onExists: OnExists;
  /** How many characters of a name are the layout's folder. */
  readonly base: number;
  /** Whether names are made by a template: then an item gets another one where an earlier run has given its name away. */
  readonly templated: boolean;
  /** Whether answers may give items other names: then it depends on those before an item which one it gets. */
  readonly answersName: boolean;
}

/** What of the journal is told of items that are begun. */
export type Notes = Pick<Journal, 'begin' | 'stored' | 'renamed' | 'written'>;

/** The journal, and what was in it. */
export interface Known {
  readonly journal: Notes;
  readonly states: StateIndex;
  /** Files that have another name than the plan gives them today, by key. */
  readonly elsewhere: ReadonlyMap<string, ItemRecord>;
  /** What answers have called files, by key. */
  readonly given: ReadonlyMap<string, string>;
  /** All that is there is to be replaced, whoever has stored it. */
  readonly afresh: boolean;
  /** Names of files that earlier runs have stored, or may have; read from the journal when that is asked for first. */
  readonly names: () => Promise<NameSet>;
  /** Only where what is stored is asked for, in case it has changed. */
  readonly updates?: Updates;
  /** Of the items in shards; only for the layout `tar`. */
  readonly keys?: IndexSet;
}

export class Placement {
  readonly #settings: PlacementSettings;
  /** Names that were handed out, and their folders; only where names may be others than the plan's. */
  #handedOut: NameSet | undefined;
  #handedFolders: NameSet | undefined;

  constructor(settings: PlacementSettings) {
    this.#settings = settings;
  }

  /** Whether items may get numbers: then it depends on those before an item which one it gets. */
  get renames(): boolean {
    return this.#settings.onExists === 'rename';
  }

  /** Whether names may be others than the plan's by what has happened before. */
  get inTurn(): boolean {
    return this.renames || this.#settings.answersName;
  }

  /** Lists the folders of these names. @returns what is to be waited for, if anything is */
  list(names: readonly string[]): Promise<void> | undefined {
    return this.#settings.present?.prepare(names);
  }

  /** Whether names have folders besides that of the layout. */
  isNested({ name }: Item): boolean {
    return this.#settings.present !== undefined && name.includes('/', this.#settings.base);
  }

  /** Whether the file is there, and as it was. */
  isThere(name: string): boolean | undefined {
    const isPresent = this.isPresent(name);
    return isPresent === true ? this.#handedOut?.has(name) !== true : isPresent;
  }

  isPresent(name: string): boolean | undefined {
    return this.#settings.present?.has(name);
  }

  /** A name is used from now on. */
  handOut(name: string, matters: boolean): void {
    if (!matters && !this.inTurn) return;
    this.#handedOut ??= new NameSet();
    this.#handedOut.add(name);
    if (!name.includes('/', this.#settings.base)) return;
    this.#handedFolders ??= new NameSet();
    for (const folder of foldersOf(name)) this.#handedFolders.add(folder);
  }

  /** The same as {@link place} where nothing is known of any item, and nothing has to be waited for. */
  placeNew(item: Item): Placed {
    return this.#isFree(item.name) ? { kind: 'item', item } : this.#instead(item, false);
  }

  /** The same where an item may get a marked folder. */
  async placeRenamed(item: Item): Promise<Placed> {
    return (await this.#besides(item, this.#blocking(item.name))) ?? this.placeNew(item);
  }

  /** Where an item is stored to which an answer gives the name that it has here: never where another one is, or was. */
  async placeAnswered(item: Item, known: Known | undefined): Promise<Placed> {
    const blocking = this.#blocking(item.name);
    if (blocking !== undefined) {
      const mayDiffer = this.renames || this.#handedOut?.has(blocking) === true;
      return (mayDiffer ? await this.#besides(item, blocking) : undefined) ?? { kind: 'taken', item, blocking };
    }
    const names = known === undefined || known.afresh ? undefined : await known.names();
    const isOthers = (name: string): boolean =>
      this.#wasHandedOut(name) || names?.has(name) === true || names?.has(`${name}/`) === true;
    if (!isOthers(item.name)) return this.#isFree(item.name) ? { kind: 'item', item } : this.#instead(item, false);
    for (let attempt = 0; ; attempt += 1) {
      const other = marked(item.name, hexHash(attempt === 0 ? item.url : `${item.url}\n${attempt}`));
      if (!isOthers(other) && this.#isFree(other)) return named(item, other);
    }
  }

  /** Where an item is stored that is to be downloaded. */
  async place({ item, standing, before }: Met, { keys, names }: Known): Promise<Placed> {
    if (keys !== undefined) return this.#inShards(item, keys);
    const state = standing === undefined ? undefined : stateOf(standing);
    // What is in it nobody knows: so it must not stay.
    if (state === DOUBTFUL_IF_THERE && this.isThere(before.name) === true) return this.#keeping(item, before);
    const wasStored = state === OK || state === DOUBTFUL_IF_THERE;
    // What an answer has called it, the journal says: whatever it would be called today, it keeps that.
    if (before.planned !== undefined && this.#isFree(before.name, wasStored)) return this.#keeping(item, before);
    // What was stored and is gone is stored again, and so is what is there and was changed.
    const isOwn = wasStored && before.name === item.name;
    if (this.#isFree(item.name, isOwn)) return isOwn ? this.#keeping(item, before) : { kind: 'item', item };
    const blocking = this.#blocking(item.name);
    const isOurs =
      blocking === undefined ? await this.#isOurs(item.name, names) : await this.#isOurFile(blocking, names);
    // A name that was asked for is not replaced by another one.
    const { templated, answersName } = this.#settings;
    const mayDiffer = isOurs && (templated || answersName || plainName(item.url) === ownName(item.name));
    if (mayDiffer && blocking === undefined) {
      const other = markedFor(item.name, item.url);
      if (this.#isFree(other)) return named(item, other);
    }
    const besides = mayDiffer || this.renames ? await this.#besides(item, blocking) : undefined;
    return besides ?? this.#instead(item, isOurs);
  }

  /** With the name that it had, also where an answer would give it another. */
  keep(item: Item, { name, planned = name }: Met['before']): Item {
    return planned === name && !this.#settings.answersName ? { ...item, name } : { ...item, name, planned };
  }

  #keeping(item: Item, before: Met['before']): Placed {
    return { kind: 'item', item: this.keep(item, before) };
  }

  /** There a name is what a description says. */
  #inShards(item: Item, keys: IndexSet): Placed {
    const placed = keys.has(item.index) ? { ...item, index: keys.next, entry: item.index } : item;
    return this.#wasHandedOut(item.name)
      ? named(placed, markedFor(item.name, item.url))
      : { kind: 'item', item: placed };
  }

  /** Whether a run has stored a file of the name, or one in a folder of the name. */
  async #isOurs(name: string, names: Known['names']): Promise<boolean> {
    if (this.#handedFolders?.has(name) === true || (await this.#isOurFile(name, names))) return true;
    return (await names()).has(`${name}/`);
  }

  async #isOurFile(name: string, names: Known['names']): Promise<boolean> {
    return this.#handedOut?.has(name) === true || (await names()).has(name);
  }

  /** The item in a marked folder, where that of its name is none; undefined if that cannot be. */
  async #besides(item: Item, blocking: string | undefined): Promise<Placed | undefined> {
    if (blocking === undefined) return undefined;
    const { base, present } = this.#settings;
    const other = item.name.slice(0, base) + markedFolder(blocking.slice(base)) + item.name.slice(blocking.length);
    const listed = present?.prepare([other]);
    if (listed !== undefined) await listed;
    return this.#isFree(other) ? named(item, other) : undefined;
  }

  /** What becomes of an item whose name is taken. */
  #instead(item: Item, isOurs: boolean): Placed {
    const blocking = this.#blocking(item.name);
    if (blocking !== undefined) return { kind: 'taken', item, blocking };
    if (this.#settings.onExists === 'skip' && !isOurs) return { kind: 'kept', item };
    for (let number = 1; this.renames && number <= MAX_NUMBER; number += 1) {
      const name = numbered(item.name, number);
      if (this.#isFree(name)) return named(item, name);
    }
    return { kind: 'taken', item };
  }

  /** @param isOwn whether a file of the name is the item's */
  #isFree(name: string, isOwn = false): boolean {
    if (this.#wasHandedOut(name) || this.#blocking(name) !== undefined) return false;
    return isOwn || this.#settings.onExists === 'overwrite' || this.isPresent(name) !== true;
  }

  /** As a file, or as a folder of one. */
  #wasHandedOut(name: string): boolean {
    return this.#handedOut?.has(name) === true || this.#handedFolders?.has(name) === true;
  }

  /** What is no folder, and has the name of one that the file would be in. */
  #blocking(name: string): string | undefined {
    const { present, base } = this.#settings;
    if (present === undefined || !name.includes('/', base)) return undefined;
    return present.blocking(name) ?? foldersOf(name).find((folder) => this.#handedOut?.has(folder));
  }
}

function named(item: Item, name: string): Placed {
  return { kind: 'item', item: { ...item, name } };
}

/** Without the folders before it. */
function ownName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
