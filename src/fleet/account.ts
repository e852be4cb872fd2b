/** What a shard's journal says became of its items, over all claims that have worked on it. */
import type { Account } from '../journal/account.js';
import { History } from '../journal/history.js';

/**
 * @param archive the number of its archive, if that has its final name
 * @returns undefined where there is no journal of this name
 * @throws StorageError STORE_JOURNAL for one that is damaged
 */
export async function accountOf(journal: string, archive?: number): Promise<Account | undefined> {
  const history = await History.open(journal);
  if (history === undefined) return undefined;
  return (await history.count(new Set(archive === undefined ? [] : [archive]), 0)).account;
}
