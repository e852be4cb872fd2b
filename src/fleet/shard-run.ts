/** One shard of a plan: claimed, downloaded as any other run is, and committed. */
import { join } from 'node:path';
import { toPlain, SluiceError, StorageError, UsageError } from '../errors.js';
import { JOURNAL } from '../journal/open.js';
import type { Entry } from '../item.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Outcome, Summary } from '../outcome.js';
import { Download } from '../pipeline/download.js';
import { isInShards } from '../protocol/layouts.js';
import { accountOf } from './account.js';
import { takeUpArchive } from './archive.js';
import { Claim, type Holder } from './claim.js';
import type { Manifest } from './manifest.js';
import { claimName } from './journals.js';
import { type DoneRecord, type Progress, rowsOf } from './records.js';
import { readShard } from './shard-list.js';

export interface ShardSettings {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Those of the plan, with what is this machine's own. */
  readonly options: ResolvedOptions;
  /** What this worker is called. */
  readonly worker: string;
  /** Milliseconds. */
  readonly lease: number;
  /** How often a shard is tried that an error ends. */
  readonly maxAttempts: number;
  /** Aborted when the worker is to end. */
  readonly signal: AbortSignal;
  /** Told of the run of each shard when it begins. */
  readonly onBegin?: (run: ShardRun) => void;
  readonly onOutcome?: (outcome: Outcome) => void | Promise<void>;
}

export interface ShardRun {
  readonly shard: number;
  readonly download: Download;
  /** From whom it was taken over. */
  readonly former: Holder | undefined;
}

export interface ShardAgain {
  /** Also where it is done or has failed: its rows are gone through once more. */
  readonly reopen?: boolean;
  /** Called with the path of the shard's journal before anything is requested. */
  readonly prepare?: (journal: string, shard: number) => Promise<void>;
}

export type ShardEnd =
  | { readonly kind: 'done'; readonly record: DoneRecord }
  /** Somebody else has done it, or has found that it fails. */
  | { readonly kind: 'ended'; readonly how: 'done' | 'failed' }
  | { readonly kind: 'held'; readonly by: Holder }
  /** Somebody else took it over meanwhile. */
  | { readonly kind: 'lost'; readonly by: Holder }
  /** An error has ended its run: it may be tried again. */
  | { readonly kind: 'error'; readonly error: SluiceError; readonly failures: number }
  /** The same for the last time. */
  | { readonly kind: 'failed'; readonly error: SluiceError };

/** What another try finds as it was, unless the system has kept it from being read. */
const LASTING: ReadonlySet<string> = new Set(['STORE_JOURNAL', 'PLAN_DAMAGED']);

/**
 * @param onRenewed called while it goes on
 * @throws SluiceError ABORTED where the worker is to end; UsageError for what is wrong with how it was called; StorageError
 *   where the storage does not even take that the shard has failed
 */
export async function runShard(
  settings: ShardSettings,
  shard: number,
  onRenewed?: () => void,
  { reopen = false, prepare }: ShardAgain = {},
): Promise<ShardEnd> {
  const { directory, lease, worker } = settings;
  const taken = await Claim.take(directory, shard, { lease, worker, reopen, ...(onRenewed && { onRenewed }) });
  if (taken.kind === 'held') return taken;
  if (taken.kind !== 'taken') return { kind: 'ended', how: taken.kind };
  const { claim } = taken;
  try {
    await prepare?.(join(claim.folder, JOURNAL), shard);
    if (isInShards(settings.manifest.layout)) await takeUpArchive(directory, shard, claim.folder);
    const record = await download(settings, shard, claim, taken.former);
    const { number } = claim;
    if (record !== undefined && (await claim.commit(record)) === 'committed') {
      return { kind: 'done', record: { ...record, claim: number, worker, journal: claimName(number) } };
    }
    return { kind: 'lost', by: await claim.takenBy() };
  } catch (error) {
    return await whatOf(error, claim, settings);
  }
}

/** @returns what is to be committed; undefined where the claim was lost */
async function download(
  { directory, manifest, options, signal, onBegin, onOutcome }: ShardSettings,
  shard: number,
  claim: Claim,
  former: Holder | undefined,
): Promise<Omit<DoneRecord, 'claim' | 'worker' | 'journal'> | undefined> {
  const others = { refused: 0, duplicates: 0 };
  const entries = counted(readShard(directory, manifest, shard), others);
  const count = manifest.shards[shard]?.rows ?? 0;
  const either = AbortSignal.any([signal, claim.lost]);
  // A plan's names are its own; what is there is known by the journal.
  const own = {
    directory,
    onExists: 'error',
    overwrite: false,
    journal: true,
    state: undefined,
    checksums: undefined,
  } as const;
  const run = new Download(
    [{ kind: 'entries', entries, count, label: `shard ${shard}` }],
    { ...options, ...own, signal: either, grace: Infinity },
    undefined,
    { folder: claim.folder, shard },
  );
  claim.lost.addEventListener('abort', () => run.leave());
  claim.note(() => progressOf(run.summary));
  onBegin?.({ shard, download: run, former });
  for await (const batch of run.batches()) {
    for (const outcome of batch) {
      const told = onOutcome?.(outcome);
      if (told !== undefined) await told;
    }
  }
  if (claim.lost.aborted) return undefined;
  return accounted(claim, shard, count, others, run.summary.elapsed);
}

/** What the journal on the storage tells of all rows, whichever claim has seen them. */
async function accounted(
  claim: Claim,
  shard: number,
  rows: number,
  others: { readonly refused: number; readonly duplicates: number },
  elapsed: number,
): Promise<Omit<DoneRecord, 'claim' | 'worker' | 'journal'>> {
  const account = await accountOf(join(claim.folder, JOURNAL), shard);
  const {
    stored: ok = 0,
    unproven = 0,
    notFound = 0,
    disallowed = 0,
    filtered = 0,
    errors = 0,
    unfinished = 0,
  } = account ?? {};
  const told = rowsOf({ ok, notFound, disallowed, filtered, errors, ...others });
  if (told !== rows || unfinished > 0) {
    const message = `the journal tells of ${told} of ${rows} rows`;
    throw new SluiceError('INTERNAL', message, { hint: 'report this: it is a fault; the shard is tried again' });
  }
  const { bytes = 0, causes = {} } = account ?? {};
  const ended = new Date().toISOString();
  return { rows, ok, unproven, notFound, disallowed, filtered, ...others, errors, bytes, causes, elapsed, ended };
}

async function whatOf(error: unknown, claim: Claim, { signal, maxAttempts }: ShardSettings): Promise<ShardEnd> {
  if (!(await claim.check())) return { kind: 'lost', by: await claim.takenBy() };
  if (signal.aborted || error instanceof UsageError) {
    await claim.release();
    throw error;
  }
  const failed = asSluiceError(error);
  const failures = claim.failures + 1;
  const how = await claim.fail(failed, LASTING.has(failed.code) && failed.cause === undefined ? failures : maxAttempts);
  if (how === 'lost') return { kind: 'lost', by: await claim.takenBy() };
  return how === 'again' ? { kind: 'error', error: failed, failures } : { kind: 'failed', error: failed };
}

function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const hint = 'see the cause';
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === undefined) return new SluiceError('INTERNAL', 'the run of a shard failed', { hint, cause: error });
  return new StorageError(toPlain(error, { code: 'STORE_FAILED', hint }));
}

async function* counted(
  list: AsyncIterable<readonly Entry[]>,
  others: { refused: number; duplicates: number },
): AsyncGenerator<readonly Entry[], void, undefined> {
  for await (const entries of list) {
    for (const { kind } of entries) {
      if (kind === 'refused') others.refused += 1;
      else if (kind === 'duplicate') others.duplicates += 1;
    }
    yield entries;
  }
}

function progressOf(summary: Summary): Progress {
  const { ok, skipped, notFound, disallowed, filtered, duplicates, bytes, elapsed, verdict } = summary;
  const refused = summary.causes.LIST_LINE ?? 0;
  const errors = summary.errors - refused;
  const done = ok + skipped + notFound + disallowed + filtered + duplicates + summary.errors;
  return { done, stored: ok + skipped, notFound, disallowed, filtered, errors, files: ok, bytes, elapsed, verdict };
}
