/** What is still to be done of a plan: of each item, whether the journal or the destination has it already. */
import type { NameSet } from '../plan/names.js';
import type { Entry, Item } from '../plan.js';
import type { StoredFile } from '../protocol.js';
import type { ItemRecord, Key } from './format.js';
import { textOf } from './former.js';
import type { IndexSet } from './index-set.js';
import type { Journal } from './journal.js';
import {
  DOUBTFUL_IF_THERE,
  hasSize,
  keyOf,
  type Ledger,
  OK,
  type Standing,
  stateOf,
  WHOLE_IF_THERE,
} from './ledger.js';

/**
 * What is left of the plan. `taken`: a file that nobody knows has the item's name; `key taken`: in the shards, another
 * item that is stored has its number.
 */
export type Admitted = Entry | { readonly kind: 'taken' | 'key taken'; readonly item: Item };

export interface AdmissionSettings {
  /** The names of files that are there; undefined where items have no files of their own. */
  readonly present: NameSet | undefined;
  /** Whether a file that nobody knows may be replaced. */
  readonly overwrite: boolean;
  /** The sizes of files that are there; -1 for what is none, or is gone meanwhile. */
  readonly sizesOf: (names: readonly string[]) => Promise<readonly number[]>;
  /** The size and the checksum of a file that is there. */
  readonly examine: (name: string) => Promise<StoredFile>;
  /** Told of items that earlier runs have stored. */
  readonly onThere: (count: number) => void;
}

/** The journal, and what was in it. */
export interface Known {
  readonly journal: Journal;
  readonly ledger: Ledger;
  /** Files that have another name than the plan gives them today, by key. */
  readonly elsewhere: ReadonlyMap<string, ItemRecord>;
  /** Of the items in shards; only for the layout `tar`. */
  readonly keys?: IndexSet;
}

const NONE: ReadonlySet<Item> = new Set();

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #known: Known | undefined;

  /** @param known undefined for a run without a journal */
  constructor(settings: AdmissionSettings, known: Known | undefined) {
    this.#settings = settings;
    this.#known = known;
  }

  /** Resolves when the journal says of every item that is handed out that it was begun. */
  readonly admit = (entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> => {
    const known = this.#known;
    return known === undefined ? entries.map((entry) => this.#unlessTaken(entry)) : this.#admitKnown(entries, known);
  };

  async #admitKnown(entries: readonly Entry[], known: Known): Promise<readonly Admitted[]> {
    const { journal, ledger, elsewhere, keys } = known;
    const changed = ledger.size === 0 ? NONE : await this.#changed(entries, known);
    const admitted: Admitted[] = [];
    let begun = 0;
    let there = 0;
    for (const entry of entries) {
      if (entry.kind !== 'item') {
        admitted.push(entry);
        continue;
      }
      const { item } = entry;
      const key = keyOf(item.url, item.name);
      const standing = ledger.size === 0 ? undefined : ledger.get(key);
      const state = standing === undefined ? undefined : stateOf(standing);
      const record = formerOf(key, elsewhere) ?? item;
      const isThere = this.#isPresent(record.name);
      if (state === OK && isThere !== false && !changed.has(item)) {
        there += 1;
      } else if (state === WHOLE_IF_THERE && isThere === true) {
        const stored = await this.#settings.examine(record.name);
        journal.begin(item.index, key, record.url, record.name);
        journal.stored(item.index, stored, false);
        there += 1;
      } else if (keys?.has(item.index) === true) {
        admitted.push({ kind: 'key taken', item });
      } else {
        // What was stored and is gone is stored again; what was begun and is there is this program's to replace.
        const own = state === OK || state === DOUBTFUL_IF_THERE;
        const found = own ? entry : this.#unlessTaken(entry);
        admitted.push(found);
        if (found.kind !== 'item') continue;
        keys?.add(item.index);
        journal.begin(item.index, key, item.url, item.name, this.#isPresent(item.name) === true);
        begun += 1;
      }
    }
    if (there > 0) this.#settings.onThere(there);
    if (begun > 0) await journal.written();
    return admitted;
  }

  /** Items that were stored, and whose files have another size now. */
  async #changed(entries: readonly Entry[], { ledger, elsewhere }: Known): Promise<ReadonlySet<Item>> {
    const items: Item[] = [];
    const standings: Standing[] = [];
    const names: string[] = [];
    for (const entry of entries) {
      if (entry.kind !== 'item') continue;
      const { item } = entry;
      const key = keyOf(item.url, item.name);
      const standing = ledger.get(key);
      const name = formerOf(key, elsewhere)?.name ?? item.name;
      if (standing === undefined || stateOf(standing) !== OK || this.#isPresent(name) !== true) continue;
      items.push(item);
      standings.push(standing);
      names.push(name);
    }
    if (names.length === 0) return NONE;
    const sizes = await this.#settings.sizesOf(names);
    return new Set(items.filter((_, at) => !hasSize(standings[at] as Standing, sizes[at] as number)));
  }

  #unlessTaken(entry: Entry): Admitted {
    if (entry.kind !== 'item' || this.#settings.overwrite || this.#isPresent(entry.item.name) !== true) return entry;
    return { kind: 'taken', item: entry.item };
  }

  #isPresent(name: string): boolean | undefined {
    return this.#settings.present?.has(name);
  }
}

function formerOf(key: Key, elsewhere: Known['elsewhere']): ItemRecord | undefined {
  return elsewhere.size === 0 ? undefined : elsewhere.get(textOf(key));
}
