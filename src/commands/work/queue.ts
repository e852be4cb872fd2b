/** Where a worker gets its shards from, as the flags say. */
import { UsageError } from '../../errors.js';
import type { ShardFeed } from '../../fleet/feed.js';
import type { Manifest } from '../../fleet/manifest.js';
import { NumberedFeed } from '../../fleet/numbered.js';
import type { FeedOptions } from '../../fleet/queue/feed.js';
import { shardStates } from '../../fleet/states.js';

export interface QueueArguments {
  readonly queue?: string;
  readonly queueCreds?: string;
  readonly queueTokenFile?: string;
  readonly queueCa?: string;
}

/**
 * @param shards which are given where there is no queue
 * @throws UsageError, and SluiceError with a code that begins with `QUEUE_`, or `PLAN_ELSEWHERE`
 */
export async function openFeed(
  { directory, queue, ...files }: QueueArguments & { readonly directory: string },
  manifest: Manifest,
  shards: readonly number[],
  options: FeedOptions,
): Promise<ShardFeed> {
  const { queueCreds, queueTokenFile, queueCa } = files;
  if (queue === undefined) {
    const without = Object.entries({ queueCreds, queueTokenFile, queueCa }).some(([, value]) => value !== undefined);
    if (without)
      throw new UsageError('--queue-creds, --queue-token-file and --queue-ca go with --queue', 'give it, too');
    return new NumberedFeed(directory, shards);
  }
  const { connectQueue } = await import('../../fleet/queue/connect.js');
  const { id } = manifest;
  const plan = { directory, id, shards: manifest.shards.length, toDo: () => toDo(directory, manifest) };
  return connectQueue({ queue, queueCreds, queueTokenFile, queueCa }, plan, options);
}

/** As the storage has it. One whose end is written down and cannot be read is not done again: `verify` tells of it. */
async function toDo(directory: string, manifest: Manifest): Promise<number[]> {
  const shards = [];
  for await (const { shard, kind } of shardStates(directory, manifest)) {
    if (kind === 'open' || kind === 'running' || kind === 'left') shards.push(shard);
  }
  return shards;
}
