/** What is downloaded: from the embedded server, or a list of the user's. */
import { Download } from '../pipeline/download.js';
import { UsageError } from '../errors.js';
import type { DownloadOptions } from '../options/resolve.js';
import { plan } from '../plan/plan.js';
import type { ItemRequest } from '../lists/source.js';
import type { Item } from '../item.js';
import { printable } from '../shared/printable.js';
import { meanSize } from './bodies.js';
import { Place } from './place.js';
import type { ServerSettings } from './report.js';
import type { Items } from './run.js';
import { type BenchServer, startBenchServer } from './server.js';
import { resolveStrategy } from './strategies.js';

/** Seconds that a host gets to answer before anything is measured. */
const PATIENCE = 10;

export interface WorkSource {
  /** Files that there are at the most. */
  readonly most: number;
  /** Bytes of a file on average; undefined where nobody knows yet. */
  readonly size: number | undefined;
  readonly server: BenchServer | undefined;
  first(count: number): Items;
}

/**
 * Works with a place and a source, and leaves nothing of either.
 *
 * @param signal ends the opening at once; what works is told of it by who made it
 * @param onClosing what was stored is being removed, which may take long
 */
export async function withSource<T>(
  directory: string,
  signal: AbortSignal,
  open: (place: Place) => Promise<WorkSource>,
  work: (place: Place, source: WorkSource) => Promise<T>,
  onClosing: () => void = () => undefined,
): Promise<T> {
  const place = await unlessAborted(signal, Place.open(directory), (late) => late.close());
  try {
    const source = await unlessAborted(signal, open(place), (late) => late.server?.stop());
    try {
      return await work(place, source);
    } finally {
      await source.server?.stop();
    }
  } finally {
    onClosing();
    await place.close();
  }
}

/** What is being opened, a storage or a list that may hang, is not waited for when it is not wanted any more. */
async function unlessAborted<T>(
  signal: AbortSignal,
  opening: Promise<T>,
  close: (late: T) => Promise<void> | undefined,
): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([opening, aborted]);
  } catch (error) {
    if (signal.aborted) void opening.then(close).catch(() => undefined);
    throw error;
  }
}

export async function embedded(server: ServerSettings): Promise<WorkSource> {
  const running = await startBenchServer(server);
  return {
    most: Infinity,
    size: meanSize(server.bodies),
    server: running,
    first: (count) => ({ kind: 'embedded', base: running.base, server, count }),
  };
}

/**
 * Reads the first items of a list, and asks each of their hosts for one.
 *
 * @param directory a fresh folder, for what is asked for
 * @throws UsageError for a list without URLs, or a host that does not answer
 */
export async function listed(
  path: string,
  most: number,
  directory: string,
  options: DownloadOptions,
): Promise<WorkSource> {
  const items = await readItems(path, most);
  const requests = items.map(({ url, name }): ItemRequest => ({ url, name }));
  const hosts = new Map(items.map((item) => [item.origin, item]));
  await tryHosts([...hosts.values()], { ...options, directory });
  return {
    most: requests.length,
    size: undefined,
    server: undefined,
    first: (count) => ({ kind: 'list', requests: requests.slice(0, count) }),
  };
}

async function readItems(path: string, most: number): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const entries of plan([{ kind: 'file', path }])) {
    for (const entry of entries) {
      if (entry.kind === 'refused') throw new UsageError(entry.refused.error.message, entry.refused.error.hint);
      if (entry.kind === 'item') items.push(entry.item);
      if (items.length === most) return items;
    }
  }
  if (items.length === 0) throw new UsageError(`--url-list ${path} has no URLs`, 'write one on each line');
  return items;
}

async function tryHosts(items: readonly Item[], options: DownloadOptions): Promise<void> {
  const tried = { ...options, tries: 1, timeout: Math.min(PATIENCE, options.timeout ?? PATIENCE) };
  const dead: string[] = [];
  let why = '';
  for await (const outcome of new Download(
    [{ kind: 'urls', urls: items, label: 'list' }],
    resolveStrategy('network', tried),
  )) {
    if (outcome.status !== 'error' || !outcome.error.code.startsWith('NET_')) continue;
    dead.push(items[outcome.index]?.origin ?? '');
    why ||= outcome.error.message;
  }
  if (dead.length === 0) return;
  const which = dead.slice(0, 3).join(', ') + (dead.length > 3 ? ` and ${dead.length - 3} more` : '');
  throw new UsageError(
    `${printable(which, 300)} cannot be reached: ${printable(why, 300)}`,
    'nothing was measured: take such URLs from the list, since waiting for them would be all that is measured',
  );
}
