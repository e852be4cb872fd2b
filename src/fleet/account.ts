/** What a shard's journal says became of its items, over all claims that have worked on it. */
import { type Account, countOutcome, emptyAccount } from '../journal/account.js';
import { History } from '../journal/history.js';

/**
 * @param archive the number of its archive, if that has its final name
 * @returns undefined where there is no journal of this name
 * @throws StorageError STORE_JOURNAL for one that is damaged
 */
export async function accountOf(journal: string, archive?: number): Promise<Account | undefined> {
  const history = await History.open(journal);
  if (history === undefined) return undefined;
  const account = emptyAccount();
  const shards = new Set(archive === undefined ? [] : [archive]);
  for await (const batch of history.outcomes()) for (const past of batch) countOutcome(account, past, shards);
  return account;
}
