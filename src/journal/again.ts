/** Items of a journal as a plan has them, to be downloaded once more. */
import type { Item } from '../item.js';
import { AddressParser } from '../plan/address.js';
import { calledToday } from '../plan/former.js';
import { CodeUnits } from '../shared/code-units.js';
import type { Layout } from '../protocol/settings.js';
import type { History, PastOutcome } from './history.js';
import { isInShards } from '../protocol/layouts.js';

/**
 * Those items of a layout that are wanted, with the names that their plan gave them, by which the journal knows them, and
 * what their lists said of them. In shards they keep their numbers, too, which are their keys; files get new ones, since those
 * of several runs may be the same.
 */
export async function* itemsAgain(
  history: History,
  layout: Layout,
  isWanted: (past: PastOutcome) => boolean,
): AsyncGenerator<Item, void, undefined> {
  const addresses = new AddressParser();
  const units = new CodeUnits();
  let number = 0;
  for await (const batch of history.outcomes()) {
    for (const past of batch) {
      const { item } = past;
      if (item.layout !== layout || !isWanted(past)) continue;
      units.load(item.url);
      const address = addresses.parse(item.url, units);
      // Only URLs of a plan are written down.
      if (address === undefined) continue;
      const { url, name: ownName, planned = ownName, details } = item;
      const { name } = calledToday({ url, name: planned }) ?? { name: planned };
      yield { index: isInShards(layout) ? item.index : number, name, details, ...address };
      number += 1;
    }
  }
}
