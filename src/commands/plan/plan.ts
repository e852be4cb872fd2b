/** `sluice plan`: lists -> the shards of a fleet. */
import { UsageError } from '../../errors.js';
import { makePlan, type Planned } from '../../fleet/make-plan.js';
import { type Partition, PLAN_OPTIONS, type PlanOptions } from '../../fleet/manifest.js';
import { type DownloadOptions, resolveOptions } from '../../options/resolve.js';
import { count } from '../../shared/format.js';
import { showLine } from '../../terminal/progress.js';
import { type ListArguments, sourcesOf } from '../get/lists.js';

/** Rows of a shard. */
const MOST_ITEMS = 10_000_000;

export interface PlanArguments extends ListArguments {
  readonly urls: readonly string[];
  readonly options: DownloadOptions;
  readonly shardItems: number;
  readonly partitionBy: Partition;
  readonly quiet?: boolean;
}

/** @returns the exit status */
export async function planLists(args: PlanArguments): Promise<number> {
  const { urls, inputFile = [], shardItems, partitionBy, quiet = false } = args;
  if (urls.length === 0 && inputFile.length === 0) {
    throw new UsageError('nothing to plan', 'give a list with --input-file, or URLs');
  }
  if (!Number.isSafeInteger(shardItems) || shardItems < 1 || shardItems > MOST_ITEMS) {
    throw new UsageError(`--shard-items must be 1 to ${MOST_ITEMS}, not ${shardItems}`, 'some 10,000 are usual');
  }
  const options = resolveOptions(args.options);
  const sources = await sourcesOf(args, options);
  const given = Object.fromEntries(
    PLAN_OPTIONS.flatMap((option) => (args.options[option] === undefined ? [] : [[option, args.options[option]]])),
  ) as PlanOptions;
  let rows = 0;
  const line = quiet ? undefined : await showLine(() => `${count(rows, 'row')} planned`);
  const onRows = (planned: number): void => {
    rows = planned;
  };
  let planned: Planned;
  try {
    planned = await makePlan({ sources, options, given, partitionBy, shardItems, onRows });
  } finally {
    line?.stop();
  }
  if (!quiet) process.stderr.write(describe(planned, options.directory));
  return 0;
}

function describe({ manifest, isNew }: Planned, directory: string): string {
  const { rows, items, refused, duplicates, shards, id } = manifest;
  const lines = [
    `${count(items, 'item')} in ${count(shards.length, 'shard')}${isNew ? '' : ': the plan was there'}; it is ${id}.`,
  ];
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} left out.`);
  if (refused > 0)
    lines.push(`${count(refused, 'row')} of ${rows} refused: sluice work tells of ${refused === 1 ? 'it' : 'them'}.`);
  lines.push(`Work it off with: sluice work ${directory}`);
  return `${lines.join('\n')}\n`;
}
