/** Cuts entries into shards: in their order, or so that all rows of a server are in one. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry } from '../item.js';
import { hexHash } from '../plan/names.js';
import { filesForOne } from '../shared/file-limit.js';
import { makeFolders } from '../shared/folders.js';
import { linesOf } from './lines.js';
import type { Partition, ShardEntry } from './manifest.js';
import { ShardFile } from './shard-file.js';
import { lineOf } from './shard-list.js';
import { TextFile } from './text-file.js';

/** Takes entries in order. */
export interface Partitioner {
  /** @throws StorageError */
  write(entries: readonly Entry[]): Promise<void>;
  /** @returns what was written, when all of it outlasts a power cut @throws StorageError */
  end(): Promise<readonly ShardEntry[]>;
}

export interface PartitionSettings {
  /** The destination, in which the folder of lists is. */
  readonly directory: string;
  /** For what is needed meanwhile; it need not be there. */
  readonly scratch: string;
  /** Rows of a shard. */
  readonly most: number;
  /** Files that may be open at once. Default: what the process may have open besides what it has. */
  readonly files?: number | undefined;
}

export function partitioner(partition: Partition, settings: PartitionSettings): Partitioner {
  return partition === 'host' ? new ByHost(settings) : new InOrder(settings);
}

class InOrder implements Partitioner {
  readonly #settings: PartitionSettings;
  readonly #written: ShardEntry[] = [];
  #file: ShardFile | undefined;

  constructor(settings: PartitionSettings) {
    this.#settings = settings;
  }

  async write(entries: readonly Entry[]): Promise<void> {
    const { directory, most } = this.#settings;
    for (const entry of entries) {
      this.#file ??= await ShardFile.make(directory, this.#written.length);
      await this.#file.add(lineOf(entry), entry.kind === 'item');
      if (this.#file.rows === most) await this.#close();
    }
  }

  async end(): Promise<readonly ShardEntry[]> {
    await this.#close();
    return this.#written;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) this.#written.push(await file.close());
  }
}

/** Files that the rows are spread over, by their server. */
const SPREAD = 256;
/** Shards that are written at once, where that many files may be open. */
const AT_ONCE = 64;
/** Before the line of an item, and before that of another row, in a file of those. */
const ITEM = 'i';
const OTHER = 'o';

/**
 * A server that has more rows than a shard has one that is larger. The rows are spread over files first, so that no more than
 * the servers of one file are counted at a time, whatever the number of all.
 */
class ByHost implements Partitioner {
  readonly #settings: PartitionSettings;
  /** Files that may be open at once: they decide how often files are opened and read, and not what is in them. */
  readonly #most: number;
  readonly #written: ShardEntry[] = [];
  #files: TextFile[] | undefined;
  #refused = 0;
  /** Has room for more servers. */
  #last: ShardFile | undefined;
  #shards = 0;

  constructor(settings: PartitionSettings) {
    this.#settings = settings;
    this.#most = settings.files ?? filesForOne();
  }

  async write(entries: readonly Entry[]): Promise<void> {
    this.#files ??= await this.#spread();
    for (const entry of entries) {
      const host = this.#hostOf(entry);
      const file = this.#files[parseInt(hexHash(host), 16) % SPREAD] as TextFile;
      await file.add(`${host}\t${entry.kind === 'item' ? ITEM : OTHER}${lineOf(entry)}`);
    }
  }

  async end(): Promise<readonly ShardEntry[]> {
    for (const [number, file] of (this.#files ?? []).entries()) {
      await file.close(false);
      const path = this.#path(number);
      await this.#gather(path);
      await rm(path, { force: true });
    }
    await this.#close(this.#last);
    return this.#written;
  }

  async #gather(path: string): Promise<void> {
    const groups = this.#grouped(await rowsByHost(path));
    // They are numbered in order.
    const count = ([...groups.values()].at(-1) ?? -1) + 1;
    // One more is read.
    const atOnce = Math.max(1, Math.min(AT_ONCE, this.#most - 1));
    for (let first = 0; first < count; first += atOnce) {
      const lists: ShardFile[] = [];
      for (let group = first; group < Math.min(count, first + atOnce); group += 1)
        lists.push(await this.#listOf(group));
      for await (const lines of linesOf(path)) {
        for (const line of lines) {
          const tab = line.indexOf('\t');
          const list = lists[(groups.get(line.slice(0, tab)) as number) - first];
          await list?.add(`${line.slice(tab + 2)}\n`, line[tab + 1] === ITEM);
        }
      }
      this.#last = lists.pop();
      for (const list of lists) await this.#close(list);
    }
  }

  /** Which shard each server goes to: 0 for the one that has room, then those after it. */
  #grouped(rows: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
    const groups = new Map<string, number>();
    let group = 0;
    let total = this.#last?.rows ?? 0;
    for (const [host, some] of rows) {
      if (total > 0 && total + some > this.#settings.most) {
        group += 1;
        total = 0;
      }
      total += some;
      groups.set(host, group);
    }
    return groups;
  }

  async #listOf(group: number): Promise<ShardFile> {
    const last = this.#last;
    this.#last = undefined;
    if (last !== undefined && group === 0) return last;
    if (last !== undefined) await this.#close(last);
    const list = await ShardFile.make(this.#settings.directory, this.#shards);
    this.#shards += 1;
    return list;
  }

  async #close(list: ShardFile | undefined): Promise<void> {
    if (list !== undefined) this.#written[list.shard] = await list.close();
  }

  /** Rows that are refused have none: they are shared out. */
  #hostOf(entry: Entry): string {
    if (entry.kind === 'item') return entry.item.origin;
    if (entry.kind === 'duplicate') return new URL(entry.duplicate.url).origin;
    this.#refused += 1;
    return String(Math.floor(this.#refused / this.#settings.most));
  }

  async #spread(): Promise<TextFile[]> {
    await makeFolders(this.#settings.scratch);
    const staysOpen = this.#most >= SPREAD;
    const files: TextFile[] = [];
    for (let number = 0; number < SPREAD; number += 1)
      files.push(await TextFile.make(this.#path(number), { staysOpen }));
    return files;
  }

  #path(number: number): string {
    return join(this.#settings.scratch, String(number));
  }
}

/** In the order of their first rows. */
async function rowsByHost(path: string): Promise<ReadonlyMap<string, number>> {
  const rows = new Map<string, number>();
  for await (const lines of linesOf(path)) {
    for (const line of lines) {
      const host = line.slice(0, line.indexOf('\t'));
      rows.set(host, (rows.get(host) ?? 0) + 1);
    }
  }
  return rows;
}
