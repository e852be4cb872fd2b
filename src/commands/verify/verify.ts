/** `sluice verify`: whether what is stored is there and right; `--repair` fetches again what is not. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Destination, shardsIn } from '../../destination/destination.js';
import type { RunRecord } from '../../journal/format.js';
import { Repair } from '../../journal/repair.js';
import { salvageJournal } from '../../journal/salvage.js';
import type { History } from '../../journal/history.js';
import { verify as verifyStored } from '../../journal/verify.js';
import type { Layout } from '../../protocol/settings.js';
import { isThere } from '../../shared/is-there.js';
import { version } from '../../shared/version.js';
import { formatBytes } from '../../shared/format.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { type AgainArguments, downloadAgain, optionsAgain } from '../retry/retry.js';
import { journalPath, openHistory } from '../open-history.js';
import { openPlan } from '../open-plan.js';
import { describeAgain, Findings, tell } from './findings.js';

export interface VerifyArguments extends AgainArguments {
  readonly repair?: boolean;
}

/** What the folders of the layout `hashed` are called. */
const HASH_DIGIT = /^[0-9a-f]$/;

/** @returns the exit status */
export async function verify(args: VerifyArguments): Promise<number> {
  const plan = await openPlan(args);
  if (plan !== undefined) return (await import('./plan.js')).verifyPlan(args, plan);
  return args.repair === true ? verifyAndRepair(args) : (await verifyAll(args)).size > 0 ? SOME_FAILED : 0;
}

async function verifyAndRepair(args: VerifyArguments): Promise<number> {
  // What is wrong with the options is told before anything is changed.
  optionsAgain(args, 'flat');
  const directory = resolve(args.directory);
  // Only where there is a journal, so that nothing is made in a folder that was named by mistake.
  if (!(await isThere(journalPath(args)))) await (await openHistory(args)).close();
  const destination = await Destination.open(directory);
  let layouts: readonly Layout[];
  try {
    if (args.state !== undefined) await destination.holdState(args.state);
    const shards = await shardsIn(directory);
    const assumed = await assumedRun(directory, shards);
    const history = await openHistory(args, assumed);
    await history.close();
    if (history.extent.damaged > 0) {
      const kept = await salvageJournal(history.path, directory, shards, assumed);
      const bytes = formatBytes(history.extent.damaged);
      await tell(
        args,
        `${bytes} of the journal are damaged. It is kept as ${kept}, and written anew with what is whole.`,
      );
      await tell(
        args,
        'Run sluice get once more; if it tells of files that are there already, with --overwrite: it goes on.',
      );
    }
    layouts = [...(await verifyAll(args, (of, layout) => Repair.begin(of, layout, directory, version)))];
  } finally {
    await destination.close();
  }
  let status = 0;
  const again = { right: 0, wrong: 0 };
  for (const layout of layouts) {
    const wanted = await openHistory(args);
    const its = await downloadAgain('verify', args, wanted, layout, (past) => {
      return past.status === 'failed' && past.failure.code === 'STORE_CHANGED';
    });
    status = Math.max(status, its.status);
    again.right += its.summary.ok;
    again.wrong += its.summary.errors + its.summary.notFound;
  }
  if (layouts.length > 0) await tell(args, describeAgain(again));
  return status;
}

/** @returns the layouts in which something is wrong */
async function verifyAll(
  args: VerifyArguments,
  repairs?: (history: History, layout: Layout) => Promise<Repair>,
): Promise<ReadonlySet<Layout>> {
  const findings = new Findings((line) => tell(args, line));
  let history = await openHistory(args);
  const layouts = [...history.layouts];
  for (const [position, layout] of layouts.entries()) {
    if (position > 0) history = await openHistory(args);
    const repair = await repairs?.(history, layout);
    await verifyStored(history, layout, resolve(args.directory), findings.in(layout, repair));
    await repair?.close();
  }
  await tell(args, findings.describe());
  return findings.layouts;
}

/** What to take for the first run of a journal that does not tell of it any more: the layout is seen from what is there. */
async function assumedRun(directory: string, shards: ReadonlySet<number>): Promise<RunRecord> {
  const layout = shards.size > 0 ? 'tar' : (await isHashed(directory)) ? 'hashed' : 'flat';
  const started = new Date().toISOString();
  return { version, started, pid: 0, boot: '', directory, layout, afresh: false, lists: [] };
}

/** Whether there is one of its folders: names may have one of one digit, too, but seldom another one in it. */
async function isHashed(directory: string): Promise<boolean> {
  for (const first of await readdir(directory)) {
    if (!HASH_DIGIT.test(first)) continue;
    const below = await readdir(join(directory, first)).catch(() => []);
    if (below.some((second) => HASH_DIGIT.test(second))) return true;
  }
  return false;
}
