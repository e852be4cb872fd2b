/** `sluice work`: one of perhaps many that work off a plan. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { SluiceError, UsageError } from '../../errors.js';
import type { ShardFeed } from '../../fleet/feed.js';
import { USUAL_LEASE } from '../../fleet/life.js';
import { type Manifest, readManifest } from '../../fleet/manifest.js';
import { type Part, parsePart, partFromEnvironment, shardsOf } from '../../fleet/numbered.js';
import { shardStates } from '../../fleet/states.js';
import { work as workOff } from '../../fleet/work.js';
import { seconds, whole } from '../../options/kinds.js';
import { type DownloadOptions, type ResolvedOptions, resolveOptions } from '../../options/resolve.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { interruptible } from '../../terminal/interrupt.js';
import { warn } from '../run-download.js';
import { openFeed, type QueueArguments } from './queue.js';
import { Telling } from './telling.js';

export interface WorkArguments extends QueueArguments {
  readonly directory: string;
  readonly shard?: string;
  /** Seconds. */
  readonly lease?: number;
  readonly maxAttempts?: number;
  readonly wait?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** What is this machine's own. */
  readonly options: DownloadOptions;
}

/** A file system may tell times by the second or two. */
const LEAST_LEASE = 1;
export const ATTEMPTS = 5;
const MOST_ATTEMPTS = 1_000;

/** @returns the exit status */
export async function work(args: WorkArguments): Promise<number> {
  const { wait = false, quiet = false, verbose = false } = args;
  const directory = resolve(args.directory);
  const lease = seconds.check('lease', args.lease ?? USUAL_LEASE / 1000);
  if (lease < 1000 * LEAST_LEASE) {
    throw new UsageError(`--lease ${args.lease} is too short`, `give at least ${LEAST_LEASE} second`);
  }
  const maxAttempts = whole(1, MOST_ATTEMPTS).check('max-attempts', args.maxAttempts ?? ATTEMPTS);
  const part = partOf(args);
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    const hint = 'make one with sluice plan --input-file LIST --directory DIR, or name the folder that has it';
    throw new UsageError(`there is no plan in ${directory}`, hint);
  }
  const options = optionsFor(manifest, { ...args.options, directory });
  await warn(options, quiet);
  const shards = shardsOf(part ?? { index: 0, count: 1 }, manifest.shards.length);
  const worker = `${hostname()}-${randomBytes(2).toString('hex')}`;
  return interruptible(async (interruption) => {
    const { signal } = interruption;
    const telling = await Telling.open(manifest, interruption, { quiet, verbose });
    if (part !== undefined) telling.begin(part, shards.length);
    let feed: ShardFeed | undefined;
    try {
      feed = await openFeed({ ...args, directory }, manifest, shards, { worker, lease, note: telling.note });
      const run = { directory, manifest, options, worker, lease, maxAttempts, signal, feed, wait };
      const { onBegin, onOutcome, onEnd } = telling;
      await workOff({ ...run, onBegin, onOutcome, onEnd });
    } catch (error) {
      throw asInterrupted(error, signal);
    } finally {
      await feed?.close();
      telling.stop();
    }
    return statusOfPart(directory, manifest, shards);
  });
}

/** What ended a worker: the interruption, where that is why it failed. */
export function asInterrupted(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error instanceof SluiceError) return error;
  const hint = 'run the same command again to go on';
  return new SluiceError('ABORTED', 'the worker was interrupted', { hint, cause: signal.reason });
}

/** Undefined for all shards. @throws UsageError */
function partOf({ queue, shard }: WorkArguments): Part | undefined {
  if (queue === undefined) return shard === undefined ? partFromEnvironment(process.env) : parsePart(shard);
  if (shard === undefined) return undefined;
  throw new UsageError('--queue and --shard cannot go together', 'leave --shard out: the queue hands out the shards');
}

/** What decides about the files is the plan's, what is this machine's own was given here. @throws UsageError */
export function optionsFor({ options, layout }: Manifest, own: DownloadOptions): ResolvedOptions {
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return resolveOptions({ ...options, ...given, layout });
}

/** As the storage has it, whoever has worked on them. */
async function statusOfPart(directory: string, manifest: Manifest, shards: readonly number[]): Promise<number> {
  for await (const state of shardStates(directory, manifest, shards)) {
    if (state.kind !== 'done') return SOME_FAILED;
    const { notFound, errors, refused } = state.done;
    if (notFound + errors + refused > 0) return SOME_FAILED;
  }
  return 0;
}
