/**
 * Shards as WebDataset reads them: of each item the members that `member.ts` tells of. A
 * body that comes in parts has a shard to itself until it is whole, so there may be as many open shards as such bodies
 * are under way, and two more; each is used again until it is full.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import type { TarSettings, TarSettled } from '../src/protocol/tar.js';
import type { StoredFile } from '../src/protocol/result.js';
import { describeStoreFailure } from './failure.js';
import type { UnfinishedFile } from './files.js';
import {
  addDescription,
  addOriginal,
  describe,
  memberName,
  MOST_FACTS,
  originalMember,
  type Packed,
  sha256Of,
  sizeBesides,
  timeOf,
} from './member.js';
import type { Original } from './originals.js';
import { partNumber, shardName } from './shard-name.js';
import { END_SIZE, Shard } from './shard.js';
import type { Place } from './store.js';
import { BLOCK_SIZE, header, LONG_HEADER_SIZE, longHeader, padded, RECORD_SIZE } from './ustar.js';

const PLACEHOLDER = Buffer.alloc(LONG_HEADER_SIZE);
/** Bytes that are moved at once. */
const PIECE = 1 << 20;
const NO_HASH = '0'.repeat(64);
/**
 * Bodies in a shard at the most, as img2dataset has them. Of each that has no final name yet, about a kilobyte is kept on
 * both sides of the thread boundary: by their bytes alone a shard of small ones would keep hundreds of thousands.
 */
export const MAX_BODIES = 10_000;
/** Bodies in a shard at the most where one is added that comes in parts, and keeps the shard from being sealed meanwhile. */
const MAX_HELD_UP = 1_000;

export class Shards {
  readonly #settings: TarSettings;
  readonly #onSettled: (settled: TarSettled) => void;
  /** Bytes that members may take up in a shard: what ends it still fits then. */
  readonly limit: number;
  /** Open shards with members that no body is streaming into. */
  readonly #free: Shard[] = [];
  #number: number;
  /** Where bodies in parts are until they are whole, if there is one shard only. */
  readonly #spools = new Set<Shard>();
  #spooled = 0;
  /** Numbers below it that shards had which hold nothing. */
  readonly #spare: number[] = [];

  /** @param onSettled told of each shard that got its final name, or never will; not of one without members */
  constructor(settings: TarSettings, onSettled: (settled: TarSettled) => void) {
    this.#settings = settings;
    this.#onSettled = onSettled;
    this.#number = settings.firstShard;
    const { shardSize, only } = settings;
    this.limit = only === undefined ? shardSize - (shardSize % RECORD_SIZE) - END_SIZE : Infinity;
  }

  /**
   * Takes up what an earlier run has left, or what one before it had left and a thread that died went on with. Removes all
   * else that is not sealed: of what is in it, it is not known that it is whole.
   */
  takeUp(): void {
    const { unsealed, parts, store } = this.#settings;
    const kept = new Set(parts.map(({ number }) => number));
    for (const name of namesIn(unsealed)) {
      const number = partNumber(name);
      if (number !== undefined && !kept.has(number)) rmSync(`${unsealed}/${name}`, { force: true });
    }
    for (const part of parts) {
      try {
        this.release(new Shard(unsealed, part.number, store, part));
      } catch (failure) {
        const error = describeStoreFailure(failure, shardName(part.number), store);
        this.#onSettled({ kind: 'settled', number: part.number, part: part.number, ids: [], result: { error } });
      }
    }
  }

  /**
   * Writes what is whole and not in the files yet, so that it is not lost with the process.
   *
   * @returns whether there was anything
   */
  save(): boolean {
    let saved = false;
    for (const shard of this.#free.splice(0)) {
      try {
        saved = shard.save() || saved;
        this.#free.push(shard);
      } catch (error) {
        this.fail(shard, error);
      }
    }
    return saved;
  }

  /** Where a body goes. Its result is only that it is written; its shard is told of later. */
  placeFor(packed: Packed): Place {
    return {
      writeWhole: (_settings, _name, bytes, stored, _modified, original) => this.#pack(packed, bytes, stored, original),
      originalName: (_settings, _name, format) => originalMember(packed, format),
      open: () => new StreamedMember(this, packed, this.#settings),
    };
  }

  /** Gives all open shards their final names. The only one gets it also when nothing is in it. */
  seal(): void {
    const { only, store } = this.#settings;
    if (only !== undefined && this.#free.length === 0) {
      try {
        this.settle(this.takeEmpty());
      } catch (failure) {
        const error = describeStoreFailure(failure, shardName(only), store);
        this.#onSettled({ kind: 'settled', number: only, part: only, ids: [], result: { error } });
      }
      return;
    }
    for (let shard = this.#free.pop(); shard !== undefined; shard = this.#free.pop()) this.settle(shard);
  }

  /**
   * An open shard with so many bytes of room, until it is released or failed. Where none has room, the one that is fullest
   * is sealed, so that there are never more of them than bodies need.
   */
  take(size: number): Shard {
    if (this.#settings.only !== undefined) return this.#free.pop() ?? this.takeEmpty();
    const shard = this.#takeFullest(size, MAX_BODIES);
    if (shard !== undefined) return shard;
    this.#settleFullest();
    return this.takeEmpty();
  }

  /** The same for a body that comes in parts: who knows how long it takes. */
  takeForParts(size: number): Shard {
    if (this.#settings.only !== undefined) return this.#takeSpool();
    const shard = this.#takeFullest(size, MAX_HELD_UP);
    if (shard !== undefined) {
      this.#saveBefore(shard);
      return shard;
    }
    if (this.#free.length > 1) this.#settleFullest();
    return this.takeEmpty();
  }

  takeEmpty(): Shard {
    const { unsealed, store } = this.#settings;
    const number = this.#spare.pop() ?? this.#nextNumber();
    try {
      return new Shard(unsealed, number, store);
    } catch (error) {
      this.#spare.push(number);
      throw error;
    }
  }

  release(shard: Shard): void {
    if (shard.bodies === 0) this.#drop(shard);
    else if (this.#spools.has(shard)) this.#unspool(shard);
    else if (this.#settings.only !== undefined) this.#free.push(shard);
    else if (shard.end < this.limit && shard.bodies < MAX_BODIES) this.#free.push(shard);
    else this.settle(shard);
  }

  /** A write to it failed: what is in it is lost with it. */
  fail(shard: Shard, error: unknown): void {
    if (this.#isOnly(shard)) shard.leave();
    else this.#drop(shard);
    this.#tell(shard, shard.number, error);
  }

  #pack(packed: Packed, bytes: Uint8Array, stored: StoredFile, original?: Original): void {
    const { started } = this.#settings;
    const member = { name: memberName(packed), size: bytes.length, mtime: timeOf(packed, started) };
    const description = describe(packed, stored, sha256Of(bytes), original);
    const shard = this.take(sizeBesides(packed, description, original) + padded(bytes.length));
    try {
      shard.append(header(member));
      shard.append(bytes);
      shard.pad(BLOCK_SIZE);
      if (original !== undefined) addOriginal(shard, original, member.mtime);
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
    const number = this.#finalNumber(shard);
    try {
      shard.seal(`${this.#settings.store.directory}/${shardName(number)}`);
    } catch (error) {
      if (this.#isOnly(shard)) shard.leave();
      else shard.discard();
      this.#tell(shard, number, error);
      return;
    }
    const { number: part, ids, stored } = shard;
    this.#onSettled({ kind: 'settled', number, part, ids, result: { stored } });
  }

  /** The fullest of those that have so many bytes of room, and fewer bodies than that. */
  #takeFullest(size: number, bodies: number): Shard | undefined {
    let fullest: Shard | undefined;
    for (const shard of this.#free) {
      const hasRoom = shard.end + size <= this.limit && shard.bodies < bodies;
      if (hasRoom && shard.end > (fullest?.end ?? 0)) fullest = shard;
    }
    if (fullest !== undefined) this.#free.splice(this.#free.indexOf(fullest), 1);
    return fullest;
  }

  #settleFullest(): void {
    const fullest = this.#takeFullest(-Infinity, Infinity);
    if (fullest !== undefined) this.settle(fullest);
  }

  #tell(shard: Shard, number: number, failure: unknown): void {
    if (shard.bodies === 0 && !this.#isOnly(shard)) return;
    const error = describeStoreFailure(failure, shardName(number), this.#settings.store);
    this.#onSettled({ kind: 'settled', number, part: shard.number, ids: shard.ids, result: { error } });
  }

  #isOnly(shard: Shard): boolean {
    return this.#settings.only !== undefined && !this.#spools.has(shard);
  }

  /** A file of its own, in which a body is until it is known that it is whole. */
  #takeSpool(): Shard {
    const { store } = this.#settings;
    this.#spooled += 1;
    const spool = new Shard(store.scratch, this.#spooled, store);
    this.#spools.add(spool);
    return spool;
  }

  #unspool(spool: Shard): void {
    const shard = this.take(0);
    try {
      for (let at = 0; at < spool.end; at += PIECE) shard.append(spool.read(at, Math.min(PIECE, spool.end - at)));
    } catch (error) {
      this.fail(shard, error);
      throw error;
    } finally {
      this.#drop(spool);
    }
    shard.ids.push(...spool.ids);
    shard.stored.push(...spool.stored);
    this.release(shard);
  }

  #drop(shard: Shard): void {
    shard.discard();
    if (this.#spools.delete(shard)) return;
    if (shard.bodies === 0) this.#spare.push(shard.number);
  }

  /** While a body comes in parts, nobody else saves what is in its shard. */
  #saveBefore(shard: Shard): void {
    try {
      shard.save();
    } catch (error) {
      this.fail(shard, error);
      throw error;
    }
  }

  /** The lowest that nobody has: who reads shards counts on them to follow one another. */
  #finalNumber({ number }: Shard): number {
    const lowest = Math.min(number, ...this.#spare);
    if (lowest < number) this.#spare[this.#spare.indexOf(lowest)] = number;
    return lowest;
  }

  #nextNumber(): number {
    this.#number += 1;
    return this.#number - 1;
  }
}

/** None of a folder that cannot be read: who makes a file there will tell. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
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

  constructor(shards: Shards, packed: Packed, { started, store }: TarSettings) {
    const looksAtImages = store.images !== undefined;
    this.#shards = shards;
    this.#packed = packed;
    this.#mtime = timeOf(packed, started);
    const most = describe(packed, { size: Number.MAX_SAFE_INTEGER }, NO_HASH);
    this.#rest = sizeBesides(packed, most) + (looksAtImages ? MOST_FACTS : 0);
    const shard = shards.takeForParts(PLACEHOLDER.length + this.#rest);
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
      addDescription(shard, packed, describe(packed, { ...stored, size: this.#size }, this.#hash.digest('hex')), mtime);
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
