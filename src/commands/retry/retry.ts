/** `sluice retry`: what failed or was not finished, once more, with the names that it had. */
import { resolve } from 'node:path';
import { shardsIn } from '../../destination/destination.js';
import { itemsAgain } from '../../journal/again.js';
import type { Survey, Surveyed } from '../../journal/history.js';
import { type DownloadOptions, type ResolvedOptions, resolveOptions } from '../../options/resolve.js';
import type { Layout } from '../../protocol/settings.js';
import { type Ran, runDownload, type Told } from '../run-download.js';
import { openSurvey, type SurveyArguments } from '../open-history.js';
import { isInShards } from '../../protocol/layouts.js';

export interface AgainArguments extends SurveyArguments, Told {
  /** Without a layout: that of the last run. */
  readonly options: DownloadOptions;
}

/** @returns the exit status */
export async function retry(args: AgainArguments): Promise<number> {
  const survey = await openSurvey(args);
  const wanted = args.options.layout;
  const layout = wanted ?? survey.lastRun.record.layout;
  for (const other of survey.layouts) {
    if (wanted !== undefined || other === layout || args.quiet === true) continue;
    process.stderr.write(`There are runs with --layout ${other}, too: retry them with that option.\n`);
  }
  const shards = isInShards(layout) ? await shardsIn(resolve(args.directory)) : new Set<number>();
  const isGone = (surveyed: Surveyed): boolean =>
    surveyed.status === 'stored' && surveyed.stored.shard !== undefined && !shards.has(surveyed.stored.shard);
  const isWanted = (surveyed: Surveyed): boolean => surveyed.status !== 'stored' || isGone(surveyed);
  const { status } = await downloadAgain('retry', args, survey, layout, isWanted);
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
  survey: Survey,
  layout: Layout,
  isWanted: (surveyed: Surveyed) => boolean,
): Promise<Ran> {
  try {
    const options = optionsAgain(args, layout);
    const items = itemsAgain(survey, layout, isWanted);
    return await runDownload([{ kind: 'items', items }], options, { ...args, command });
  } finally {
    // Where the storage hangs, what is being read does not come back; it is not waited for.
    void survey.close();
  }
}
