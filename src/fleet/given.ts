/** Shards that a command has chosen to go through, one after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShardFeed, Turn } from './feed.js';

export class GivenFeed implements ShardFeed {
  #open: readonly { readonly shard: number; readonly due: number }[];
  readonly #isLeft: (shard: number) => boolean;

  /** @param isLeft whether a shard that is to be tried again is left to somebody else */
  constructor(shards: readonly number[], isLeft: (shard: number) => boolean) {
    this.#open = shards.map((shard) => ({ shard, due: 0 }));
    this.#isLeft = isLeft;
  }

  async next(signal: AbortSignal): Promise<Turn | undefined> {
    signal.throwIfAborted();
    const [first, ...rest] = this.#open;
    if (first === undefined) return undefined;
    this.#open = rest;
    const delay = first.due - performance.now();
    if (delay > 0) await sleep(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    return this.#turn(first.shard);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #turn(shard: number): Turn {
    const ended = (): Promise<void> => Promise.resolve();
    return {
      shard,
      done: ended,
      failed: ended,
      working: () => undefined,
      again: (delay) => {
        if (!this.#isLeft(shard)) this.#open = [...this.#open, { shard, due: performance.now() + delay }];
        return ended();
      },
    };
  }
}
