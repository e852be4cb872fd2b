/** `sluice bench`: what the executor gains on a storage. */
import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bench as measure, type BenchOptions } from '../../bench/bench.js';
import { parseBodies } from '../../bench/bodies.js';
import { describeHeadline, headline } from '../../bench/headline.js';
import { toHtml } from '../../bench/page/html.js';
import { type Encoding, type ServerSettings, STRATEGIES, type Strategy } from '../../bench/report.js';
import { toTerminal } from '../../bench/terminal/table.js';
import { SluiceError, UsageError } from '../../errors.js';
import type { DownloadOptions } from '../../options/resolve.js';
import { parseSize } from '../../options/kinds.js';
import { hasColors } from '../../terminal/color.js';
import { showLine } from '../../terminal/progress.js';
import { describeProxies, describeUnchecked } from '../../terminal/environment.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { interruptible } from '../../terminal/interrupt.js';
import { isWritten } from '../../results/written.js';

export interface BenchArguments {
  readonly directory: string;
  readonly strategies?: string;
  readonly rounds: number;
  /** For each run. */
  readonly seconds: number;
  readonly files?: number;
  readonly urlList?: string;
  readonly bodySize?: string;
  readonly contentEncoding?: Encoding;
  /** Milliseconds. */
  readonly latency?: number;
  readonly errorRate?: number;
  readonly bandwidth?: string;
  readonly seed?: number;
  /** Without the layout `tar`. */
  readonly options: DownloadOptions;
  /** Seconds. */
  readonly advice: number;
  readonly flags?: boolean;
  readonly json?: string;
  readonly html?: string;
}

const LEAST_ROUNDS = 3;
/** Seconds that a run may be asked to take. */
const SECONDS = { least: 0.1, most: 3600 } as const;
/** Milliseconds until an answer, as of the book's server DELAY, unless another latency is asked for with `--flags`. */
const FLAGS_LATENCY = 500;
/** Columns of what is no terminal. */
const WIDTH = 80;

/** Options that say what the embedded server does. */
const OF_SERVER = ['bodySize', 'contentEncoding', 'latency', 'errorRate', 'bandwidth', 'seed'] as const;

/** @returns the exit status */
export async function bench(args: BenchArguments): Promise<number> {
  const options = args.flags === true ? undefined : parseOptions(args);
  if (args.flags === true && args.html !== undefined) {
    throw new UsageError('--html does not go with --flags', 'it has no charts: take --json');
  }
  for (const [option, path] of Object.entries({ '--json': args.json, '--html': args.html })) {
    if (path !== undefined) await requireWritable(option, path);
  }
  for (const warning of [describeUnchecked(process.env), describeProxies(process.env)]) {
    if (warning !== undefined) process.stderr.write(`${warning}\n`);
  }
  return interruptible(async ({ signal }) => {
    let doing = 'starting';
    const progress = await showLine(() => doing);
    const tell = (what: string): void => {
      doing = what;
    };
    let done: { readonly json: unknown; readonly text: string; readonly html?: string };
    try {
      if (options === undefined) {
        const report = await headline(args.directory, args.latency ?? FLAGS_LATENCY, signal, tell);
        done = { json: report, text: describeHeadline(report) };
      } else {
        const report = await measure(options, signal, tell);
        const { isTTY, columns } = process.stdout;
        const text = toTerminal(report, isTTY ? columns : WIDTH, hasColors(process.stdout));
        done = { json: report, text, html: toHtml(report) };
      }
    } catch (error) {
      // Whatever the same Ctrl-C did to a process that was waited for.
      if (!signal.aborted) throw error;
      throw new SluiceError('ABORTED', 'nothing was measured to the end', {
        hint: 'run it again',
        cause: signal.reason,
      });
    } finally {
      progress.stop();
    }
    process.stdout.write(done.text);
    const { json, html } = args;
    const text = `${JSON.stringify(done.json, undefined, 2)}\n`;
    const page = done.html;
    const jsonIsWhole = json === undefined || (await isWritten('--json', json, () => writeFile(json, text)));
    const htmlIsWhole =
      html === undefined || page === undefined || (await isWritten('--html', html, () => writeFile(html, page)));
    return jsonIsWhole && htmlIsWhole ? 0 : SOME_FAILED;
  });
}

function parseOptions(args: BenchArguments): BenchOptions {
  const { directory, rounds, seconds, files, advice } = args;
  const { directory: _directory, ...download } = args.options;
  if (rounds < LEAST_ROUNDS) {
    throw new UsageError(`--rounds ${rounds} is too few`, `give ${LEAST_ROUNDS} or more: one run proves nothing`);
  }
  if (seconds < SECONDS.least || seconds > SECONDS.most) {
    throw new UsageError(
      `--seconds ${seconds} is out of bounds`,
      `give a number from ${SECONDS.least} to ${SECONDS.most}`,
    );
  }
  if (files !== undefined && files < 1) throw new UsageError(`--files ${files} is too few`, 'give 1 or more');
  if (advice < 0) throw new UsageError(`--advice ${advice} is too few`, 'give seconds, or 0 for no advice');
  return {
    directory,
    strategies: parseStrategies(args.strategies),
    rounds,
    seconds,
    files,
    source: parseSource(args),
    download,
    adviceSeconds: advice,
  };
}

function parseStrategies(text: string | undefined): readonly Strategy[] {
  if (text === undefined) return STRATEGIES;
  const given = text.split(',').map((name) => name.trim());
  const unknown = given.find((name) => !STRATEGIES.includes(name as Strategy));
  if (unknown !== undefined) {
    throw new UsageError(`--strategies knows no "${unknown}"`, `choose from ${STRATEGIES.join(', ')}`);
  }
  return STRATEGIES.filter((name) => given.includes(name));
}

function parseSource(args: BenchArguments): ServerSettings | string {
  const {
    urlList,
    options: { imageCheck = 'none' },
  } = args;
  if (urlList !== undefined) {
    const given = OF_SERVER.find((name) => args[name] !== undefined);
    if (given === undefined) return urlList;
    throw new UsageError(
      `--${given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --url-list`,
      'it is for the embedded server: leave one of them out',
    );
  }
  const bodies = parseBodies(args.bodySize ?? 'flags');
  if (imageCheck !== 'none' && bodies.kind !== 'flags') {
    throw new UsageError(
      `--image-check ${imageCheck} does not go with --body-size ${args.bodySize}`,
      'leave --body-size out: of the embedded server only the flags are images',
    );
  }
  return {
    bodies,
    encoding: args.contentEncoding ?? 'identity',
    latency: args.latency ?? 0,
    errorRate: args.errorRate ?? 0,
    bandwidth: args.bandwidth === undefined ? 0 : parseSize('bandwidth', args.bandwidth, 1),
    seed: args.seed ?? 1,
  };
}

/** Before anything is measured: what nobody can read was measured in vain. */
async function requireWritable(option: string, path: string): Promise<void> {
  const refuse = (why: string, cause?: unknown): UsageError =>
    new UsageError(`${option} ${path} cannot be written: ${why}`, 'choose another place', cause);
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory() === true) throw refuse('it is a folder');
  try {
    await access(there === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    throw refuse((error as Error).message, error);
  }
}
