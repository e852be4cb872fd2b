/** The queue that the flags name, loaded only where there are such. */
import { join } from 'node:path';
import { planFolder } from '../plan-folder.js';
import type { ShardFeed } from '../feed.js';
import { type QueueOptions, readAddress } from './address.js';
import { Connection } from './connection.js';
import { type FeedOptions, QueueFeed, type QueuedPlan } from './feed.js';

/**
 * @param options paths and URLs as they were given
 * @throws UsageError, and SluiceError with a code that begins with `QUEUE_`, or `PLAN_ELSEWHERE`
 */
export async function connectQueue(
  options: QueueOptions,
  plan: Omit<QueuedPlan, 'marks'>,
  feed: FeedOptions,
): Promise<ShardFeed> {
  const address = await readAddress(options);
  const connection = await Connection.open(address, feed.worker, feed.note);
  return QueueFeed.open(connection, { ...plan, marks: join(planFolder(plan.directory), 'marks') }, feed);
}
