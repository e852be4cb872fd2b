/** `sluice status` of a plan: how far it is, who works on it, and what failed; from any machine that sees the storage. */
import { resolve } from 'node:path';
import { historyOf } from '../../fleet/journals.js';
import { isAsPlanned } from '../../fleet/known-lists.js';
import type { Manifest } from '../../fleet/manifest.js';
import { type Survey, survey } from '../../fleet/survey.js';
import { count } from '../../shared/format.js';
import { printable } from '../../shared/printable.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { SHOWN_ERRORS } from '../../terminal/failures.js';
import { asShown, describeKnown, describeLists, type Known, type List, look } from './known.js';
import { describeRunning, describeShards } from './fleet-line.js';
import type { StatusArguments } from './status.js';

/** Journals that are read for what failed unless `--verbose` asks for all. */
const MOST_JOURNALS = 10;

/** Shards of each kind that are told of one by one unless `--verbose` asks for all. */
const SHOWN_SHARDS = 20;

/** @returns the exit status: 0 when all shards are done, and all that is known is stored */
export async function statusOfPlan(args: StatusArguments, plan: Manifest): Promise<number> {
  const directory = resolve(args.directory);
  const { verbose = false } = args;
  if (args.watch === true) await (await import('./watch.js')).watch(directory, plan);
  const found = await survey(directory, plan, verbose);
  const { failures, unread } = await failuresOf(found, directory, verbose);
  const lists = await Promise.all(plan.lists.map((list) => look(list, isAsPlanned)));
  const text =
    args.json === true
      ? JSON.stringify(reportOf(directory, plan, found, failures, lists), undefined, 2)
      : [...describe(args.directory, plan, found, failures, lists, verbose ? Infinity : SHOWN_SHARDS), ...unread].join(
          '\n',
        );
  process.stdout.write(`${text}\n`);
  const isDone = found.shards.done === plan.shards.length;
  return isDone && found.errors + found.notFound === 0 ? 0 : SOME_FAILED;
}

/** The first of what failed, which journals tell; and what is to be said of shards whose journals do not. */
async function failuresOf(
  { failing }: Survey,
  directory: string,
  all: boolean,
): Promise<{ readonly failures: Known['failures']; readonly unread: readonly string[] }> {
  const told: Known['failures'][number][] = [];
  const unread: string[] = [];
  const shown = all ? Infinity : SHOWN_ERRORS;
  for (const shard of all ? failing : failing.slice(0, MOST_JOURNALS)) {
    if (told.length >= shown) break;
    try {
      const history = await historyOf(directory, shard);
      const counted = await history?.count(new Set([shard]), shown - told.length);
      told.push(...(counted?.failures ?? []).map(asShown));
    } catch (error) {
      const why = printable((error as Error).message, 1000);
      unread.push(`*** Shard ${shard}: which of its items failed is not known: ${why}`);
    }
  }
  return { failures: told, unread };
}

function reportOf(
  directory: string,
  { id, created, sluice, layout, rows, items, refused, duplicates, shards }: Manifest,
  found: Survey,
  failures: Known['failures'],
  lists: readonly List[],
): unknown {
  const { unknown, shards: kinds, running, failed, damaged, failing: _, ...known } = found;
  const complete = kinds.done === shards.length;
  const workers = running.map(({ shard, number, claim, age }) => ({
    shard,
    rows: shards[shard]?.rows,
    claim: number,
    ...claim,
    age: age / 1000,
  }));
  const [first] = workers;
  return {
    directory,
    ...known,
    failures,
    run: { started: created, layout, version: sluice, complete },
    lists,
    running: first === undefined ? false : { pid: first.pid, host: first.host, since: first.since },
    plan: {
      id,
      rows,
      items,
      refused,
      duplicates,
      unknown,
      shards: { all: shards.length, ...kinds },
      running: workers,
      failed: failed.map(({ shard, failed: record }) => ({ shard, ...record })),
      damaged: damaged.map(({ shard, why }) => ({ shard, why })),
    },
  };
}

function describe(
  directory: string,
  plan: Manifest,
  found: Survey,
  failures: Known['failures'],
  lists: readonly List[],
  shown: number,
): readonly string[] {
  const { unfinished, unknown, running, failed, damaged, shards, errors, notFound } = found;
  const { refused, duplicates } = plan;
  const lines = describeKnown(directory, { ...found, failures });
  if (refused > 0) lines.push(`${count(refused, 'row')} refused: no URLs.`);
  if (duplicates > 0) lines.push(`${count(duplicates, 'duplicate')} left out.`);
  if (unfinished > 0) lines.push(`${unfinished} not finished: begun, or next in turn.`);
  if (unknown > 0) lines.push(`${unknown} of which nobody knows what became of them.`);
  lines.push(`A plan of ${count(plan.rows, 'row')}: ${describeShards(found, plan)}.`);
  const ended = failed.map(({ shard, failed: record }) => {
    if (record === undefined) return `*** Shard ${shard} failed; its failed.json, which tells why, is damaged.`;
    const why = printable(record.error.message, 1000);
    return `*** Shard ${shard} failed, after ${count(record.attempts, 'attempt')}: ${why}`;
  });
  const lost = damaged.map(({ shard, why }) => `*** Shard ${shard}: ${printable(why, 1000)}`);
  const workers = running.map((state) => describeRunning(state, plan.shards[state.shard]?.rows ?? 0));
  for (const [all, what] of [
    [ended, 'failed'],
    [lost, 'damaged'],
    [workers, 'running'],
  ] as const) {
    lines.push(...all.slice(0, shown));
    if (all.length > shown) lines.push(`${all.length - shown} more are ${what}; --verbose shows them all.`);
  }
  lines.push(...describeLists(lists));
  if (running.length > 0) return lines;
  if (shards.open + shards.left > 0) lines.push('sluice work goes on with what is not done.');
  if (errors + notFound + failed.length > 0) lines.push('sluice retry tries again what failed.');
  if (damaged.length > 0) lines.push('sluice verify --repair finds out what is there of shards that are damaged.');
  return lines;
}
