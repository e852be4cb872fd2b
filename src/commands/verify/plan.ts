/** `sluice verify` of a plan: shard by shard, whoever has done it; `--repair` opens a shard once more where something is wrong. */
import { resolve } from 'node:path';
import { isSealed } from '../../fleet/archive.js';
import { historyOf } from '../../fleet/journals.js';
import type { Manifest } from '../../fleet/manifest.js';
import { type ShardState, shardStates } from '../../fleet/states.js';
import type { RunRecord } from '../../journal/format.js';
import { History } from '../../journal/history.js';
import { Repair } from '../../journal/repair.js';
import { salvageJournal } from '../../journal/salvage.js';
import { verify as verifyStored } from '../../journal/verify.js';
import { count } from '../../shared/format.js';
import { printable } from '../../shared/printable.js';
import { isInShards } from '../../protocol/layouts.js';
import { version } from '../../shared/version.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { Again } from '../retry/again.js';
import { describeAgain, Findings, tell } from './findings.js';
import type { VerifyArguments } from './verify.js';

/** @returns the exit status */
export async function verifyPlan(args: VerifyArguments, plan: Manifest): Promise<number> {
  const directory = resolve(args.directory);
  // What is wrong with the options is told before anything is looked at.
  const again = args.repair === true ? new Again(args, plan) : undefined;
  const findings = new Findings((line) => tell(args, line));
  const wrong: number[] = [];
  for await (const state of shardStates(directory, plan)) {
    if (state.kind === 'open') continue;
    const why = await lookAt(state, directory, plan, findings);
    if (why.length > 0) wrong.push(state.shard);
    for (const line of why) if (line !== '') await tell(args, `*** Shard ${state.shard}: ${printable(line, 1000)}`);
  }
  await tell(args, findings.describe());
  if (again === undefined || wrong.length === 0) return wrong.length > 0 ? SOME_FAILED : 0;
  const went = await again.run(wrong, (journal, shard) => noteWrong(journal, directory, plan, shard));
  for (const line of went.left) await tell(args, `*** ${line}`);
  await tell(args, describeAgain({ right: went.fetched, wrong: went.lacking }));
  return went.status;
}

/** @returns what is wrong with the shard; an empty line where the files themselves are, which are told of */
async function lookAt(
  state: ShardState,
  directory: string,
  { layout }: Manifest,
  findings: Findings,
): Promise<readonly string[]> {
  const lines = state.kind === 'damaged' ? [state.why] : [];
  const { wrong, looked } = findings;
  try {
    const history = await historyOf(directory, state.shard);
    if (history !== undefined) await verifyStored(history, layout, directory, findings.in(layout, undefined));
  } catch (error) {
    return [...lines, `what it has stored is not known: ${(error as Error).message}`];
  }
  const told = findings.looked - looked;
  if (state.kind === 'done' && told !== state.done.ok) {
    lines.push(`its journal tells of ${count(told, 'stored file')}, and it was committed with ${state.done.ok}`);
  }
  return findings.wrong > wrong ? [...lines, ''] : lines;
}

/** Writes down in the journal of a claim what is not as it was stored, so that its run requests it again. */
async function noteWrong(path: string, directory: string, { layout }: Manifest, shard: number): Promise<void> {
  const started = new Date().toISOString();
  const assumed: RunRecord = { version, started, pid: 0, boot: '', directory, layout, afresh: false, lists: [] };
  let history = await History.open(path, assumed);
  if (history !== undefined && history.extent.damaged > 0) {
    await history.close();
    const isThere = isInShards(layout) && (await isSealed(directory, shard));
    await salvageJournal(path, directory, new Set(isThere ? [shard] : []), assumed);
    history = await History.open(path);
  }
  if (history === undefined) return;
  const repair = await Repair.begin(history, layout, directory, version);
  await verifyStored(history, layout, directory, {
    onRight: () => undefined,
    onWrong: (item, why) => repair.note(item, why),
    onWrongShard: () => undefined,
    onKnown: () => undefined,
  });
  await repair.close();
}
