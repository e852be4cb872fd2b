/** What is still to be done of a plan: of each item, whether the journal or the destination has it already. */
import type { Entry, Item } from '../item.js';
import type { StoredFile } from '../protocol/result.js';
import type { KnownFile } from './endings.js';
import type { Key } from './format.js';
import { learnedLater } from './learned.js';
import { meet, type MeetingSettings, type Met } from './met.js';
import { type Admitted, type Known, type Placed, Placement, type PlacementSettings } from './placement.js';
import { hasSize, keyOf, OK, type Standing, stateOf, WHOLE_IF_THERE } from './state-index.js';
import type { Updates } from './updates.js';

export interface ResumeFilterSettings extends PlacementSettings {
  /** The sizes of files that are there; -1 for what is none, or is gone meanwhile. */
  readonly sizesOf: (names: readonly string[]) => Promise<readonly number[]>;
  /** The size and the checksum of a file that is there. */
  readonly examine: (name: string) => Promise<StoredFile>;
  /** What becomes of such a file where others have its bytes; undefined where nobody asks. */
  readonly settle?: ((item: Item, file: StoredFile) => Promise<StoredFile>) | undefined;
}

const NONE: ReadonlySet<Met> = new Set();

/**
 * An item whose file is there keeps the name that it had, whatever the plan calls it today: a list that has lost lines, or
 * has them in another order, gives the items that share a name other marks.
 */
export class ResumeFilter {
  readonly #settings: ResumeFilterSettings;
  readonly #known: Known | undefined;
  readonly #placement: Placement;
  readonly #meeting: MeetingSettings;
  /** The admissions so far, where they are one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param known undefined for a run without a journal */
  constructor(settings: ResumeFilterSettings, known: Known | undefined) {
    const placement = new Placement(settings);
    this.#settings = settings;
    this.#known = known;
    this.#placement = placement;
    this.#meeting = {
      base: settings.base,
      maybeNumbered: ({ name }) => placement.renames || placement.isPresent(name) === true,
      isPresent: (name) => placement.isPresent(name),
    };
  }

  /** Resolves when the journal says of every item that is handed out that it was begun. */
  readonly admit = (entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> => {
    return this.#placement.inTurn ? this.#inTurn(() => this.#admit(entries)) : this.#admit(entries);
  };

  /**
   * Gives an item that was handed out the name that its answer says, or the one that it can have instead. The journal says so
   * when it is written next.
   *
   * @param name safe; others may have it, too
   */
  rename(item: Item, name: string): Promise<Placed> {
    return this.#inTurn(async () => {
      const known = this.#known;
      const wanted = { ...item, name };
      const listed = this.#list([{ kind: 'item', item: wanted }]);
      if (listed !== undefined) await listed;
      // Its own it has already.
      const placed: Placed =
        name === item.name ? { kind: 'item', item } : await this.#placement.placeAnswered(wanted, known);
      if (placed.kind !== 'item') return placed;
      this.#placement.handOut(placed.item.name, true);
      known?.journal.renamed(item.index, placed.item.name, this.#placement.isPresent(placed.item.name) === true);
      return placed;
    });
  }

  async #inTurn<T>(what: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(what);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #admit(entries: readonly Entry[]): readonly Admitted[] | Promise<readonly Admitted[]> {
    const known = this.#known;
    const listed = this.#list(entries);
    if (known !== undefined) return this.#admitKnown(entries, known, listed);
    if (listed !== undefined || this.#placement.inTurn) return this.#admitListed(entries, listed);
    return entries.map((entry) => (entry.kind === 'item' ? this.#placement.placeNew(entry.item) : entry));
  }

  /** Lists the folders that items of the plan go to. */
  #list(entries: readonly Entry[]): Promise<void> | undefined {
    const placement = this.#placement;
    if (!entries.some((entry) => entry.kind === 'item' && placement.isNested(entry.item))) return undefined;
    return placement.list(entries.flatMap((entry) => (entry.kind === 'item' ? entry.item.name : [])));
  }

  async #admitListed(entries: readonly Entry[], listed: Promise<void> | undefined): Promise<readonly Admitted[]> {
    if (listed !== undefined) await listed;
    const admitted: Admitted[] = [];
    for (const entry of entries) {
      const found = entry.kind === 'item' ? await this.#placeNew(entry.item) : entry;
      admitted.push(found);
      if (found.kind === 'item') this.#placement.handOut(found.item.name, false);
    }
    return admitted;
  }

  #placeNew(item: Item): Admitted | Promise<Admitted> {
    if (this.#settings.answersName) return this.#placement.placeAnswered(item, this.#known);
    return this.#placement.renames ? this.#placement.placeRenamed(item) : this.#placement.placeNew(item);
  }

  async #admitKnown(
    entries: readonly Entry[],
    known: Known,
    listed: Promise<void> | undefined,
  ): Promise<readonly Admitted[]> {
    const { journal, states, updates } = known;
    const placement = this.#placement;
    if (listed !== undefined) await listed;
    const met = entries.map((entry) => (entry.kind === 'item' ? meet(entry.item, known, this.#meeting) : entry));
    const formerListed = states.size === 0 ? undefined : this.#listFormer(met);
    if (formerListed !== undefined) await formerListed;
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
      const isThere = placement.isThere(before.name);
      if (state === OK && isThere !== false && !changed.has(entry)) {
        const asked = updates === undefined || updates.isFresh(key) ? undefined : await this.#ask(entry, updates);
        admitted.push(asked ?? { kind: 'there', item: { ...item, name: before.name } });
      } else if (state === WHOLE_IF_THERE && isThere === true) {
        const stored = await this.#adopt(entry, known);
        const file = { index: item.index, stored: { ...stored, unproven: false }, learned: undefined };
        const asked = updates === undefined ? undefined : await this.#ask(entry, updates, file);
        admitted.push(asked ?? { kind: 'there', item: { ...item, name: before.name } });
      } else {
        const placed = states.size > 0 ? placement.place(entry, known) : this.#placeNew(item);
        const found = placed instanceof Promise ? await placed : placed;
        admitted.push(found);
        if (found.kind !== 'item') continue;
        const { index, name } = found.item;
        known.keys?.add(index);
        placement.handOut(name, states.size > 0);
        journal.begin(index, keyFor(entry, found.item), found.item, placement.isPresent(name) === true);
        begun += 1;
      }
    }
    if (begun > 0) await journal.written();
    return admitted;
  }

  /** Its file is there, and whole: that was not written down before its run was killed. */
  async #adopt({ item, key, before }: Met, { journal }: Known): Promise<StoredFile> {
    const { examine, settle } = this.#settings;
    const found = await examine(before.name);
    journal.begin(item.index, key, { ...before, details: item.details });
    if (settle === undefined) {
      journal.stored(item.index, found, false);
      return found;
    }
    // Others may become links to it: they read its name where it is written down.
    await journal.written();
    const stored = await settle({ ...item, ...before }, found);
    const { checksum, same } = stored;
    journal.stored(item.index, stored, false, learnedLater(item.url, { checksum, same }));
    return stored;
  }

  /** It is there, and asked for in case it has changed. */
  async #ask({ item, key, before }: Met, updates: Updates, file?: KnownFile): Promise<Admitted> {
    const kept = this.#placement.keep(item, before);
    this.#placement.handOut(kept.name, true);
    return { kind: 'item', item: await updates.ask(kept, key, file) };
  }

  /** Lists the folders that items were in, where these are others than today. */
  #listFormer(met: readonly (Met | Entry)[]): Promise<void> | undefined {
    const names = met.flatMap((entry) => ('key' in entry && entry.before !== entry.item ? entry.before.name : []));
    return names.length === 0 ? undefined : this.#placement.list(names);
  }

  /** Items that were stored, and whose files have another size now. */
  async #changed(met: readonly (Met | Entry)[]): Promise<ReadonlySet<Met>> {
    const stored = met.filter(
      (entry): entry is Met & { standing: Standing } =>
        'key' in entry &&
        entry.standing !== undefined &&
        stateOf(entry.standing) === OK &&
        this.#placement.isThere(entry.before.name) === true,
    );
    if (stored.length === 0) return NONE;
    const sizes = await this.#settings.sizesOf(stored.map(({ before }) => before.name));
    return new Set(stored.filter(({ standing }, at) => !hasSize(standing, sizes[at] as number)));
  }
}

/** By which the journal knows an item from now on. */
function keyFor({ item, key, planKey, before }: Met, { url, name }: Item): Key {
  if (name === before.name) return key;
  return name === item.name ? planKey : keyOf(url, name);
}
