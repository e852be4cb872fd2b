/** Runs a download for a person who watches: progress, errors, the summary, the report. */
import { ownFolder } from '../destination/destination.js';
import { readNetwork } from '../fetch/network.js';
import { type ErrorCode, UsageError } from '../errors.js';
import { Download } from '../pipeline/download.js';
import type { Values } from '../options/flags.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Source } from '../lists/source.js';
import { printable, withoutPassword, withoutUrl } from '../shared/printable.js';
import type { Disallowed, Filtered, ReplacedCounts, Stored, Summary } from '../outcome.js';
import { isBehind, OUTPUT, roomIn } from '../terminal/output.js';
import { showProgress } from '../terminal/progress.js';
import { count, formatBytes } from '../shared/format.js';
import { describeVerdict } from '../verdict/verdict.js';
import { styled } from '../terminal/color.js';
import { describeUnchecked } from '../terminal/environment.js';
import { Failures, SHOWN_ERRORS } from '../terminal/failures.js';
import { statusOf } from '../terminal/exit-status.js';
import { drain, interruptible } from '../terminal/interrupt.js';
import { openResults } from '../results/results.js';
import { openPage } from '../page/open.js';

/** How much is told of a run, and where. */
export interface Told {
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** Tells what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** What was given of the flags that ask for results. */
  readonly results: Values;
}

export interface DownloadingArguments extends Told {
  /** As the report calls it. */
  readonly command: string;
}

const MORE_ERRORS = '*** More errors are counted, not shown; --verbose shows them all.';

/** Names of shards that the summary gives. */
const SHOWN_SHARDS = 10;

const GO_ON = 'The same command again goes on from here.\n';

/** Failures that have to do with how a command was called rather than with the item: the first of each says what to do. */
const WITH_WAY_OUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['NET_TLS', 'PROXY_DOWN', 'PROXY_REFUSED']);

export interface Ran {
  /** The exit status. */
  readonly status: number;
  readonly summary: Summary;
}

export async function runDownload(
  sources: readonly Source[],
  options: ResolvedOptions,
  { command, quiet = false, verbose = false, results: wanted }: DownloadingArguments,
): Promise<Ran> {
  if (quiet && verbose) throw new UsageError('--quiet does not go with --verbose', 'give one of them');
  await warn(options, quiet);
  const { directory, journal, layout, state = ownFolder(directory) } = options;
  const of = { directory, journal, state, layout };
  const page = await openPage(wanted, command, of);
  const results = await openResults(wanted, { ...of, page: page?.url }).catch(async (error: unknown) => {
    await page?.close(false);
    throw error;
  });
  // Nobody else can know a port that was chosen here.
  if (page !== undefined && (!quiet || page.isAnyPort)) process.stderr.write(`The run is shown at ${page.url}\n`);
  return interruptible(async (interruption) => {
    const download = new Download(sources, { ...options, signal: interruption.signal, grace: Infinity }, page);
    page?.watch(download);
    results.watch(command, () => (download.begun ? download.summary : undefined));
    const progress = quiet ? undefined : await showProgress(download);
    drain(download, interruption, (line) => {
      if (progress === undefined) process.stderr.write(`${line}\n`);
      else progress.print(line, process.stderr);
    });
    if (download.fewer !== undefined) progress?.print(describeFewer(download.fewer), process.stderr);
    const failures = new Failures();
    let isTold = true;
    let isWhole = false;
    const told = new Set<ErrorCode>();
    try {
      for await (const batch of download.batches()) {
        for (const outcome of batch) {
          results.note(outcome);
          page?.note(outcome);
          if (progress === undefined) continue;
          if (outcome.status === 'ok') {
            if (verbose) progress.print(describeStored(outcome), process.stdout);
          } else if (outcome.status === 'disallowed' || outcome.status === 'filtered') {
            if (verbose) progress.print(describeLeftOut(outcome), process.stdout);
          } else if (outcome.status === 'skipped') {
            if (verbose && outcome.unchanged) progress.print(`${outcome.name}: not changed`, process.stdout);
          } else {
            const isShown = failures.note(outcome, printable(withoutPassword(outcome.url), 1000));
            if (verbose || isShown) {
              const { code, message, hint } = outcome.error;
              const isFirst = WITH_WAY_OUT.has(code) && !told.has(code);
              told.add(code);
              progress.print(describeFailure(outcome.url, isFirst ? `${message}; ${hint}` : message), process.stderr);
            }
            if (!verbose && failures.count === SHOWN_ERRORS + 1) {
              progress.print(MORE_ERRORS, process.stderr);
            }
          }
          // Lines that nobody takes would pile up, so the run follows whoever reads them.
          if (verbose) for (const stream of OUTPUT) if (isBehind(stream)) await roomIn(stream, interruption.signal);
        }
      }
      isWhole = true;
    } finally {
      progress?.stop();
      await page?.close(isWhole);
      if (!quiet && !verbose) process.stderr.write(failures.describe());
      if (!quiet && download.begun) process.stderr.write(describeSummary(download.summary));
      if (!quiet && download.begun && journal && interruption.signal.aborted) process.stderr.write(GO_ON);
      if (download.begun) isTold = await results.close(command, download.summary);
      else await results.abandon();
    }
    const { summary } = download;
    return { status: statusOf(summary, isTold), summary };
  });
}

/** Of what of the way to servers is not as it seems: before anything is requested. */
export async function warn({ network }: ResolvedOptions, quiet: boolean): Promise<void> {
  const unchecked = describeUnchecked(process.env, network.insecure);
  const { warnings } = await readNetwork(network);
  for (const warning of [unchecked, ...(quiet ? [] : warnings)]) {
    if (warning !== undefined) process.stderr.write(`${warning}\n`);
  }
}

export function describeFailure(url: string, message: string): string {
  return `*** Error for ${printable(withoutPassword(url), 1000)}: ${printable(withoutUrl(message, url), 1000)}`;
}

function describeStored({ name, size, same }: Stored): string {
  const told = same === undefined ? '' : `, ${same.linked ? 'a link to' : 'the same as'} ${same.name}`;
  return `${name}: ${formatBytes(size)}${told}`;
}

function describeLeftOut({ url, error: { message } }: Disallowed | Filtered): string {
  return `${printable(withoutPassword(url), 1000)}: ${printable(withoutUrl(message, url), 1000)}, left out`;
}

function describeFewer({ requests, files }: NonNullable<Download['fewer']>): string {
  const most = requests === 1 ? 'One request' : `${requests} requests`;
  return `${most} at once, not more: this process may have ${files} files open; see ulimit -n.`;
}

function describeSummary(summary: Summary): string {
  const { ok, unproven, bent, notFound, disallowed, filtered, errors, skipped, kept, unchanged, duplicates, bytes } =
    summary;
  const { elapsed, causes, verdict, replaced, linked, saved, copies } = summary;
  const paint = (text: string, style: 'bold' | 'red'): string => styled(text, style, process.stderr);
  const lines = [paint(`${count(ok, 'file')} downloaded, ${formatBytes(bytes)} in ${elapsed.toFixed(2)}s.`, 'bold')];
  if (unproven > 0) lines.push(`${unproven} of them unproven: they ended with the connection, and may be cut.`);
  if (bent > 0) lines.push(`${bent} of them came in answers that break the rules of HTTP, and were read leniently.`);
  if (replaced !== undefined) lines.push(describeReplaced(replaced));
  lines.push(...describeSame(linked, saved, copies));
  if (unchanged > 0) lines.push(`${count(unchanged, 'file')} ${unchanged === 1 ? 'has' : 'have'} not changed.`);
  const there = skipped - kept - unchanged;
  if (there > 0) lines.push(`${count(there, 'file')} of an earlier run ${there === 1 ? 'is' : 'are'} there.`);
  if (kept > 0)
    lines.push(
      `${count(kept, 'file')} that no run has stored ${kept === 1 ? 'is' : 'are'} left as ${kept === 1 ? 'it is' : 'they are'}.`,
    );
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} left out.`);
  if (notFound > 0) lines.push(paint(`${notFound} not found.`, 'red'));
  if (disallowed > 0) lines.push(describeDisallowed(disallowed));
  if (filtered > 0) lines.push(describeFiltered(filtered));
  if (errors > 0) lines.push(paint(describeErrors(errors, causes), 'red'));
  if (verdict !== undefined)
    lines.push(`Held up by ${describeVerdict(verdict)}.`.replace(/^.*?%/, (its) => paint(its, 'bold')));
  return `${lines.join('\n')}\n`;
}

function describeReplaced({ items, shards, before }: ReplacedCounts): string {
  const [one, which] = items === 1 ? ['one', 'the old one stays'] : ['ones', 'the old ones stay'];
  const place = shards.length === 1 ? 'a new shard' : 'new shards';
  return `${items} changed ${one} in ${place}: ${some(shards)}; ${which} in ${some(before)}.`;
}

/** The first of them. */
function some(names: readonly string[]): string {
  const more = names.length - SHOWN_SHARDS;
  return more > 0 ? `${names.slice(0, SHOWN_SHARDS).join(', ')} and ${more} more` : names.join(', ');
}

/** Nothing where no files have the same bytes, or nobody has asked. */
export function describeSame(linked: number, saved: number, copies: number): readonly string[] {
  const lines: string[] = [];
  if (linked > 0)
    lines.push(
      `${linked} of them ${linked === 1 ? 'is a link to a file' : 'are links to files'} with the same bytes, ${formatBytes(saved)} saved.`,
    );
  if (copies > 0)
    lines.push(
      `${copies} of them ${copies === 1 ? 'has' : 'have'} the same bytes as others, and ${copies === 1 ? 'is no link' : 'are no links'}: the storage made none.`,
    );
  return lines;
}

export function describeDisallowed(disallowed: number): string {
  return `${disallowed} left out: robots.txt or X-Robots-Tag disallows it.`;
}

export function describeFiltered(filtered: number): string {
  return `${count(filtered, 'image')} left out: too small, too large or too narrow.`;
}

export function describeErrors(errors: number, causes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(causes).map(([code, times]) => `${times} ${printable(code)}`);
  return `${count(errors, 'error')}: ${parts.join(', ')}.`;
}
