/** `sluice retry`: what failed or was not finished, once more, with the names that it had. */
import { resolve } from 'node:path';
import { shardsIn } from '../../destination/destination.js';
import { UsageError } from '../../errors.js';
import { itemsAgain } from '../../journal/again.js';
import type { History, PastOutcome } from '../../journal/history.js';
import { type DownloadOptions, type ResolvedOptions, resolveOptions } from '../../options/resolve.js';
import type { Layout } from '../../protocol/settings.js';
import { type Ran, runDownload, type Told } from '../run-download.js';
import { openHistory, type HistoryArguments } from '../open-history.js';
import { openPlan } from '../open-plan.js';
import { isInShards } from '../../protocol/layouts.js';

export interface AgainArguments extends HistoryArguments, Told {
  /** Without a layout: that of the last run. */
  readonly options: DownloadOptions;
}

/** @returns the exit status */
export async function retry(args: AgainArguments): Promise<number> {
  const plan = await openPlan(args);
  if (plan !== undefined) {
    if (args.dryRun !== true) return (await import('./plan.js')).retryPlan(args, plan);
    throw new UsageError('--dry-run is not about plans', `see sluice status ${args.directory}`);
  }
  const history = await openHistory(args);
  const wanted = args.options.layout;
  const layout = wanted ?? history.lastRun.record.layout;
  for (const other of history.layouts) {
    if (wanted !== undefined || other === layout || args.quiet === true) continue;
    process.stderr.write(`There are runs with --layout ${other}, too: retry them with that option.\n`);
  }
  const shards = isInShards(layout) ? await shardsIn(resolve(args.directory)) : new Set<number>();
  const isGone = (past: PastOutcome): boolean =>
    past.status === 'stored' && past.stored.shard !== undefined && !shards.has(past.stored.shard);
  // What is left out has not failed: the same `sluice get` asks again.
  const isLeftOut = (past: PastOutcome): boolean =>
    past.status === 'failed' && (past.failure.status === 'disallowed' || past.failure.status === 'filtered');
  const isWanted = (past: PastOutcome): boolean => (past.status === 'stored' ? isGone(past) : !isLeftOut(past));
  if (args.dryRun === true) {
    const items = itemsAgain(history, layout, isWanted);
    const { dryRun } = await import('../dry-run.js');
    try {
      return await dryRun([{ kind: 'items', items }], optionsAgain(args, layout), args);
    } finally {
      await history.close();
    }
  }
  const { status } = await downloadAgain('retry', args, history, layout, isWanted);
  return status;
}

/** @throws UsageError */
export function optionsAgain(args: AgainArguments, layout: Layout): ResolvedOptions {
  return resolveOptions({ ...args.options, layout });
}

/** Downloads those items of the journal that are wanted. */
export async function downloadAgain(
  command: string,
  args: AgainArguments,
  history: History,
  layout: Layout,
  isWanted: (past: PastOutcome) => boolean,
): Promise<Ran> {
  try {
    const options = optionsAgain(args, layout);
    const items = itemsAgain(history, layout, isWanted);
    return await runDownload([{ kind: 'items', items }], options, { ...args, command });
  } finally {
    // Where the storage hangs, what is being read does not come back; it is not waited for.
    void history.close();
  }
}
