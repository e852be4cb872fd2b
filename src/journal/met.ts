/** Items of a plan, each with what the journal knows of it, whatever it was called in the run before. */
import { markedFor, numbered, unmarked } from '../plan/names.js';
import { formerPaths } from '../plan/paths.js';
import type { Item } from '../item.js';
import type { ItemRecord, Key } from './format.js';
import { textOf } from './former.js';
import { FAILED, isMarked, keyOf, type Standing, type StateIndex, stateOf } from './state-index.js';

/** The highest number that a name gets. */
export const MAX_NUMBER = 100;

/** An item of the plan, and what the journal knows of it. */
export interface Met {
  readonly item: Item;
  /** Of the name that the plan gives it. */
  readonly planKey: Key;
  /** By which the journal knows it. */
  readonly key: Key;
  /** Undefined for one that is new. */
  readonly standing: Standing | undefined;
  /**
   * As it was called in the run before; for one that is new, as it is called today. With `planned` where an answer has given
   * it its name.
   */
  readonly before: Pick<Item, 'url' | 'name' | 'planned'>;
}

export interface MeetingSettings {
  /** How many characters of a name are the layout's folder. */
  readonly base: number;
  /** Whether a run before this one may have put a number to the item's name, since a file that nobody knows had it. */
  readonly maybeNumbered: (item: Item) => boolean;
  readonly isPresent: (name: string) => boolean | undefined;
}

interface Known {
  readonly states: StateIndex;
  readonly elsewhere: ReadonlyMap<string, ItemRecord>;
  readonly given: ReadonlyMap<string, string>;
}

export function meet(item: Item, { states, elsewhere, given }: Known, settings: MeetingSettings): Met {
  const key = keyOf(item.url, item.name);
  const standing = states.size === 0 ? undefined : states.get(key);
  if (standing === undefined && states.size > 0) {
    for (const name of formerNames(item, settings)) {
      const formerKey = keyOf(item.url, name);
      const found = states.get(formerKey);
      // One that failed is begun under the name that it has today.
      if (found === undefined || stateOf(found) === FAILED) continue;
      const known = asKnown({ url: item.url, name }, found);
      return { item, planKey: key, key: formerKey, standing: found, before: asGiven(known, formerKey, given) };
    }
  }
  const elsewhereBefore = elsewhere.size === 0 ? undefined : elsewhere.get(textOf(key));
  const before = elsewhereBefore ?? (standing === undefined ? item : asKnown(item, standing));
  return { item, planKey: key, key, standing, before: asGiven(before, key, given) };
}

/** With the name that an answer has given its file. */
function asGiven(before: Met['before'], key: Key, given: Known['given']): Met['before'] {
  const name = given.size === 0 ? undefined : given.get(textOf(key));
  return name === undefined ? before : { url: before.url, name, planned: before.name };
}

/** Names that an item may have in the journal besides that of the plan; none for nearly all. */
function* formerNames(item: Item, settings: MeetingSettings): Generator<string, void, undefined> {
  const { base, maybeNumbered, isPresent } = settings;
  const { name } = item;
  if (name.includes('/', base)) {
    for (const path of formerPaths(name.slice(base))) yield name.slice(0, base) + path;
  }
  if (!maybeNumbered(item)) return;
  for (let number = 1; number <= MAX_NUMBER; number += 1) {
    const other = numbered(name, number);
    yield other;
    // Numbers were given in their order.
    if (isPresent(other) !== true && isPresent(name) !== true) return;
  }
}

/** With the name that the journal knows, which has the mark of the URL or has not. */
function asKnown(item: Pick<Item, 'url' | 'name'>, standing: Standing): Pick<Item, 'url' | 'name'> {
  const { url, name } = item;
  const unmarkedName = unmarked(name, url);
  if (isMarked(standing) === (unmarkedName !== undefined)) return item;
  return { url, name: unmarkedName ?? markedFor(name, url) };
}
