/** What a shard's journal says became of its items, over all claims that have worked on it. */
import { type Account, countOutcome, emptyAccount } from '../journal/account.js';
import { History } from '../journal/history.js';

const NO_SHARDS: ReadonlySet<number> = new Set();

/** @returns undefined where there is no journal of this name @throws StorageError STORE_JOURNAL for one that is damaged */
export async function accountOf(journal: string): Promise<Account | undefined> {
  const history = await History.open(journal);
  if (history === undefined) return undefined;
  const account = emptyAccount();
  for await (const batch of history.outcomes()) for (const past of batch) countOutcome(account, past, NO_SHARDS);
  return account;
}
