/** Shards that nobody hands out: each worker takes those that its number says, one after the other. */
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { isThere } from '../shared/is-there.js';
import type { ShardFeed, Turn } from './feed.js';
import { GivenFeed } from './given.js';
import { namesIn } from './journals.js';
import { shardFolder, shardName, shardsFolder } from './plan-folder.js';
import { DONE } from './records.js';

/** A part of a plan: of `count` workers that which has `index`, from 0. */
export interface Part {
  readonly index: number;
  readonly count: number;
  /** What said so. */
  readonly from: string;
}

/** Shards that are looked at at once. */
const AT_ONCE = 32;

/** @param text `3/16` @throws UsageError */
export function parsePart(text: string): Part {
  const [, index, count] = /^\s*(\d+)\s*\/\s*(\d+)\s*$/.exec(text) ?? [];
  return checked(Number(index ?? NaN), Number(count ?? NaN), '--shard', text);
}

/**
 * What part the scheduler of a cluster has given this process: a task of a Slurm array, or a pod of an indexed Job of
 * Kubernetes.
 *
 * @returns undefined where none did
 * @throws UsageError where it cannot be understood
 */
export function partFromEnvironment(env: Readonly<NodeJS.ProcessEnv>): Part | undefined {
  const task = env['SLURM_ARRAY_TASK_ID'];
  if (task !== undefined) {
    const [least, count] = [env['SLURM_ARRAY_TASK_MIN'] ?? '0', env['SLURM_ARRAY_TASK_COUNT'] ?? ''];
    const most = env['SLURM_ARRAY_TASK_MAX'];
    const step = env['SLURM_ARRAY_TASK_STEP'] ?? '1';
    // Of an array with gaps the tasks' numbers do not tell which of them this is.
    if (most !== undefined && Number(most) - Number(least) !== (Number(count) - 1) * Number(step)) {
      const message = `the tasks of this Slurm array are ${count} from ${least} to ${most}: it has gaps`;
      throw new UsageError(message, 'submit it with --array=0-15 or the like, or give --shard');
    }
    const index = (whole(task) - whole(least)) / whole(step);
    return checked(index, whole(count), 'SLURM_ARRAY_TASK_ID', `${task} of ${count} from ${least}`);
  }
  const completion = env['JOB_COMPLETION_INDEX'];
  if (completion === undefined) return undefined;
  const count = env['JOB_COMPLETIONS'];
  if (count === undefined) {
    const hint = "put the Job's completions into the environment as JOB_COMPLETIONS, or give --shard";
    throw new UsageError('JOB_COMPLETION_INDEX is there, and JOB_COMPLETIONS is not', hint);
  }
  return checked(whole(completion), whole(count), 'JOB_COMPLETION_INDEX', `${completion}/${count}`);
}

function checked(index: number, count: number, from: string, text: string): Part {
  if (Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count) {
    return { index, count, from };
  }
  const hint = 'give a number from 0 and how many there are, such as 0/16 to 15/16';
  throw new UsageError(`${from} ${JSON.stringify(text)} is no part of a plan`, hint);
}

/** Without sign, point or anything else that a number may have. */
function whole(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : NaN;
}

/** The shards of a part, of `shards` in all. */
export function shardsOf({ index, count }: Pick<Part, 'index' | 'count'>, shards: number): readonly number[] {
  return Array.from({ length: Math.max(0, Math.ceil((shards - index) / count)) }, (_, at) => index + at * count);
}

export class NumberedFeed implements ShardFeed {
  readonly #directory: string;
  readonly #all: readonly number[];
  /** Those of them that were not done when this worker looked. */
  #open: GivenFeed | undefined;

  /** @param shards of this worker's part */
  constructor(directory: string, shards: readonly number[]) {
    this.#directory = directory;
    this.#all = shards;
  }

  async next(signal: AbortSignal): Promise<Turn | undefined> {
    signal.throwIfAborted();
    this.#open ??= new GivenFeed(await notDone(this.#directory, this.#all));
    const turn = await this.#open.next(signal);
    // Who asks again looks at all of them again.
    if (turn === undefined) this.#open = undefined;
    return turn;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Those that nobody has committed. One that nobody has begun costs nothing. */
async function notDone(directory: string, shards: readonly number[]): Promise<readonly number[]> {
  const begun = new Set(await namesIn(shardsFolder(directory)));
  const open: number[] = [];
  for (let at = 0; at < shards.length; at += AT_ONCE) {
    const some = shards.slice(at, at + AT_ONCE);
    const done = await Promise.all(
      some.map(async (shard) => begun.has(shardName(shard)) && (await isDone(directory, shard))),
    );
    open.push(...some.filter((_, which) => !done[which]));
  }
  return open;
}

function isDone(directory: string, shard: number): Promise<boolean> {
  return isThere(join(shardFolder(directory, shard), DONE));
}
