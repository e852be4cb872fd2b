/** A worker: takes shards from whoever hands them out, one after the other, until there are none. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SluiceError } from '../errors.js';
import type { ShardFeed, Turn } from './feed.js';
import { runShard, type ShardAgain, type ShardEnd, type ShardSettings } from './shard-run.js';

export interface WorkSettings extends ShardSettings {
  readonly feed: ShardFeed;
  /** Stays when all is done, for what may be opened once more. */
  readonly wait: boolean;
  /** For shards that are done or have failed. */
  readonly again?: ShardAgain;
  readonly onEnd: (shard: number, end: ShardEnd) => void;
}

/** Shards that an error may end one after the other before it is taken for this machine's. */
const MOST_IN_A_ROW = 3;
/** Milliseconds until a shard is tried again that an error has ended; twice as many after each try. */
const FIRST_DELAY = 1_000;
/** Milliseconds between two looks of a worker that waits for something to do. */
const IDLE = 10_000;

/**
 * Ends when there is nothing more to do.
 *
 * @throws what the signal was aborted with; what a shard cannot be blamed for; the error that has ended shard after shard
 */
export async function work(settings: WorkSettings): Promise<void> {
  const { feed, signal, wait } = settings;
  const broken = new Map<number, SluiceError>();
  for (;;) {
    const turn = await feed.next(signal);
    if (turn === undefined) {
      if (!wait) return;
      await sleep(IDLE, undefined, { signal }).catch(() => signal.throwIfAborted());
      continue;
    }
    const end = await run(settings, turn);
    settings.onEnd(turn.shard, end);
    await tell(turn, end, settings.lease);
    if (end.kind === 'done') broken.clear();
    if (end.kind !== 'error') continue;
    broken.set(turn.shard, end.error);
    // Others may be able to do what this machine cannot.
    if (broken.size >= MOST_IN_A_ROW) throw end.error;
  }
}

async function run(settings: WorkSettings, turn: Turn): Promise<ShardEnd> {
  try {
    return await runShard(settings, turn.shard, () => turn.working(), settings.again);
  } catch (error) {
    await turn.again(0);
    throw error;
  }
}

async function tell(turn: Turn, end: ShardEnd, lease: number): Promise<void> {
  switch (end.kind) {
    case 'done':
      return turn.done();
    case 'ended':
      return end.how === 'done' ? turn.done() : turn.failed();
    case 'failed':
      return turn.failed();
    case 'held':
    case 'lost':
      // Soon enough to see that its worker died, and seldom enough to cost nothing.
      return turn.again(lease / 4);
    case 'error':
      return turn.again(FIRST_DELAY * 2 ** (end.failures - 1));
  }
}
