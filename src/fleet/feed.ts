/** Where a worker gets its shards from. */

export interface ShardFeed {
  /**
   * The next shard to work on.
   *
   * @returns undefined when the plan, or the part of it that this feed gives, is done
   * @throws whatever the signal was aborted with
   */
  next(signal: AbortSignal): Promise<Turn | undefined>;
  close(): Promise<void>;
}

/** One shard, handed to this worker. What it tells of it is advice to whoever hands out: the storage decides. */
export interface Turn {
  readonly shard: number;
  /** It is committed, by whomever. */
  done(): Promise<void>;
  /** Somebody is to take it again, not before `delay` milliseconds. */
  again(delay: number): Promise<void>;
  /** The worker is still at it. */
  working(): void;
  /** It has failed for good. */
  failed(): Promise<void>;
}
