/** `--dry-run`: what would be fetched, under which name, and what is there already. */
import { FetchError, UsageError } from '../errors.js';
import type { Admitted } from '../journal/placement.js';
import type { Source } from '../lists/source.js';
import { answersName, type ResolvedOptions } from '../options/resolve.js';
import type { Summary } from '../outcome.js';
import { whyTaken } from '../pipeline/outcomes.js';
import { preview } from '../pipeline/preview.js';
import { type Counts, Tally } from '../pipeline/tally.js';
import { requireSharp } from '../pipeline/sharp.js';
import { count } from '../shared/format.js';
import { printable, withoutPassword } from '../shared/printable.js';
import { statusOf } from '../terminal/exit-status.js';
import { isBehind, roomIn } from '../terminal/output.js';
import { describeFailure, type Told, warn } from './run-download.js';

/** Options that tell of what a run has done. */
const OF_RUNS = ['report', 'metadata', 'dataset', 'events', 'listen'];

/**
 * On standard output a line for each item: what, a tab, the name, a tab, the URL.
 *
 * @returns the exit status that a run has in which nothing fails
 */
export async function dryRun(sources: readonly Source[], options: ResolvedOptions, told: Told): Promise<number> {
  const { quiet = false, results } = told;
  const other = OF_RUNS.find((name) => results[name] !== undefined);
  if (other !== undefined) {
    throw new UsageError(
      `--${other} does not go with --dry-run`,
      'leave one of them out: nothing is done that it could tell of',
    );
  }
  await warn(options, quiet);
  await requireSharp(options);
  const tally = new Tally();
  let fetched = 0;
  for await (const entries of preview(sources, options)) {
    for (const entry of entries) {
      if (entry.kind === 'item') fetched += 1;
      tell(entry, tally, options.directory, quiet);
    }
    if (isBehind(process.stdout)) await roomIn(process.stdout);
  }
  if (!quiet) process.stderr.write(describe(fetched, tally.counts, options));
  const summary = { ...tally.counts, ok: fetched } as Summary;
  return statusOf(summary, true);
}

function tell(entry: Admitted, tally: Tally, directory: string, quiet: boolean): void {
  if (entry.kind === 'duplicate') {
    tally.duplicate();
  } else if (entry.kind === 'refused') {
    const { index, text, error } = entry.refused;
    tally.count({ status: 'error', index, url: text, error: new FetchError({ url: text, name: '' }, error) });
    if (!quiet) process.stderr.write(`${describeFailure(text, error.message)}\n`);
  } else if (entry.kind === 'taken') {
    const { item } = entry;
    const error = whyTaken(entry, directory);
    tally.count({ status: 'error', index: item.index, url: item.url, error: new FetchError(item, error) });
    if (!quiet) process.stderr.write(`${describeFailure(item.url, error.message)}\n`);
  } else {
    const { kind, item } = entry;
    if (kind !== 'item')
      tally.count({
        status: 'skipped',
        index: item.index,
        url: item.url,
        name: item.name,
        kept: kind === 'kept',
        unchanged: false,
      });
    if (quiet) return;
    const what = kind === 'item' ? 'fetch' : kind;
    process.stdout.write(`${what}\t${item.name}\t${printable(withoutPassword(item.url), 100_000)}\n`);
  }
}

function describe(fetched: number, { skipped, kept, duplicates, errors }: Counts, options: ResolvedOptions): string {
  const there = skipped - kept;
  const lines = [
    `${count(fetched, 'file')} to fetch into ${printable(options.directory, 1000)}; nothing was requested or written.`,
  ];
  const asked = options.update ? ', and would be asked for in case of change' : '';
  if (there > 0) lines.push(`${count(there, 'file')} of an earlier run ${there === 1 ? 'is' : 'are'} there${asked}.`);
  if (kept > 0) lines.push(`${count(kept, 'file')} that no run has stored would be left.`);
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} would be left out.`);
  if (errors > 0) lines.push(`${count(errors, 'item')} would fail without being requested.`);
  if (fetched > 0 && answersName(options)) lines.push('What servers answer may give them other names.');
  return `${lines.join('\n')}\n`;
}
