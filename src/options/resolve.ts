/** The options of a download, as they are given and with nothing left open. */
import { UsageError } from '../errors.js';
import { DIRECTORIES } from '../plan/template.js';
import type { OnExists } from '../protocol/settings.js';
import type { RetryPolicy } from './retry-policy.js';
import type { ImageSettings } from '../protocol/images.js';
import { type ImageOption, imageSettings, nameOfConverted } from './images.js';
import { checkNetwork, NETWORK, type NetworkOption } from './network.js';
import { type ExecutorName, nameOf, type OptionName, OPTIONS, type Row } from './table.js';
import { isInShards } from '../protocol/layouts.js';

type Table = typeof OPTIONS;
type Given<R> = R extends Row<infer In, infer _Out, infer _Unset> ? In : never;
type Resolved<R> = R extends Row<infer _In, infer Out, infer Unset> ? Out | Unset : never;

export type DownloadOptions = { readonly [O in keyof Table]?: Given<Table[O]> };

/** The same with nothing left open: sizes in bytes, times in milliseconds, paths absolute. */
export interface ResolvedOptions extends Omit<
  { readonly [O in keyof Table]: Resolved<Table[O]> },
  'tries' | 'executor' | 'forceDirectories' | 'onExists' | 'overwrite' | NetworkOption | ImageOption
> {
  readonly network: NetworkOptions;
  /** Undefined where images are bytes as others. */
  readonly images: ImageSettings | undefined;
  readonly onExists: OnExists;
  /** Whether that is `overwrite`. */
  readonly overwrite: boolean;
  /** `discard` stores nothing: no user can ask for it, but a measurement compares with it. */
  readonly executor: ExecutorName | 'discard';
  readonly retry: RetryPolicy;
}

/** How servers are reached, and who is asking. */
export type NetworkOptions = { readonly [O in NetworkOption]: Resolved<Table[O]> };

const RETRY = { baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 10 * 60_000, patience: 5 * 60_000 } as const;

/** @throws UsageError that names the option and the value */
export function resolveOptions(options: DownloadOptions): ResolvedOptions {
  const { tries, forceDirectories, onExists, overwrite, ...all } = Object.fromEntries(
    (Object.keys(OPTIONS) as OptionName[]).map((option) => [option, resolveOne(option, options[option])]),
  ) as { readonly [O in keyof Table]: Resolved<Table[O]> };
  const { network, rest } = withNetwork(all);
  const { resize, resizeMode, onlyShrink, convert, quality, strip, keepOriginal, ...others } = rest;
  const { minSize, maxPixels, maxAspectRatio, ...resolved } = others;
  const images = imageSettings({
    resize,
    resizeMode,
    onlyShrink,
    convert,
    quality,
    strip,
    keepOriginal,
    minSize,
    maxPixels,
    maxAspectRatio,
  });
  const { layout, executor } = resolved;
  if (isInShards(layout) && executor !== 'pool') {
    throw new UsageError(
      `--layout ${layout} does not go with --executor ${executor}`,
      `leave --executor out: ${layout} needs the pool`,
    );
  }
  if (resolved.captionColumn !== undefined && !isInShards(layout)) {
    throw new UsageError(
      `--caption-column does not go with --layout ${layout}`,
      'captions are in shards: add --layout tar',
    );
  }
  const { limitRate, limitRatePerHost } = resolved;
  if (executor === 'threads' && (limitRate ?? limitRatePerHost) !== undefined) {
    throw new UsageError(
      `--limit-rate${limitRate === undefined ? '-per-host' : ''} does not go with --executor threads`,
      'leave --executor out: only where one thread reads all bodies it can tell how much they are',
    );
  }
  if (forceDirectories && resolved.name !== undefined) {
    throw new UsageError('--name does not go with --force-directories', "leave one out: -x is about '{host}/{path}'");
  }
  const asked = forceDirectories ? DIRECTORIES : resolved.name;
  const name = nameOfConverted(asked, convert, answersName(resolved));
  const exists = whatIfExists(onExists, overwrite);
  if (resolved.update) checkUpdate(resolved, exists);
  if (resolved.dedupe) checkDedupe(resolved);
  return {
    ...resolved,
    ...(resolved.dedupe && { computeHash: 'sha256' as const }),
    network,
    images,
    name,
    onExists: exists,
    overwrite: exists === 'overwrite',
    retry: { ...RETRY, tries },
  };
}

/** @throws UsageError */
function checkUpdate({ executor, journal }: ResolvedConflicts, exists: OnExists): void {
  refuseBeside('--update', [
    [!journal, '--no-journal', 'what servers have said of the files is in the journal: leave one out'],
    [exists === 'overwrite', '--overwrite', 'that replaces all files, whether they have changed or not: leave one out'],
    [executor === 'threads', `--executor ${executor}`, 'leave --executor out'],
  ]);
}

/** @throws UsageError */
function checkDedupe({ layout, executor, journal, mtime, computeHash = 'sha256' }: ResolvedConflicts): void {
  refuseBeside('--dedupe', [
    [isInShards(layout), `--layout ${layout}`, 'members of shards cannot be links: choose flat or hashed'],
    [!journal, '--no-journal', 'which file has which bytes is in the journal: leave one out'],
    [mtime, '--mtime', 'links to one file have one time, and servers say others: leave one out'],
    [executor === 'threads', `--executor ${executor}`, 'leave --executor out'],
    [computeHash !== 'sha256', `--compute-hash ${computeHash}`, 'it computes sha256 itself: leave --compute-hash out'],
  ]);
}

type ResolvedConflicts = Pick<ResolvedOptions, 'layout' | 'executor' | 'journal' | 'mtime' | 'computeHash'>;

/** @param others the first that is there is told @throws UsageError */
function refuseBeside(
  option: string,
  others: readonly (readonly [isThere: boolean, other: string, hint: string])[],
): void {
  const found = others.find(([isThere]) => isThere);
  if (found !== undefined) throw new UsageError(`${option} does not go with ${found[1]}`, found[2]);
}

function withNetwork<T extends NetworkOptions>(all: T): { network: NetworkOptions; rest: Omit<T, NetworkOption> } {
  const isOfNetwork = ([option]: [string, unknown]): boolean => (NETWORK as readonly string[]).includes(option);
  const entries = Object.entries(all);
  const network = Object.fromEntries(entries.filter(isOfNetwork)) as unknown as NetworkOptions;
  checkNetwork(network);
  const rest = Object.fromEntries(entries.filter((entry) => !isOfNetwork(entry))) as unknown as Omit<T, NetworkOption>;
  return { network, rest };
}

/** Whether an item's name may depend on what is answered for it. */
export function answersName({
  contentDisposition,
  trustServerNames,
  adjustExtension,
}: Pick<DownloadOptions, 'contentDisposition' | 'trustServerNames' | 'adjustExtension'>): boolean {
  return contentDisposition === true || trustServerNames === true || adjustExtension === true;
}

function whatIfExists(onExists: OnExists | undefined, overwrite: boolean | undefined): OnExists {
  if (onExists === undefined) return overwrite === true ? 'overwrite' : 'error';
  if (overwrite !== undefined && overwrite !== (onExists === 'overwrite')) {
    throw new UsageError(
      `--on-exists ${onExists} does not go with ${overwrite ? '--overwrite' : 'overwrite: false'}`,
      'give one of them',
    );
  }
  return onExists;
}

function resolveOne(option: OptionName, given: unknown): unknown {
  const { kind, default: usual, unset } = OPTIONS[option] as Row<unknown, unknown, unknown>;
  const value = given ?? usual;
  return value === undefined ? unset : kind.check(nameOf(option), value);
}
