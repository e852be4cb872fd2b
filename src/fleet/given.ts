/** Shards that are known from the beginning, one after the other; those that are to be tried again when they are due. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ShardFeed, Turn } from './feed.js';

export class GivenFeed implements ShardFeed {
  /** In the order in which they are due. */
  #open: readonly { readonly shard: number; readonly due: number }[];
  readonly #isLeft: (shard: number) => boolean;

  /** @param isLeft whether a shard that is to be tried again is left to somebody else. Default: none is */
  constructor(shards: readonly number[], isLeft: (shard: number) => boolean = () => false) {
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
        if (this.#isLeft(shard)) return ended();
        const open = [...this.#open, { shard, due: performance.now() + delay }];
        this.#open = open.toSorted((a, b) => a.due - b.due);
        return ended();
      },
    };
  }
}
