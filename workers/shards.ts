/**
 * Shards as WebDataset reads them: of each item the members `KEY.EXT`, its body, and `KEY.json`, its description. A
 * body that comes in parts has a shard to itself until it is whole, so there may be as many open shards as such bodies
 * are under way, and one more; each is used again until it is full.
 */
import { createHash } from 'node:crypto';
import { threadId } from 'node:worker_threads';
import type { Description, StoredFile, TarSettings, TarSettled } from '../src/protocol.js';
import { describeStoreFailure } from './failure.js';
import type { UnfinishedFile } from './files.js';
import { shardName } from './shard-name.js';
import { END_SIZE, Shard } from './shard.js';
import type { Place } from './store.js';
import { BLOCK_SIZE, header, LONG_HEADER_SIZE, longHeader, padded, RECORD_SIZE } from './ustar.js';

/** Digits of a key: enough for the longest lists, and names sort as the list does. */
const KEY_DIGITS = 9;
const PLACEHOLDER = Buffer.alloc(LONG_HEADER_SIZE);
/** Bytes that are moved at once. */
const PIECE = 1 << 20;
const NO_HASH = '0'.repeat(64);

/** A body on its way into a shard. */
export interface Packed {
  readonly id: number;
  readonly name: string;
  readonly description: Description;
}

export class Shards {
  readonly #settings: TarSettings;
  readonly #onSettled: (settled: TarSettled) => void;
  /** Bytes that members may take up in a shard: what ends it still fits then. */
  readonly limit: number;
  /** Open shards with members that no body is streaming into. */
  readonly #free: Shard[] = [];
  #number: number;
  #serial = 0;

  /** @param onSettled told of each shard that got its final name, or never will; not of one without members */
  constructor(settings: TarSettings, onSettled: (settled: TarSettled) => void) {
    this.#settings = settings;
    this.#onSettled = onSettled;
    this.#number = settings.firstShard;
    this.limit = settings.shardSize - (settings.shardSize % RECORD_SIZE) - END_SIZE;
  }

  /** Where a body goes. Its result is only that it is written; its shard is told of later. */
  placeFor(packed: Packed): Place {
    return {
      writeWhole: (_settings, _name, bytes, stored) => this.#pack(packed, bytes, stored),
      open: () => new StreamedMember(this, packed, this.#settings.started),
    };
  }

  /** Gives all open shards their final names. */
  seal(): void {
    for (let shard = this.#free.pop(); shard !== undefined; shard = this.#free.pop()) this.settle(shard);
  }

  /** An open shard for one body, until it is released or failed. */
  take(): Shard {
    return this.#free.pop() ?? this.takeEmpty();
  }

  takeEmpty(): Shard {
    this.#serial += 1;
    const { store } = this.#settings;
    return new Shard(`${store.scratch}/shard-${threadId}-${this.#serial}`, store);
  }

  release(shard: Shard): void {
    if (shard.ids.length === 0) shard.discard();
    else if (shard.end < this.limit) this.#free.push(shard);
    else this.settle(shard);
  }

  /** A write to it failed: what is in it is lost with it. */
  fail(shard: Shard, error: unknown): void {
    shard.discard();
    this.#tell(shard, this.#nextNumber(), error);
  }

  #pack(packed: Packed, bytes: Uint8Array, stored: StoredFile): void {
    const { started } = this.#settings;
    const member = { name: memberName(packed), size: bytes.length, mtime: timeOf(packed, started) };
    const description = describe(packed, bytes.length, createHash('sha256').update(bytes).digest('hex'));
    let shard = this.take();
    const size = 2 * BLOCK_SIZE + padded(bytes.length) + padded(description.length);
    if (shard.ids.length > 0 && shard.end + size > this.limit) {
      this.settle(shard);
      shard = this.take();
    }
    try {
      shard.append(header(member));
      shard.append(bytes);
      shard.pad(BLOCK_SIZE);
      addDescription(shard, packed, description, member.mtime);
    } catch (error) {
      this.fail(shard, error);
      throw error;
    }
    shard.ids.push(packed.id);
    shard.stored.push(stored);
    this.release(shard);
  }

  /** Seals a shard that is as full as it gets. */
  settle(shard: Shard): void {
    const number = this.#nextNumber();
    try {
      shard.seal(`${this.#settings.store.directory}/${shardName(number)}`);
    } catch (error) {
      shard.discard();
      this.#tell(shard, number, error);
      return;
    }
    this.#onSettled({ kind: 'settled', number, ids: shard.ids, result: { stored: shard.stored } });
  }

  #tell(shard: Shard, number: number, failure: unknown): void {
    if (shard.ids.length === 0) return;
    const error = describeStoreFailure(failure, shardName(number), this.#settings.store);
    this.#onSettled({ kind: 'settled', number, ids: shard.ids, result: { error } });
  }

  #nextNumber(): number {
    this.#number += 1;
    return this.#number - 1;
  }
}

/**
 * A body that is added to a shard part by part. Its size is not known before its end: the place of its header is kept,
 * one that can tell any size. If the shard turns out too small for it, it moves to one of its own.
 */
class StreamedMember implements UnfinishedFile {
  readonly #shards: Shards;
  readonly #packed: Packed;
  readonly #mtime: number;
  readonly #hash = createHash('sha256');
  /** Bytes that follow the body at the most. */
  readonly #rest: number;
  /** Undefined when it has failed. */
  #shard: Shard | undefined;
  #start: number;
  #size = 0;

  constructor(shards: Shards, packed: Packed, started: number) {
    this.#shards = shards;
    this.#packed = packed;
    this.#mtime = timeOf(packed, started);
    this.#rest = 2 * BLOCK_SIZE + padded(describe(packed, Number.MAX_SAFE_INTEGER, NO_HASH).length);
    const shard = shards.take();
    this.#shard = shard;
    this.#start = shard.end;
    this.#try(() => shard.append(PLACEHOLDER));
  }

  write(bytes: Uint8Array): void {
    this.#try(() => {
      if (this.#start > 0 && this.#shardInUse.end + bytes.length + this.#rest > this.#shards.limit) this.#move();
      this.#hash.update(bytes);
      this.#shardInUse.append(bytes);
      this.#size += bytes.length;
    });
  }

  close(): void {
    // Nothing to do: others are to follow it in its shard.
  }

  read(): Uint8Array {
    return this.#shardInUse.read(this.#start + LONG_HEADER_SIZE, this.#size);
  }

  commit(stored: StoredFile): void {
    const [packed, mtime] = [this.#packed, this.#mtime];
    this.#try(() => {
      const shard = this.#shardInUse;
      shard.pad(BLOCK_SIZE);
      shard.patch(longHeader({ name: memberName(packed), size: this.#size, mtime }), this.#start);
      addDescription(shard, packed, describe(packed, this.#size, this.#hash.digest('hex')), mtime);
    });
    const shard = this.#shardInUse;
    shard.ids.push(packed.id);
    shard.stored.push(stored);
    this.#shard = undefined;
    this.#shards.release(shard);
  }

  discard(): void {
    const shard = this.#shard;
    this.#shard = undefined;
    if (shard === undefined) return;
    try {
      shard.rewind(this.#start);
    } catch (error) {
      this.#shards.fail(shard, error);
      return;
    }
    this.#shards.release(shard);
  }

  get #shardInUse(): Shard {
    if (this.#shard === undefined) throw new RangeError(`${this.#packed.name} has no shard any more`);
    return this.#shard;
  }

  /** Goes on in an empty shard, and seals the one that is as full as it gets. */
  #move(): void {
    const from = this.#shardInUse;
    const length = from.end - this.#start;
    let to: Shard | undefined;
    try {
      to = this.#shards.takeEmpty();
      for (let moved = 0; moved < length; moved += PIECE) {
        to.append(from.read(this.#start + moved, Math.min(PIECE, length - moved)));
      }
      from.rewind(this.#start);
    } catch (error) {
      if (to !== undefined) this.#shards.fail(to, error);
      throw error;
    }
    this.#shard = to;
    this.#start = 0;
    this.#shards.settle(from);
  }

  /** A write that failed leaves a shard that nobody knows the content of. */
  #try(change: () => void): void {
    try {
      change();
    } catch (error) {
      if (this.#shard !== undefined) this.#shards.fail(this.#shard, error);
      this.#shard = undefined;
      throw error;
    }
  }
}

function addDescription(shard: Shard, { description }: Packed, text: Buffer, mtime: number): void {
  shard.append(header({ name: `${keyOf(description)}.json`, size: text.length, mtime }));
  shard.append(text);
  shard.pad(BLOCK_SIZE);
}

function describe({ name, description: { url, headers } }: Packed, size: number, sha256: string): Buffer {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) fields[headers[i] as string] = headers[i + 1] as string;
  return Buffer.from(`${JSON.stringify({ url, name, status: 200, headers: fields, size, sha256 })}\n`);
}

/** The same for an item of a list in every run; without dots, since what follows the first one tells the members apart. */
function keyOf({ index }: Description): string {
  return String(index).padStart(KEY_DIGITS, '0');
}

function memberName({ name, description }: Packed): string {
  const [, extension = 'bin'] = /\.([a-z0-9]{1,16})$/.exec(name.toLowerCase()) ?? [];
  // `KEY.json` is the description.
  return `${keyOf(description)}.${extension === 'json' ? 'body.json' : extension}`;
}

function timeOf({ description: { headers } }: Packed, otherwise: number): number {
  const at = headers.indexOf('last-modified');
  const time = at === -1 ? NaN : Date.parse(headers[at + 1] as string);
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}
