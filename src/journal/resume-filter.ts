/** What is still to be done of a plan: of each item, whether the journal or the destination has it already. */
import { markedFor, NameSet, plainName, unmarked } from '../plan/names.js';
import type { Entry, Item } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import type { ItemRecord, Key } from './format.js';
import { textOf } from './former.js';
import type { IndexSet } from './index-set.js';
import type { Journal } from './journal.js';
import {
  DOUBTFUL_IF_THERE,
  hasSize,
  isMarked,
  keyOf,
  type StateIndex,
  OK,
  type Standing,
  stateOf,
  WHOLE_IF_THERE,
} from './state-index.js';

/**
 * What is left of the plan. `there`: an earlier run has stored the item, under this name; `taken`: its name is that of a file
 * that it must not replace.
 */
export type Admitted = Entry | { readonly kind: 'there' | 'taken'; readonly item: Item };

export interface ResumeFilterSettings {
  /** The names of files that are there; undefined where items have no files of their own. */
  readonly present: NameSet | undefined;
  /** Whether a file that nobody knows may be replaced. */
  readonly overwrite: boolean;
  /** The sizes of files that are there; -1 for what is none, or is gone meanwhile. */
  readonly sizesOf: (names: readonly string[]) => Promise<readonly number[]>;
  /** The size and the checksum of a file that is there. */
  readonly examine: (name: string) => Promise<StoredFile>;
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

/** An item of the plan, and what the journal knows of it. */
interface Met {
  readonly item: Item;
  readonly key: Key;
  /** Undefined for one that is new. */
  readonly standing: Standing | undefined;
  /** As it was called in the run before; for one that is new, as it is called today. */
  readonly before: Pick<Item, 'url' | 'name'>;
}

const NONE: ReadonlySet<Met> = new Set();

/**
 * An item whose file is there keeps the name that it had, whatever the plan calls it today: a list that has lost lines, or
 * has them in another order, gives the items that share a name other marks.
 */
export class ResumeFilter {
  readonly #settings: ResumeFilterSettings;
  readonly #known: Known | undefined;
  /** Names that were handed out; only where the journal's names are not the plan's. */
  readonly #handedOut = new NameSet();

  /** @param known undefined for a run without a journal */
  constructor(settings: ResumeFilterSettings, known: Known | undefined) {
    this.#settings = settings;
    this.#known = known;
  }

  /** Resolves when the journal says of every item that is handed out that it was begun. */
  readonly admit = (entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> => {
    const known = this.#known;
    return known === undefined ? entries.map((entry) => this.#unlessTaken(entry)) : this.#admitKnown(entries, known);
  };

  async #admitKnown(entries: readonly Entry[], known: Known): Promise<readonly Admitted[]> {
    const { journal, states } = known;
    const met = entries.map((entry) => (entry.kind === 'item' ? meet(entry.item, known) : entry));
    const changed = states.size === 0 ? NONE : await this.#changed(met);
    const admitted: Admitted[] = [];
    let begun = 0;
    for (const entry of met) {
      if ('kind' in entry) {
        admitted.push(entry);
        continue;
      }
      const { item, key, standing, before } = entry;
      const state = standing === undefined ? undefined : stateOf(standing);
      const isThere = this.#isThere(before.name);
      if (state === OK && isThere !== false && !changed.has(entry)) {
        admitted.push({ kind: 'there', item: { ...item, name: before.name } });
      } else if (state === WHOLE_IF_THERE && isThere === true) {
        const stored = await this.#settings.examine(before.name);
        journal.begin(item.index, key, { ...before, details: item.details });
        journal.stored(item.index, stored, false);
        admitted.push({ kind: 'there', item: { ...item, name: before.name } });
      } else {
        const found = states.size === 0 ? this.#unlessTaken({ kind: 'item', item }) : await this.#place(entry, known);
        admitted.push(found);
        if (found.kind !== 'item') continue;
        const { index, name } = found.item;
        known.keys?.add(index);
        if (states.size > 0) this.#handedOut.add(name);
        journal.begin(index, key, found.item, this.#isPresent(name) === true);
        begun += 1;
      }
    }
    if (begun > 0) await journal.written();
    return admitted;
  }

  /** Where an item is stored that is to be downloaded. */
  async #place({ item, standing, before }: Met, { keys, names }: Known): Promise<Admitted> {
    if (keys !== undefined)
      return { kind: 'item', item: keys.has(item.index) ? { ...item, index: keys.next, entry: item.index } : item };
    const state = standing === undefined ? undefined : stateOf(standing);
    // What is in it nobody knows: so it must not stay.
    if (state === DOUBTFUL_IF_THERE && this.#isThere(before.name) === true) return named(item, before.name);
    // What was stored and is gone is stored again, and so is what is there and was changed.
    const isOwn = (state === OK || state === DOUBTFUL_IF_THERE) && before.name === item.name;
    if (this.#isFree(item.name, isOwn)) return { kind: 'item', item };
    const isOurs = this.#handedOut.has(item.name) || (await names()).has(item.name);
    const other = markedFor(item.name, item.url);
    // A name that was asked for is not replaced by another one.
    const mayDiffer = isOurs && plainName(item.url) === ownName(item.name);
    return mayDiffer && this.#isFree(other) ? named(item, other) : { kind: 'taken', item };
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

  #unlessTaken(entry: Entry): Admitted {
    if (entry.kind !== 'item' || this.#isFree(entry.item.name)) return entry;
    return { kind: 'taken', item: entry.item };
  }

  /** @param isOwn whether a file of the name is the item's */
  #isFree(name: string, isOwn = false): boolean {
    if (this.#handedOut.has(name)) return false;
    return isOwn || this.#settings.overwrite || this.#isPresent(name) !== true;
  }

  /** Whether the file is there, and as it was. */
  #isThere(name: string): boolean | undefined {
    const isPresent = this.#isPresent(name);
    return isPresent === true ? !this.#handedOut.has(name) : isPresent;
  }

  #isPresent(name: string): boolean | undefined {
    return this.#settings.present?.has(name);
  }
}

function meet(item: Item, { states, elsewhere }: Known): Met {
  const key = keyOf(item.url, item.name);
  const standing = states.size === 0 ? undefined : states.get(key);
  const before = elsewhere.size === 0 ? undefined : elsewhere.get(textOf(key));
  return { item, key, standing, before: before ?? (standing === undefined ? item : asKnown(item, standing)) };
}

/** With the name that the journal knows, which has the mark of the URL or has not. */
function asKnown(item: Item, standing: Standing): Pick<Item, 'url' | 'name'> {
  const { url, name } = item;
  const unmarkedName = unmarked(name, url);
  if (isMarked(standing) === (unmarkedName !== undefined)) return item;
  return { url, name: unmarkedName ?? markedFor(name, url) };
}

function named(item: Item, name: string): Admitted {
  return { kind: 'item', item: { ...item, name } };
}

/** Without the folders before it. */
function ownName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
