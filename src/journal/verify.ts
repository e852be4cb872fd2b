/** Whether what a journal calls stored is there, and is what was stored: by size and checksum. */
import { join } from 'node:path';
import { shardName } from '../../workers/shard-name.js';
import type { KeptOriginal } from '../item.js';
import type { Layout } from '../protocol/settings.js';
import { examineFile, isNoFile } from './examine.js';
import type { FailureRecord, StoredRecord } from './format.js';
import type { Learned } from './learned.js';
import { readItems, ShardDamage, type ShardItem } from './tar-reader.js';
import type { History, PastItem } from './history.js';

/** Files that are read at once: more than that does not make storage faster. */
const AT_ONCE = 16;

export interface StoredItem {
  readonly item: PastItem;
  readonly stored: StoredRecord;
  readonly learned?: Learned;
}

/** Told of what was looked at, in any order; what it returns is waited for. */
export interface VerifyListener {
  onRight(item: StoredItem): void;
  /** @param why to follow the item's name: `is missing` */
  onWrong(item: StoredItem, why: string): void | Promise<void>;
  /** Of what an earlier look has found wrong, and nobody has fetched since. */
  onKnown(failure: FailureRecord): void | Promise<void>;
  /** A shard that holds what is wrong, after all its items were told of. */
  onWrongShard(shard: number, items: readonly StoredItem[]): void | Promise<void>;
}

/** Looks at all that is stored in one layout. */
export async function verify(
  history: History,
  layout: Layout,
  directory: string,
  listener: VerifyListener,
): Promise<void> {
  const checks = new Checks();
  let group: StoredItem[] = [];
  for await (const batch of history.outcomes()) {
    for (const past of batch) {
      if (past.item.layout !== layout) continue;
      if (past.status === 'failed' && past.failure.code === 'STORE_CHANGED') {
        await listener.onKnown(past.failure);
      }
      if (past.status !== 'stored') continue;
      const { shard } = past.stored;
      if (shard === undefined) {
        await checks.add(() => checkFile(past, directory, listener));
        continue;
      }
      // What is in a shard was written down at once, so that each is read once.
      if (group.length > 0 && group[0]?.stored.shard !== shard) {
        const whole = group;
        await checks.add(() => checkShard(whole, directory, listener));
        group = [];
      }
      group.push(past);
    }
  }
  if (group.length > 0) await checks.add(() => checkShard(group, directory, listener));
  await checks.all();
}

/** So many at once. */
class Checks {
  readonly #running = new Set<Promise<void>>();

  async add(check: () => Promise<void>): Promise<void> {
    while (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
    const running = check().finally(() => this.#running.delete(running));
    this.#running.add(running);
    // Whoever waits for it next is told.
    running.catch(() => undefined);
  }

  async all(): Promise<void> {
    await Promise.all(this.#running);
  }
}

async function checkFile(stored: StoredItem, directory: string, listener: VerifyListener): Promise<void> {
  let why: string | undefined;
  // A CRC-32 tells damage; what was made to look the same it does not.
  const { learned, item } = stored;
  const listed = item.details?.checksum;
  const checksum = learned?.image?.made === true ? learned.checksum : (listed ?? learned?.checksum);
  try {
    const found = await examineFile(join(directory, stored.item.name), checksum?.algorithm);
    why = difference(stored.stored, found) ?? (await originalDifference(directory, stored));
    if (checksum?.hex !== found.checksum?.hex) why ??= `has another ${checksum?.algorithm} than it is to have`;
  } catch (error) {
    why = describe(error);
  }
  if (why === undefined) listener.onRight(stored);
  else await listener.onWrong(stored, why);
}

/** The image that it was made of is to be there, too. */
async function originalDifference(directory: string, stored: StoredItem): Promise<string | undefined> {
  const original = originalOf(stored);
  if (original === undefined) return undefined;
  try {
    return ofOriginal(original, difference(original, await examineFile(join(directory, original.name))));
  } catch (error) {
    return ofOriginal(original, describe(error));
  }
}

async function checkShard(items: readonly StoredItem[], directory: string, listener: VerifyListener): Promise<void> {
  const shard = items[0]?.stored.shard as number;
  const name = shardName(shard);
  const left = new Map(items.map((item) => [item.item.index, item]));
  let damage: string | undefined;
  let wrong = 0;
  try {
    for await (const found of readItems(join(directory, name), false)) {
      const item = left.get(found.index);
      if (item === undefined) continue;
      left.delete(found.index);
      const why =
        item.item.name === found.name
          ? (difference(item.stored, found) ?? differenceOfMember(item, found))
          : 'is another item';
      if (why === undefined) {
        listener.onRight(item);
        continue;
      }
      wrong += 1;
      await listener.onWrong(item, `${why} in ${name}`);
    }
  } catch (error) {
    damage =
      error instanceof ShardDamage ? `cannot be had from ${name}, which is damaged: ${error.message}` : undefined;
    damage ??= `${describe(error)}: ${name}`;
  }
  for (const item of left.values()) await listener.onWrong(item, damage ?? `is missing in ${name}`);
  if (wrong + left.size > 0 || damage !== undefined) await listener.onWrongShard(shard, items);
}

function differenceOfMember(stored: StoredItem, found: ShardItem): string | undefined {
  const original = originalOf(stored);
  if (original === undefined) return undefined;
  return ofOriginal(original, found.original === undefined ? 'is missing' : difference(original, found.original));
}

function originalOf({ learned }: StoredItem): KeptOriginal | undefined {
  return learned?.image?.original;
}

function ofOriginal({ name }: KeptOriginal, why: string | undefined): string | undefined {
  return why && `has an original, ${name}, that ${why}`;
}

function difference(
  stored: Pick<StoredRecord, 'size' | 'crc32' | 'unread'>,
  found: { readonly size: number; readonly crc32: number },
): string | undefined {
  if (found.size !== stored.size) return `has ${found.size} bytes, and was stored with ${stored.size}`;
  return found.crc32 === stored.crc32 || stored.unread === true
    ? undefined
    : 'has another content than what was stored';
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'is missing';
  return isNoFile(error) ? 'is no file' : `cannot be read (${code ?? message})`;
}
