/** `sluice status`: what a destination has, what failed and why. Writes nothing, and works while a run is going on. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ownFolder, shardsIn } from '../../destination/destination.js';
import { type Account, countOutcome, emptyAccount } from '../../journal/account.js';
import type { ListMark } from '../../journal/format.js';
import type { Run, PastOutcome } from '../../journal/history.js';
import { type Holder, Lock } from '../../destination/lock.js';
import { printable, withoutPassword } from '../../shared/printable.js';
import { count, formatBytes } from '../../shared/format.js';
import { describeDisallowed, describeErrors, describeFailure, SHOWN_ERRORS } from '../run-download.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { openHistory, type HistoryArguments } from '../open-history.js';
import { isInShards } from '../../protocol/layouts.js';

export interface StatusArguments extends HistoryArguments {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

interface FailureShown {
  /** Without its password. */
  readonly url: string;
  readonly code: string;
  readonly message: string;
}

/** What is known of a destination's items. */
export interface Known extends Account {
  /** The first of what failed. */
  readonly failures: FailureShown[];
}

/** @returns the exit status: 0 when all that is known is stored, and the lists were gone through */
export async function status(args: StatusArguments): Promise<number> {
  const directory = resolve(args.directory);
  const history = await openHistory(args);
  const holder = await Lock.holder(directory, ownFolder(directory));
  const known: Known = { ...emptyAccount(), failures: [] };
  const shards = [...history.layouts].some(isInShards) ? await shardsIn(directory) : new Set<number>();
  const shown = args.verbose === true ? Infinity : SHOWN_ERRORS;
  for await (const batch of history.outcomes()) for (const past of batch) note(known, past, shards, shown);
  const { lastRun, lastListRun } = history;
  const lists = await Promise.all((lastListRun?.record.lists ?? []).map(look));
  if (args.json === true) {
    const { started, layout, version } = lastRun.record;
    const run = { started, layout, version, complete: lastRun.end?.complete ?? false, end: lastRun.end };
    const report = { directory, ...known, run, lists, running: holder ?? false };
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${describe(args.directory, known, lastRun, lastListRun, lists, holder)}\n`);
  }
  const isDone = known.errors + known.notFound + known.unfinished === 0 && lastListRun?.end?.complete !== false;
  return isDone && lastListRun?.end !== undefined ? 0 : SOME_FAILED;
}

export function note(known: Known, past: PastOutcome, shards: ReadonlySet<number>, shown: number): void {
  const lack = countOutcome(known, past, shards);
  // Those that are left out or not finished did not fail, and after an interruption they are many: a run writes down ahead.
  if (lack === undefined || lack.kind === 'unfinished' || lack.kind === 'disallowed') return;
  const { code, message } = lack;
  if (known.failures.length < shown) known.failures.push({ url: withoutPassword(past.item.url), code, message });
}

/** A list of the last run as it is now; undefined for what is no file. */
interface List extends ListMark {
  readonly state?: 'the same' | 'changed' | 'not there';
}

async function look(list: ListMark): Promise<List> {
  if (list.changed === undefined) return list;
  try {
    const { size, mtime } = await stat(list.label);
    const isSame = size === list.size && mtime.toISOString() === list.changed;
    return { ...list, state: isSame ? 'the same' : 'changed' };
  } catch {
    return { ...list, state: 'not there' };
  }
}

const SINCE = {
  'the same': 'is the same since',
  changed: 'has changed since',
  'not there': 'is not there, seen from this folder',
} as const;

function describe(
  directory: string,
  known: Known,
  lastRun: Run,
  lastListRun: Run | undefined,
  lists: readonly List[],
  holder: Holder | undefined,
): string {
  const { stored, unproven, bytes, notFound, disallowed, errors, unfinished, causes, failures } = known;
  const lines = failures.map(({ url, message }) => describeFailure(url, message));
  const hidden = notFound + errors - failures.length;
  if (hidden > 0) lines.push(`*** ${count(hidden, 'more error')}; --verbose shows them all.`);
  lines.push(`${printable(directory, 1000)}: ${count(stored, 'file')} stored, ${formatBytes(bytes)}.`);
  if (unproven > 0) lines.push(`${unproven} of them unproven: they ended with the connection, and may be cut.`);
  if (notFound > 0) lines.push(`${notFound} not found.`);
  if (disallowed > 0) lines.push(describeDisallowed(disallowed));
  if (errors > 0) lines.push(describeErrors(errors, causes));
  if (unfinished > 0) lines.push(`${unfinished} not finished: begun, or next in turn.`);
  for (const { label, state } of lists) {
    if (state !== undefined) lines.push(`The list ${printable(label, 1000)} ${SINCE[state]}.`);
  }
  if (holder !== undefined) {
    const { pid, host = 'this machine', since } = holder;
    const who = pid === undefined ? '' : `: process ${pid} on ${printable(host)}, since ${printable(String(since))}`;
    lines.push(`A run is going on${who}.`);
    return lines.join('\n');
  }
  lines.push(`Last run: ${printable(lastRun.record.started)}; it ${howEnded(lastRun)}.`);
  if (lastListRun?.end?.complete !== true) lines.push('Not all of its lists was gone through: sluice get goes on.');
  if (notFound + errors + unfinished > 0) lines.push('sluice retry tries again what failed or was not finished.');
  return lines.join('\n');
}

function howEnded({ end }: Run): string {
  if (end === undefined) return 'did not end by itself';
  const when = `ended ${printable(end.ended)}`;
  return end.error === undefined ? when : `${when}: ${printable(end.error.message, 1000)}`;
}
