/** Progress for people, on standard error: a spinner on a terminal, a plain line every ten seconds elsewhere. */
import type { Summary } from '../outcome.js';
import { formatBytes, formatDuration } from '../shared/format.js';
import { Recent } from '../shared/recent.js';
import { hasColors } from './color.js';

/** Milliseconds between two looks at the run. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;
/** Columns of the spinner, and one that stays free. */
const SPINNER = 3;
/** Characters of the bar, without its brackets. */
const BAR = 20;
/** Seconds over which it is told how fast a run is. */
const RECENT = 30;

export interface Progress {
  /** Prints a line of the command's own without tearing the spinner apart. */
  print(line: string, stream: NodeJS.WriteStream): void;
  stop(): void;
}

/** A run, as far as it is. */
export interface Watched {
  readonly summary: Summary;
  /** Bytes of bodies so far, stored or not. */
  readonly received: number;
}

/** @param run looked at each time */
export function showProgress(run: Watched): Promise<Progress> {
  const line = new ProgressLine();
  return showLine(() => line.describe(run, columns()));
}

/** Those that a line has before a terminal breaks it, and its spinner with it, which then cannot be taken back. */
export function columns(): number {
  const { isTTY, columns: all } = process.stderr;
  return isTTY && all > SPINNER ? all - SPINNER : Infinity;
}

/** @param describe asked for at each look */
export async function showLine(describe: () => string): Promise<Progress> {
  // What ora looks at, too: neither a dumb terminal nor the log of a CI run can take a line back.
  const canTakeBack = process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !('CI' in process.env);
  return canTakeBack ? await showSpinner(describe) : showLines(describe);
}

/** The one place that loads ora, and only on a terminal. */
async function showSpinner(describe: () => string): Promise<Progress> {
  const { default: ora } = await import('ora');
  // ora would swallow Ctrl-C if it were to discard what is typed.
  // Its own colours know nothing of NO_COLOR.
  const color = hasColors(process.stderr) ? 'cyan' : false;
  const spinner = ora({ discardStdin: false, stream: process.stderr, color }).start(describe());
  const timer = setInterval(() => {
    spinner.text = describe();
  }, TERMINAL_INTERVAL);
  return {
    print: (line, stream) => {
      spinner.clear();
      stream.write(`${line}\n`);
      spinner.render();
    },
    stop: () => {
      clearInterval(timer);
      spinner.stop();
    },
  };
}

function showLines(describe: () => string): Progress {
  const timer = setInterval(() => {
    // Who has not read the last one does not want more of them.
    if (process.stderr.writableLength === 0) process.stderr.write(`${describe()}\n`);
  }, PLAIN_INTERVAL);
  timer.unref();
  return {
    print: (line, stream) => stream.write(`${line}\n`),
    stop: () => clearInterval(timer),
  };
}

/** How far a run was at some time. */
export interface Mark {
  /** Seconds since its start. */
  readonly elapsed: number;
  /** Items that it has ended. */
  readonly ended: number;
  readonly received: number;
}

const START: Mark = { elapsed: 0, ended: 0, received: 0 };

/** The line of a run, which tells how fast it is of late. */
export class ProgressLine {
  readonly #recent = new Recent<Mark>(RECENT, START);

  /** @param most as of {@link describeProgress} */
  describe({ summary, received }: Watched, most: number): string {
    const since = this.#recent.since({ elapsed: summary.elapsed, ended: endedOf(summary), received });
    return describeProgress(summary, most, received, since);
  }
}

/** How far a run has come. */
export interface Advance {
  /** Entries. */
  readonly done: number;
  /** Of all entries, as a whole number; undefined while nothing tells how many there are. */
  readonly percent: number | undefined;
  /** Items a second. */
  readonly rate: number;
  /** Seconds, if the rest takes as long as what is done; undefined where nobody knows, and at the end. */
  readonly left: number | undefined;
}

/** @param since from when on it is told how fast the run is */
export function advanceOf(summary: Summary, since: Mark = START): Advance {
  const { skipped, duplicates, elapsed } = summary;
  const total = totalOf(summary);
  const ended = endedOf(summary);
  // What was there before counts as done, and not for how fast this run is.
  const done = ended + skipped + duplicates;
  const time = elapsed - since.elapsed;
  const rate = time > 0 ? (ended - since.ended) / time : 0;
  const left = total !== undefined && rate > 0 && done < total.count ? (total.count - done) / rate : undefined;
  return { done, percent: total && percentOf(done, total), rate, left };
}

/**
 * One line: how many, how fast, how long still, what waits for the storage, and what holds up the run.
 *
 * @param most characters; where there are more, what matters least is left out, from what the diagnosis looks like on. Where there
 *   is a bound, the line is one of a terminal, and has a bar if there is room for it
 * @param received bytes of bodies so far, stored or not
 * @param since from when on it is told how fast the run is
 */
export function describeProgress(
  summary: Summary,
  most = Infinity,
  received = summary.bytes,
  since: Mark = START,
): string {
  const { notFound, disallowed, filtered, errors, elapsed, waiting, verdict } = summary;
  const total = totalOf(summary);
  const { done, rate, left } = advanceOf(summary, since);
  const time = elapsed - since.elapsed;
  const bytes = time > 0 ? Math.max(0, received - since.received) / time : 0;
  const parts: Part[] = [
    total === undefined ? { text: `${done} done`, matters: 9 } : describeShare(done, total),
    { text: `${formatRate(rate)} files/s`, short: `${formatRate(rate)}/s`, matters: 6 },
    { text: `${formatBytes(bytes)}/s`, matters: 5 },
  ];
  if (errors + notFound > 0) parts.push({ text: `${errors + notFound} failed`, matters: 8 });
  if (disallowed > 0) parts.push({ text: `${disallowed} disallowed`, matters: 3 });
  if (filtered > 0) parts.push({ text: `${filtered} filtered`, matters: 3 });
  if (left !== undefined) {
    const time = formatDuration(left);
    const [text, short] = total?.isEstimate === true ? [`about ${time} left`, `~${time} left`] : [`${time} left`];
    parts.push({ text, short, matters: 7 });
  }
  if (waiting > 0) {
    const short = `${formatBytes(waiting)} waiting`;
    parts.push({ text: `${short} for storage`, short, matters: 2 });
  }
  if (verdict !== undefined) {
    const short = `held up by ${verdict.bound} ${Math.round(100 * verdict.share)}%`;
    parts.push({ text: `${short} (${verdict.detail})`, brief: short, short, matters: 4 });
  }
  const bar = total === undefined || most === Infinity ? '' : barOf(percentOf(done, total));
  return fitted(parts, bar, most);
}

/** Before the lists are opened they have nothing. */
function totalOf({ total }: Summary): Summary['total'] {
  return total?.count === 0 ? undefined : total;
}

/** Items that have an outcome of this run. */
export function endedOf({ ok, notFound, disallowed, filtered, errors }: Summary): number {
  return ok + notFound + disallowed + filtered + errors;
}

interface Part {
  readonly text: string;
  /** Without what it looks like, which goes before anything else. */
  readonly brief?: string;
  /** Where there is little room. */
  readonly short?: string | undefined;
  /** What matters least goes first. */
  readonly matters: number;
}

function fitted(parts: readonly Part[], bar: string, most: number): string {
  const whole = parts.map(({ text }) => text).join(', ');
  const plain = parts.map(({ text, brief = text }) => brief).join(', ');
  for (const line of [bar + whole, bar + plain, plain]) if (line.length <= most) return line;
  return shortened(parts, most);
}

function shortened(parts: readonly Part[], most: number): string {
  const line = parts.map(({ text, short = text }) => short).join(', ');
  if (line.length <= most) return line;
  const least = Math.min(...parts.map(({ matters }) => matters));
  const rest = parts.filter(({ matters }) => matters > least);
  return rest.length === 0 ? `${line.slice(0, most - 1)}…` : shortened(rest, most);
}

function barOf(percent: number): string {
  const full = Math.floor((BAR * percent) / 100);
  return `[${`${'='.repeat(full)}${full < BAR ? '>' : ''}`.padEnd(BAR)}] `;
}

/** As long as the total is estimated it is said to be. */
function describeShare(done: number, total: NonNullable<Summary['total']>): Part {
  const { count, isEstimate } = total;
  const percent = `(${percentOf(done, total)}%)`;
  return {
    text: `${done}${isEstimate ? ' of about ' : '/'}${count} done ${percent}`,
    short: `${done}/${isEstimate ? '~' : ''}${count} ${percent}`,
    matters: 9,
  };
}

/** Nothing is done before its end. */
function percentOf(done: number, { count, isEstimate }: NonNullable<Summary['total']>): number {
  return Math.min(done < count || isEstimate ? 99 : 100, Math.floor((100 * done) / count));
}

export function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}
