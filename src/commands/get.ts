/** `sluice get`: arguments -> library -> report. */
import { Download } from '../download.js';
import { UsageError } from '../errors.js';
import { type ExecutorName, resolveOptions } from '../options.js';
import type { Source } from '../plan.js';
import { printable, withoutPassword } from '../plan/printable.js';
import type { ImageCheck, Layout } from '../protocol.js';
import type { Failed, NotFound, Summary } from '../report.js';
import { formatBytes, showProgress } from '../ui/progress.js';
import { describeVerdict } from '../verdict.js';
import { describeProxies, describeUnchecked } from './environment.js';
import { drain, interruptible } from './interrupt.js';
import { ReportFile } from './report-file.js';
import { SOME_FAILED } from './exit-status.js';

export interface GetArguments {
  readonly urls: readonly string[];
  readonly inputFile?: readonly string[];
  readonly directory: string;
  readonly maxRequests: number;
  readonly maxRequestsPerHost?: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly executor: ExecutorName;
  readonly workers: number | 'auto';
  readonly memory: string;
  readonly layout: Layout;
  readonly shardSize: string;
  readonly imageCheck: ImageCheck;
  readonly maxBodySize: string;
  readonly timeout: number;
  readonly maxTime: number;
  readonly lowestSpeed: string;
  readonly tries: number;
  readonly strict?: boolean;
  readonly header?: readonly string[];
  readonly overwrite?: boolean;
  readonly journal: boolean;
  readonly state?: string;
  readonly durable?: boolean;
  readonly report?: string;
}

/** Errors that are printed one by one unless `--verbose` asks for all. */
const SHOWN_ERRORS = 10;
const MORE_ERRORS = '*** More errors are counted, not shown; --verbose shows them all.';

/** @returns the exit status */
export async function get(args: GetArguments): Promise<number> {
  const sources = toSources(args);
  const options = resolveOptions({ ...args, headers: parseHeaders(args.header ?? []) });
  const warnings = [describeUnchecked(process.env), args.quiet === true ? undefined : describeProxies(process.env)];
  for (const warning of warnings) if (warning !== undefined) process.stderr.write(`${warning}\n`);
  const reportFile = await ReportFile.open(args.report);
  return interruptible(async (interruption) => {
    const download = new Download(sources, { ...options, signal: interruption.signal, grace: Infinity });
    const total = args.inputFile === undefined ? args.urls.length : undefined;
    const progress = args.quiet === true ? undefined : await showProgress(() => download.summary, total);
    drain(download, interruption, (line) => {
      if (progress === undefined) process.stderr.write(`${line}\n`);
      else progress.print(line, process.stderr);
    });
    if (download.fewer !== undefined) progress?.print(describeFewer(download.fewer), process.stderr);
    let failed = 0;
    try {
      for await (const outcome of download) {
        reportFile?.note(outcome);
        if (progress === undefined) continue;
        if (outcome.status === 'ok') {
          if (args.verbose === true) progress.print(`${outcome.name}: ${formatBytes(outcome.size)}`, process.stdout);
        } else {
          failed += 1;
          if (args.verbose === true || failed <= SHOWN_ERRORS) progress.print(describeFailure(outcome), process.stderr);
          else if (failed === SHOWN_ERRORS + 1) progress.print(MORE_ERRORS, process.stderr);
        }
      }
    } finally {
      progress?.stop();
      if (args.quiet !== true && download.begun) process.stderr.write(describeSummary(download.summary));
      if (download.begun) await reportFile?.write('get', download.summary);
    }
    const { errors, notFound } = download.summary;
    return errors + notFound > 0 ? SOME_FAILED : 0;
  });
}

function toSources({ urls, inputFile = [] }: GetArguments): Source[] {
  if (urls.length === 0 && inputFile.length === 0) {
    throw new UsageError('nothing to download', 'give URLs, or a list with --input-file');
  }
  if (inputFile.filter((path) => path === '-').length > 1) {
    throw new UsageError('--input-file - is given twice', 'standard input can be read once');
  }
  const lists = inputFile.map((path): Source => {
    return path === '-' ? { kind: 'stream', stream: process.stdin, label: '<stdin>' } : { kind: 'file', path };
  });
  return urls.length === 0 ? lists : [{ kind: 'urls', urls, label: 'argument' }, ...lists];
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new UsageError(`--header ${JSON.stringify(line)} is no header`, "write it as 'Name: value'");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}

function describeFewer({ requests, files }: NonNullable<Download['fewer']>): string {
  const most = requests === 1 ? 'One request' : `${requests} requests`;
  return `${most} at once, not more: this process may have ${files} files open; see ulimit -n.`;
}

function describeFailure({ url, error }: Failed | NotFound): string {
  const where = `${url}: `;
  const why = error.message.startsWith(where) ? error.message.slice(where.length) : error.message;
  return `*** Error for ${printable(withoutPassword(url), 1000)}: ${printable(why, 1000)}`;
}

function describeSummary(summary: Summary): string {
  const { ok, unproven, notFound, errors, skipped, duplicates, bytes, elapsed, causes, verdict } = summary;
  const lines = [`${count(ok, 'file')} downloaded, ${formatBytes(bytes)} in ${elapsed.toFixed(2)}s.`];
  if (unproven > 0) lines.push(`${unproven} of them unproven: they ended with the connection, and may be cut.`);
  if (skipped > 0) lines.push(`${count(skipped, 'file')} of an earlier run ${skipped === 1 ? 'is' : 'are'} there.`);
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} left out.`);
  if (notFound > 0) lines.push(`${notFound} not found.`);
  if (errors > 0) {
    const parts = Object.entries(causes).map(([code, times]) => `${times} ${code}`);
    lines.push(`${count(errors, 'error')}: ${parts.join(', ')}.`);
  }
  if (verdict !== undefined) lines.push(`Held up by ${describeVerdict(verdict)}.`);
  return `${lines.join('\n')}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
