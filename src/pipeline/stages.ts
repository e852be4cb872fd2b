/** Opens what fetches and stores, as the options ask for it. */
import { createExecutor, createTarExecutor } from '../executor/create.js';
import type { Executor, StoreListener } from '../executor/executor.js';
import type { ThreadDownloads } from '../executor/threads.js';
import type { AttemptListener, AttemptRules } from '../fetch/attempt.js';
import type { Connections } from '../fetch/client.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Item } from '../item.js';
import type { StoreSettings } from '../protocol/settings.js';

/** One after the other, or in place of both threads that each do the whole. */
export type Stages =
  | {
      readonly kind: 'stages';
      readonly connections: Connections;
      readonly executor: Executor;
      /** Only where headers are kept. */
      readonly onHeaders: AttemptListener['onHeaders'];
    }
  | { readonly kind: 'threads'; readonly threads: ThreadDownloads };

export interface StageOptions {
  readonly options: ResolvedOptions;
  readonly settings: StoreSettings;
  readonly rules: AttemptRules;
  /** Requests at once. */
  readonly maxRequests: number;
  /** Idle connections. */
  readonly maxIdle: number;
  /** The number of the first shard, of the layout `tar`. */
  readonly firstShard: number;
}

export interface StageListener extends AttemptListener {
  readonly onStored: StoreListener;
  readonly onWritten: (item: Item) => void;
}

/** Begins to load what will be needed, while other things are opened. */
export function preload({ executor }: ResolvedOptions): void {
  if (executor !== 'threads') void import('../fetch/client.js');
}

export async function openStages(stages: StageOptions, listener: StageListener): Promise<Stages> {
  const { options, settings, rules, maxRequests, maxIdle, firstShard } = stages;
  const { executor, workers, layout, shardSize, headers, timeout, lowestSpeed, maxTime } = options;
  const { onStored, onWritten } = listener;
  if (executor === 'threads') {
    const { ThreadDownloads } = await import('../executor/threads.js');
    const { strict, maxWhole } = rules;
    const idle = Math.max(1, Math.floor(maxIdle / maxRequests));
    const request = { headers, timeout, lowestSpeed, maxTime, maxWhole, strict, maxIdle: idle };
    return { kind: 'threads', threads: new ThreadDownloads(maxRequests, request, settings, listener, onStored) };
  }
  const { Connections } = await import('../fetch/client.js');
  const connections = new Connections({ timeout, maxIdle });
  if (layout === 'tar') {
    const tar = await createTarExecutor(settings, shardSize, firstShard, { onStored, onWritten });
    return { kind: 'stages', connections, executor: tar, onHeaders: tar.onHeaders };
  }
  const store = await createExecutor(executor, workers, settings, onStored);
  return { kind: 'stages', connections, executor: store, onHeaders: undefined };
}
