/** The strategies, as options of a download. */
import { type DownloadOptions, type ResolvedOptions, resolveOptions } from '../options/resolve.js';
import type { ExecutorName } from '../options/table.js';
import type { Strategy } from './report.js';

/** `network` stores nothing: what the others are held against to tell how busy the network was. */
export type Contender = Strategy | 'network';

const EXECUTOR: Readonly<Record<Strategy, ExecutorName>> = {
  sequential: 'inline',
  inline: 'inline',
  libuv: 'libuv',
  threads: 'threads',
  pool: 'pool',
};

/** @throws UsageError for an option out of bounds */
export function resolveStrategy(contender: Contender, options: DownloadOptions): ResolvedOptions {
  const { executor, ...resolved } = resolveOptions({
    ...options,
    executor: contender === 'network' ? 'pool' : EXECUTOR[contender],
    ...(contender === 'sequential' && { maxRequests: 1 }),
    journal: false,
  });
  return { ...resolved, executor: contender === 'network' ? 'discard' : executor };
}
