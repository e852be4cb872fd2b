/** How far a plan is, added up over its shards: each row counts once. */
import { type Account, addAccount, emptyAccount } from '../journal/account.js';
import { accountOf } from './account.js';
import { isSealed } from './archive.js';
import { journalOf } from './journals.js';
import type { Manifest } from './manifest.js';
import { type ShardState, shardStates } from './states.js';

type Kind = ShardState['kind'];
type Of<K extends Kind> = Extract<ShardState, { readonly kind: K }>;

export interface Survey extends Account {
  /** Of shards of which it is not known what became of them. */
  unknown: number;
  /** How many shards are so. */
  readonly shards: Record<Kind, number>;
  readonly running: Of<'running'>[];
  readonly failed: Of<'failed'>[];
  readonly damaged: Of<'damaged'>[];
  /** Shards in which items failed. */
  readonly failing: number[];
}

/**
 * @param exactly whether journals are read of shards that are not done: what their workers tell of themselves is some
 *   seconds old
 * @throws StorageError where the storage cannot be read
 */
export async function survey(directory: string, manifest: Manifest, exactly = false): Promise<Survey> {
  const found: Survey = {
    ...emptyAccount(),
    unknown: 0,
    shards: { open: 0, left: 0, running: 0, done: 0, failed: 0, damaged: 0 },
    running: [],
    failed: [],
    damaged: [],
    failing: [],
  };
  for await (const state of shardStates(directory, manifest)) {
    const isBegun = state.kind === 'running' || state.kind === 'left' || state.kind === 'failed';
    const exact = exactly && isBegun ? await accountOfShard(directory, state.shard) : undefined;
    add(found, state, itemsOf(manifest, state), exact);
  }
  return found;
}

function add(found: Survey, state: ShardState, items: number, exact: Account | undefined): void {
  const { kind, shard } = state;
  found.shards[kind] += 1;
  if (kind === 'running') found.running.push(state);
  if (kind === 'failed') found.failed.push(state);
  if (kind === 'damaged') {
    found.damaged.push(state);
    found.unknown += items;
    return;
  }
  const counted = exact ?? countedIn(state);
  const { stored = 0, notFound = 0, disallowed = 0, filtered = 0, errors = 0 } = counted;
  // What a worker tells of itself is not proven.
  addAccount(found, {
    ...counted,
    unfinished: Math.max(0, items - stored - notFound - disallowed - filtered - errors),
  });
  if (notFound + errors > 0) found.failing.push(shard);
}

function countedIn(state: ShardState): Partial<Account> {
  if (state.kind === 'done') return { ...state.done, stored: state.done.ok };
  return (state.kind === 'running' || state.kind === 'left' ? state.claim?.progress : undefined) ?? {};
}

/** Undefined where no journal tells. */
async function accountOfShard(directory: string, shard: number): Promise<Account | undefined> {
  const journal = await journalOf(directory, shard);
  if (journal.kind !== 'at') return undefined;
  const archive = (await isSealed(directory, shard)) ? shard : undefined;
  return accountOf(journal.path, archive).catch(() => undefined);
}

function itemsOf({ shards }: Manifest, { shard }: ShardState): number {
  return shards[shard]?.items ?? 0;
}
