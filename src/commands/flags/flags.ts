/** `sluice flags`: what the flags2 scripts of *Fluent Python* do, with their report. */
import { Download } from '../../pipeline/download.js';
import { UsageError } from '../../errors.js';
import { expandCodes } from '../../flags/codes.js';
import { flagUrl, type Label, LOCAL_PORTS, parseLabel, SITES } from '../../flags/sites.js';
import { resolveOptions } from '../../options/resolve.js';
import type { ExecutorName } from '../../options/table.js';
import type { ItemRequest } from '../../lists/source.js';
import { count } from '../../shared/format.js';
import { printable } from '../../shared/printable.js';
import type { Outcome, Summary } from '../../outcome.js';
import { showProgress } from '../../terminal/progress.js';
import { describeUnchecked } from '../../terminal/environment.js';
import { drain, interruptible } from '../../terminal/interrupt.js';
import { openResults } from '../../results/results.js';
import { statusOf } from '../../terminal/exit-status.js';

export interface FlagsArguments {
  readonly codes: readonly string[];
  readonly all?: boolean;
  readonly every?: boolean;
  readonly limit?: number;
  readonly maxReq?: number;
  readonly server: string;
  readonly verbose?: boolean;
  readonly directory: string;
  readonly baseUrl?: string;
  readonly executor: ExecutorName;
  readonly report?: string;
}

/** The book's. */
const DEFAULT_REQUESTS = 5;
const MAX_REQUESTS = 1000;

/** @returns the exit status: a flag that is not there is no failure */
export async function flags(args: FlagsArguments): Promise<number> {
  const { all = false, every = false, limit, maxReq = DEFAULT_REQUESTS, verbose = false } = args;
  if (maxReq < 1) throw new UsageError(`--max_req ${maxReq} is too small`, 'give a number from 1 to 1000');
  if (limit !== undefined && limit < 1) throw new UsageError(`--limit ${limit} is too small`, 'give 1 or more');
  const label = parseLabel(args.server);
  const base = parseBase(args.baseUrl) ?? SITES[label];
  const codes = expandCodes({ codes: args.codes, all, every, limit });
  const requests = Math.min(maxReq, MAX_REQUESTS, codes.length);
  const options = resolveOptions({
    directory: args.directory,
    executor: args.executor,
    maxRequests: requests,
    imageCheck: 'pixels',
    // The figures are to be the book's, whose scripts try each flag once and replace what is there.
    tries: 1,
    overwrite: true,
    journal: false,
  });
  const warning = describeUnchecked(process.env);
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const results = await openResults({ report: args.report }, { ...options, state: options.directory });
  if (args.baseUrl === undefined) await startServerIfNeeded(label);
  return interruptible(async (interruption) => {
    process.stdout.write(describeStart(codes, requests, label, base));
    const urls = codes.map((code): ItemRequest => ({ url: flagUrl(base, code), name: `${code.toLowerCase()}.gif` }));
    const download = new Download([{ kind: 'urls', urls, label: 'flag' }], {
      ...options,
      signal: interruption.signal,
      grace: Infinity,
    });
    const progress = await showProgress(download);
    drain(download, interruption, (line) => progress.print(line, process.stderr));
    let isTold = true;
    try {
      for await (const outcome of download) {
        results.note(outcome);
        if (verbose) progress.print(describeOutcome(outcome, codes[outcome.index] as string), process.stdout);
      }
    } finally {
      progress.stop();
      if (download.begun) process.stdout.write(describeEnd(download.summary));
      if (download.begun) isTold = await results.close('flags', download.summary);
      else await results.abandon();
    }
    // A flag that is not there is no failure.
    return statusOf({ ...download.summary, notFound: 0 }, isTold);
  });
}

function parseBase(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new UsageError(`--base-url ${text} is no URL`, 'give one that starts with http:// or https://');
  }
  return text.replace(/\/+$/, '');
}

/** In a thread of its own: it never shares the one that downloads. It ends with the process. */
async function startServerIfNeeded(label: Label): Promise<void> {
  if (label === 'REMOTE') return;
  const port = LOCAL_PORTS[label];
  const { isListening, serveInThread } = await import('../../server/thread.js');
  if (await isListening(port)) return;
  const { PRESETS } = await import('../../server/server.js');
  await serveInThread(PRESETS[label]);
  process.stderr.write(`Nothing listens on port ${port}: the ${label} server was started for this run.\n`);
}

function describeStart(codes: readonly string[], requests: number, label: Label, base: string): string {
  const which = codes.length <= 10 ? codes.join(', ') : `from ${codes[0]} to ${codes.at(-1)}`;
  return [
    `${label} site: ${base}`,
    `Searching for ${count(codes.length, 'flag')}: ${which}`,
    requests === 1 ? '1 connection will be used.' : `${requests} concurrent connections will be used.`,
    '',
  ].join('\n');
}

function describeOutcome(outcome: Outcome, code: string): string {
  if (outcome.status === 'ok' || outcome.status === 'skipped') return `${code} OK`;
  if (outcome.status === 'not_found') return `${code} not found`;
  return `*** Error for ${code}: ${printable(outcome.error.message, 1000)}`;
}

function describeEnd({ ok, notFound, errors, elapsed }: Summary): string {
  const lines = ['-'.repeat(20), `${count(ok, 'flag')} downloaded.`];
  if (notFound > 0) lines.push(`${notFound} not found.`);
  if (errors > 0) lines.push(`${count(errors, 'error')}.`);
  return `${lines.join('\n')}\nElapsed time: ${elapsed.toFixed(2)}s\n`;
}
