/** What a plan says of itself: written when all else of it is there, and never changed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SluiceError } from '../errors.js';
import { storageFailed } from '../journal/examine.js';
import type { ListMark } from '../journal/format.js';
import type { ReadingOptions } from '../lists/source.js';
import type { DownloadOptions } from '../options/resolve.js';
import { IMAGES } from '../options/images.js';
import type { OptionName } from '../options/table.js';
import type { Layout } from '../protocol/settings.js';
import { manifestPath } from './plan-folder.js';

/** What decides which files there are, and what is in them: the same whoever works. All else is the worker's own. */
export const PLAN_OPTIONS = [
  'layout',
  'name',
  'forceDirectories',
  'captionColumn',
  'checksums',
  'imageCheck',
  ...IMAGES,
  'computeHash',
  'maxBodySize',
  'strict',
  'respectRobots',
  'respectDirectives',
] as const satisfies readonly OptionName[];

export type PlanOptions = Pick<DownloadOptions, (typeof PLAN_OPTIONS)[number]>;

export const PARTITIONS = ['order', 'host'] as const;
/** `order`: as the lists have them; `host`: all rows of a server are in one shard. */
export type Partition = (typeof PARTITIONS)[number];

export interface ShardEntry {
  /** Items, refused rows and duplicates. */
  readonly rows: number;
  readonly items: number;
  /** Of its list. */
  readonly bytes: number;
  /** Of its list, in hexadecimal digits. */
  readonly sha256: string;
}

/** A list, and how it was read. */
export interface PlanList extends ListMark {
  readonly reading?: ReadingOptions | undefined;
  /** Of all that it holds, in hexadecimal digits; not there of what changed meanwhile, or came from a pipe that has a name. */
  readonly sha256?: string;
}

export interface Manifest {
  readonly version: 1;
  /** Of all that makes the plan: 16 hexadecimal digits. The same lists and options have the same. */
  readonly id: string;
  /** The version of the program that has planned. */
  readonly sluice: string;
  /** ISO 8601. */
  readonly created: string;
  readonly lists: readonly PlanList[];
  /** Those of {@link PLAN_OPTIONS}, as they were given or by default. */
  readonly options: PlanOptions;
  readonly layout: Layout;
  readonly partitionBy: Partition;
  /** Rows of a shard at the most; by host more where one server has more. */
  readonly shardItems: number;
  readonly rows: number;
  readonly items: number;
  readonly refused: number;
  readonly duplicates: number;
  /** Some row has columns that are kept, a checksum, mirrors or headers. */
  readonly someDetails: boolean;
  readonly shards: readonly ShardEntry[];
}

type Told = Omit<Manifest, 'version' | 'id' | 'sluice' | 'created'>;

/** @returns the manifest's id, as far as it does not depend on when and where the plan was made */
export function idOf({ options, partitionBy, shardItems, shards }: Told): string {
  const sorted = Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const said = [sorted, partitionBy, shardItems, shards.map(({ sha256 }) => sha256)];
  return createHash('sha256').update(JSON.stringify(said)).digest('hex').slice(0, 16);
}

/**
 * @returns undefined where there is no plan
 * @throws SluiceError PLAN_DAMAGED, StorageError
 */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = manifestPath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw storageFailed(error, 'read', path);
  }
  const manifest = parsed(text);
  if (manifest !== undefined) return manifest;
  throw new SluiceError('PLAN_DAMAGED', `${path} is not as sluice plan has written it`, {
    hint: 'get it back from a copy: it says which rows are in which shard',
  });
}

function parsed(text: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Partial<Manifest> | null;
    const { version, shards, rows } = manifest ?? {};
    if (version !== 1 || !Array.isArray(shards) || !shards.every(isShard)) return undefined;
    const whole = manifest as Manifest;
    const all = shards.reduce((sum, shard) => sum + shard.rows, 0);
    return all === rows && idOf(whole) === whole.id ? whole : undefined;
  } catch {
    return undefined;
  }
}

function isShard(shard: Partial<ShardEntry> | null): boolean {
  const { rows, items, bytes, sha256 } = shard ?? {};
  return [rows, items, bytes].every((figure) => Number.isSafeInteger(figure)) && typeof sha256 === 'string';
}
