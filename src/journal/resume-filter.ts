/** What is still to be done of a plan: of each item, whether the journal or the destination has it already. */
import { markedFor, NameSet, numbered, plainName } from '../plan/names.js';
import { foldersOf, markedFolder } from '../plan/paths.js';
import type { Entry, Item } from '../item.js';
import type { OnExists } from '../protocol/settings.js';
import type { StoredFile } from '../protocol/result.js';
import type { ItemRecord } from './format.js';
import type { IndexSet } from './index-set.js';
import type { Journal } from './journal.js';
import { MAX_NUMBER, meet, type MeetingSettings, type Met } from './met.js';
import {
  DOUBTFUL_IF_THERE,
  hasSize,
  keyOf,
  type StateIndex,
  OK,
  type Standing,
  stateOf,
  WHOLE_IF_THERE,
} from './state-index.js';

/** An item whose name is that of a file that it must not replace. */
export interface Taken {
  readonly kind: 'taken';
  readonly item: Item;
  /** What has the name of one of its folders, and is none. */
  readonly blocking?: string;
}

/** What is left of the plan. */
export type Admitted = Entry | Taken;

/** What is in the destination. */
export interface Presence {
  /** To be waited for, if there is something to wait for, before any of these names is asked for. @throws StorageError */
  prepare(names: readonly string[]): Promise<void> | undefined;
  /** Whether a file, a folder or something else has the name. */
  has(name: string): boolean;
  /** What has the name of one of the folders before a name, and is no folder. */
  blocking(name: string): string | undefined;
}

export interface ResumeFilterSettings {
  /** Undefined where items have no files of their own. */
  readonly present: Presence | undefined;
  /** What becomes of an item whose name is that of a file that nobody knows. */
  readonly onExists: OnExists;
  /** How many characters of a name are the layout's folder. */
  readonly base: number;
  /** Whether names are made by a template: then an item gets another one where an earlier run has given its name away. */
  readonly templated: boolean;
  /** The sizes of files that are there; -1 for what is none, or is gone meanwhile. */
  readonly sizesOf: (names: readonly string[]) => Promise<readonly number[]>;
  /** The size and the checksum of a file that is there. */
  readonly examine: (name: string) => Promise<StoredFile>;
  /** Told of items that earlier runs have stored. */
  readonly onThere: (count: number) => void;
  /** Told of items that are left out, since there are files of their names that nobody knows. */
  readonly onKept: (count: number) => void;
}

/** The journal, and what was in it. */
export interface Known {
  readonly journal: Journal;
  readonly states: StateIndex;
  /** Files that have another name than the plan gives them today, by key. */
  readonly elsewhere: ReadonlyMap<string, ItemRecord>;
  /** Names of files that earlier runs have stored, or may have; read from the journal when that is asked for first. */
  readonly names: () => Promise<NameSet>;
  /** Of the items in shards; only for the layout `tar`. */
  readonly keys?: IndexSet;
}

const NONE: ReadonlySet<Met> = new Set();

/**
 * An item whose file is there keeps the name that it had, whatever the plan calls it today: a list that has lost lines, or
 * has them in another order, gives the items that share a name other marks.
 */
export class ResumeFilter {
  readonly #settings: ResumeFilterSettings;
  readonly #known: Known | undefined;
  /** Names that were handed out, and their folders; only where names may be others than the plan's. */
  #handedOut: NameSet | undefined;
  #handedFolders: NameSet | undefined;
  readonly #meeting: MeetingSettings;
  /** The admissions so far: which number a name gets depends on those before. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param known undefined for a run without a journal */
  constructor(settings: ResumeFilterSettings, known: Known | undefined) {
    this.#settings = settings;
    this.#known = known;
    this.#meeting = {
      base: settings.base,
      maybeNumbered: ({ name }) => this.#renames || this.#isPresent(name) === true,
      isPresent: (name) => this.#isPresent(name),
    };
  }

  /** Resolves when the journal says of every item that is handed out that it was begun. */
  readonly admit = (entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> => {
    if (!this.#renames) return this.#admit(entries);
    const admitted = this.#last.then(() => this.#admit(entries));
    this.#last = admitted.catch(() => undefined);
    return admitted;
  };

  #admit(entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> {
    const known = this.#known;
    if (known !== undefined) return this.#admitKnown(entries, known);
    const listed = this.#prepare(entries);
    return listed === undefined ? this.#admitUnknown(entries) : listed.then(() => this.#admitUnknown(entries));
  }

  #admitUnknown(entries: readonly Entry[]): readonly Admitted[] {
    return entries.flatMap((entry) => {
      const found = entry.kind === 'item' ? this.#unlessTaken(entry.item) : entry;
      if (found?.kind === 'item') this.#handOut(found.item.name);
      return found ?? [];
    });
  }

  async #admitKnown(entries: readonly Entry[], known: Known): Promise<readonly Admitted[]> {
    const { journal, states } = known;
    const listed = this.#prepare(entries);
    if (listed !== undefined) await listed;
    const met = entries.map((entry) => (entry.kind === 'item' ? meet(entry.item, known, this.#meeting) : entry));
    const alsoListed = states.size === 0 ? undefined : this.#prepareFormer(met);
    if (alsoListed !== undefined) await alsoListed;
    const changed = states.size === 0 ? NONE : await this.#changed(met);
    const admitted: Admitted[] = [];
    let begun = 0;
    let there = 0;
    for (const entry of met) {
      if ('kind' in entry) {
        admitted.push(entry);
        continue;
      }
      const { item, key, standing, before } = entry;
      const state = standing === undefined ? undefined : stateOf(standing);
      const isThere = this.#isThere(before.name);
      if (state === OK && isThere !== false && !changed.has(entry)) {
        there += 1;
      } else if (state === WHOLE_IF_THERE && isThere === true) {
        const stored = await this.#settings.examine(before.name);
        journal.begin(item.index, key, before.url, before.name);
        journal.stored(item.index, stored, false);
        there += 1;
      } else {
        const found = states.size === 0 ? this.#unlessTaken(item) : await this.#place(entry, known);
        if (found === undefined) continue;
        admitted.push(found);
        if (found.kind !== 'item') continue;
        const { index, url, name } = found.item;
        known.keys?.add(index);
        this.#handOut(name, states.size > 0);
        journal.begin(index, keyFor(entry, found.item), url, name, this.#isPresent(name) === true);
        begun += 1;
      }
    }
    if (there > 0) this.#settings.onThere(there);
    if (begun > 0) await journal.written();
    return admitted;
  }

  /** Where an item is stored that is to be downloaded; undefined if it is left out. */
  async #place({ item, standing, before }: Met, { keys, names }: Known): Promise<Admitted | undefined> {
    if (keys !== undefined) return { kind: 'item', item: keys.has(item.index) ? { ...item, index: keys.next } : item };
    const state = standing === undefined ? undefined : stateOf(standing);
    // What is in it nobody knows: so it must not stay.
    if (state === DOUBTFUL_IF_THERE && this.#isThere(before.name) === true) return named(item, before.name);
    // What was stored and is gone is stored again, and so is what is there and was changed.
    const isOwn = (state === OK || state === DOUBTFUL_IF_THERE) && before.name === item.name;
    if (this.#isFree(item.name, isOwn)) return { kind: 'item', item };
    const blocking = this.#blocking(item.name);
    const taken = blocking ?? item.name;
    const isOurs = this.#wasHandedOut(taken) || (await names()).has(taken);
    // A name that was asked for is not replaced by another one.
    const mayDiffer = isOurs && (this.#settings.templated || plainName(item.url) === ownName(item.name));
    if (mayDiffer || (blocking !== undefined && this.#renames)) {
      const other =
        blocking === undefined ? markedFor(item.name, item.url) : besides(item.name, blocking, this.#settings.base);
      const listed = this.#settings.present?.prepare([other]);
      if (listed !== undefined) await listed;
      if (this.#isFree(other)) return named(item, other);
    }
    return this.#instead(item, isOurs);
  }

  /** Items that were stored, and whose files have another size now. */
  async #changed(met: readonly (Met | Entry)[]): Promise<ReadonlySet<Met>> {
    const stored = met.filter(
      (entry): entry is Met & { standing: Standing } =>
        'key' in entry &&
        entry.standing !== undefined &&
        stateOf(entry.standing) === OK &&
        this.#isThere(entry.before.name) === true,
    );
    if (stored.length === 0) return NONE;
    const sizes = await this.#settings.sizesOf(stored.map(({ before }) => before.name));
    return new Set(stored.filter(({ standing }, at) => !hasSize(standing, sizes[at] as number)));
  }

  #unlessTaken(item: Item): Admitted | undefined {
    return this.#isFree(item.name) ? { kind: 'item', item } : this.#instead(item, false);
  }

  /** What becomes of an item whose name is taken; undefined if it is left out. */
  #instead(item: Item, isOurs: boolean): Admitted | undefined {
    const blocking = this.#blocking(item.name);
    if (blocking !== undefined) return { kind: 'taken', item, blocking };
    if (this.#settings.onExists === 'skip' && !isOurs) {
      this.#settings.onKept(1);
      return undefined;
    }
    for (let number = 1; this.#renames && number <= MAX_NUMBER; number += 1) {
      const name = numbered(item.name, number);
      if (this.#isFree(name)) return named(item, name);
    }
    return { kind: 'taken', item };
  }

  /** @param isOwn whether a file of the name is the item's */
  #isFree(name: string, isOwn = false): boolean {
    if (this.#wasHandedOut(name) || this.#blocking(name) !== undefined) return false;
    return isOwn || this.#settings.onExists === 'overwrite' || this.#isPresent(name) !== true;
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

  #handOut(name: string, matters = false): void {
    if (!matters && !this.#renames) return;
    this.#handedOut ??= new NameSet();
    this.#handedOut.add(name);
    if (!name.includes('/', this.#settings.base)) return;
    this.#handedFolders ??= new NameSet();
    for (const folder of foldersOf(name)) this.#handedFolders.add(folder);
  }

  get #renames(): boolean {
    return this.#settings.onExists === 'rename';
  }

  /** Lists the folders that items of the plan go to. */
  #prepare(entries: readonly Entry[]): Promise<void> | undefined {
    const { present, base } = this.#settings;
    if (present === undefined) return undefined;
    const nested = (entry: Entry): boolean => entry.kind === 'item' && entry.item.name.includes('/', base);
    if (!entries.some(nested)) return undefined;
    return present.prepare(entries.flatMap((entry) => (entry.kind === 'item' ? entry.item.name : [])));
  }

  /** The same for those that they were in. */
  #prepareFormer(met: readonly (Met | Entry)[]): Promise<void> | undefined {
    const names = met.flatMap((entry) => ('key' in entry && entry.before !== entry.item ? entry.before.name : []));
    return names.length === 0 ? undefined : this.#settings.present?.prepare(names);
  }

  /** Whether the file is there, and as it was. */
  #isThere(name: string): boolean | undefined {
    const isPresent = this.#isPresent(name);
    return isPresent === true ? this.#handedOut?.has(name) !== true : isPresent;
  }

  #isPresent(name: string): boolean | undefined {
    return this.#settings.present?.has(name);
  }
}

function named(item: Item, name: string): Admitted {
  return { kind: 'item', item: { ...item, name } };
}

/** Without the folders before it. */
function ownName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** The name with another folder in the place of the one that is none. */
function besides(name: string, blocking: string, base: number): string {
  return name.slice(0, base) + markedFolder(blocking.slice(base)) + name.slice(blocking.length);
}

/** By which the journal knows an item from now on. */
function keyFor({ item, key, planKey, before }: Met, { url, name }: Item): Met['key'] {
  if (name === before.name) return key;
  return name === item.name ? planKey : keyOf(url, name);
}
