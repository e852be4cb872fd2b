/** Progress for people, on standard error: a spinner on a terminal, a plain line every ten seconds elsewhere. */
import type { Summary } from '../outcome.js';
import { describeBound } from '../verdict/verdict.js';
import { formatBytes, formatDuration } from '../shared/format.js';

/** Milliseconds between two looks at the run. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;
/** Columns of the spinner, and one that stays free. */
const SPINNER = 3;

export interface Progress {
  /** Prints a line of the command's own without tearing the spinner apart. */
  print(line: string, stream: NodeJS.WriteStream): void;
  stop(): void;
}

/** @param summary asked for at each look */
export function showProgress(summary: () => Summary): Promise<Progress> {
  return showLine(() => describeProgress(summary(), columns()));
}

/** Those that a line has before a terminal breaks it, and its spinner with it, which then cannot be taken back. */
function columns(): number {
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
  // Its own colours know nothing of NO_COLOR, and Node does.
  const color = process.stderr.hasColors() ? 'cyan' : false;
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

/**
 * One line: how many, how fast, how long still, what waits for the storage, and what holds up the run.
 *
 * @param most characters; where there are more, what matters least is left out, from the diagnosis on
 */
export function describeProgress(summary: Summary, most = Infinity): string {
  const { ok, notFound, disallowed, filtered, errors, skipped, duplicates, total, elapsed, bytes, waiting, verdict } =
    summary;
  const ended = ok + notFound + disallowed + filtered + errors;
  // What was there before counts as done, and not for how fast this run is.
  const done = ended + skipped + duplicates;
  const rate = elapsed > 0 ? ended / elapsed : 0;
  const parts: Part[] = [
    { text: total === undefined ? `${done} done` : describeShare(done, total), matters: 9 },
    { text: `${formatRate(rate)} files/s, ${formatBytes(elapsed > 0 ? bytes / elapsed : 0)}/s`, matters: 4 },
  ];
  if (errors + notFound > 0) parts.push({ text: `${errors + notFound} failed`, matters: 8 });
  if (disallowed > 0) parts.push({ text: `${disallowed} disallowed`, matters: 3 });
  if (filtered > 0) parts.push({ text: `${filtered} filtered`, matters: 3 });
  if (total !== undefined && rate > 0 && done < total.count) {
    const left = formatDuration((total.count - done) / rate);
    parts.push({ text: total.isEstimate ? `about ${left} left` : `${left} left`, matters: 7 });
  }
  if (waiting > 0) parts.push({ text: `${formatBytes(waiting)} waiting for storage`, matters: 2 });
  if (verdict !== undefined) parts.push({ text: `held up by ${describeBound(verdict)}`, matters: 1 });
  return fitted(parts, most);
}

interface Part {
  readonly text: string;
  /** What matters least goes first. */
  readonly matters: number;
}

function fitted(parts: readonly Part[], most: number): string {
  const line = parts.map(({ text }) => text).join(', ');
  if (line.length <= most) return line;
  const least = Math.min(...parts.map(({ matters }) => matters));
  const rest = parts.filter(({ matters }) => matters > least);
  return rest.length === 0 ? `${line.slice(0, most - 1)}…` : fitted(rest, most);
}

/** As long as the total is estimated it is said to be. */
function describeShare(done: number, { count, isEstimate }: NonNullable<Summary['total']>): string {
  // Nothing is done before its end.
  const percent = count === 0 ? 100 : Math.min(done < count || isEstimate ? 99 : 100, Math.floor((100 * done) / count));
  return isEstimate ? `${done} of about ${count} done (${percent}%)` : `${done}/${count} done (${percent}%)`;
}

export function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toFixed(1);
}
