/** `sluice status`: what a destination has, what failed and why. Writes nothing, and works while a run is going on. */
import { resolve } from 'node:path';
import { ownFolder, shardsIn } from '../../destination/destination.js';
import { type Holder, Lock } from '../../destination/lock.js';
import { UsageError } from '../../errors.js';
import type { Run } from '../../journal/history.js';
import { isInShards } from '../../protocol/layouts.js';
import { printable } from '../../shared/printable.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { openHistory, type HistoryArguments } from '../open-history.js';
import { openPlan } from '../open-plan.js';
import { SHOWN_ERRORS } from '../../terminal/failures.js';
import { asShown, describeKnown, describeLists, type Known, type List, look } from './known.js';

export interface StatusArguments extends HistoryArguments {
  readonly json?: boolean;
  readonly verbose?: boolean;
  /** Of a plan: tells how far it is until it is done. */
  readonly watch?: boolean;
}

/** @returns the exit status: 0 when all that is known is stored, and the lists were gone through */
export async function status(args: StatusArguments): Promise<number> {
  const plan = await openPlan(args);
  if (plan !== undefined) return (await import('./plan.js')).statusOfPlan(args, plan);
  if (args.watch === true) {
    throw new UsageError('--watch is about a plan, and there is none', 'a run shows its progress itself');
  }
  const directory = resolve(args.directory);
  const history = await openHistory(args);
  const holder = await Lock.holder(directory, ownFolder(directory));
  const shards = [...history.layouts].some(isInShards) ? await shardsIn(directory) : new Set<number>();
  const shown = args.verbose === true ? Infinity : SHOWN_ERRORS;
  const { account, failures } = await history.count(shards, shown);
  const known: Known = { ...account, failures: failures.map(asShown) };
  const { lastRun, lastListRun } = history;
  const lists = await Promise.all((lastListRun?.record.lists ?? []).map((list) => look(list)));
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

function describe(
  directory: string,
  known: Known,
  lastRun: Run,
  lastListRun: Run | undefined,
  lists: readonly List[],
  holder: Holder | undefined,
): string {
  const { stored, notFound, disallowed, errors, unfinished } = known;
  const lines = describeKnown(directory, known);
  const all = stored + notFound + disallowed + errors + unfinished;
  const isAll = lastListRun?.end?.complete === true;
  if (unfinished > 0)
    lines.push(`${unfinished} not finished, of ${all} ${isAll ? 'in all' : 'that runs have come to so far'}.`);
  lines.push(...describeLists(lists));
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
