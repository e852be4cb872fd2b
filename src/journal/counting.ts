/** How many items became what. */
import type { Buffer } from 'node:buffer';
import type { SameFile } from '../item.js';
import { countLack, countStored, emptyAccount, failedWith, type Lack, lostWith, UNFINISHED } from './account.js';
import {
  failureAt,
  hasPlainNameAt,
  isUnprovenAt,
  itemAt,
  type RunRecord,
  renamedAt,
  sameAt,
  shardAt,
  sizeAt,
} from './format.js';
import { requireItemName } from './item-names.js';
import { type Families, LastWords } from './last-words.js';

/** Counts them, and keeps of each no more than where its record lies. */
export class Counting extends LastWords<number> {
  readonly account = emptyAccount();
  readonly failures: { readonly place: number; readonly code: string; readonly message: string }[] = [];
  readonly #shards: ReadonlySet<number>;
  readonly #most: number;
  /** What the record before told. */
  #same: { readonly index: number; readonly same: SameFile } | undefined;

  constructor(
    families: Families,
    path: string,
    assumed: RunRecord | undefined,
    shards: ReadonlySet<number>,
    most: number,
  ) {
    super(families, path, assumed);
    this.#shards = shards;
    this.#most = most;
  }

  renamed(index: number, payload: Buffer, at: number): void {
    if (this.begun.has(index)) requireItemName(this.path, renamedAt(payload, at).name);
  }

  learned(index: number, payload: Buffer, at: number): void {
    const same = sameAt(payload, at);
    this.#same = same === undefined ? undefined : { index, same };
  }

  protected begin(payload: Buffer, at: number, place: number): number {
    if (!hasPlainNameAt(payload, at)) requireItemName(this.path, itemAt(payload, at).name);
    return place;
  }

  protected isStored(place: number, index: number, payload: Buffer, at: number): void {
    const same = this.#same?.index === index ? this.#same.same : undefined;
    this.#same = undefined;
    const shard = shardAt(payload, at);
    if (shard === undefined || this.#shards.has(shard)) {
      countStored(this.account, sizeAt(payload, at), isUnprovenAt(payload, at), same);
    } else this.#lacks(place, lostWith(shard));
  }

  protected isFailed(place: number, _index: number, payload: Buffer, at: number): void {
    this.#lacks(place, failedWith(failureAt(payload, at)));
  }

  protected isUnfinished(place: number): void {
    this.#lacks(place, UNFINISHED);
  }

  #lacks(place: number, lack: Lack): void {
    countLack(this.account, lack);
    const { kind, code, message } = lack;
    // Those that are left out or not finished did not fail, and after an interruption they are many: a run writes down ahead.
    if (kind !== 'error' && kind !== 'notFound') return;
    if (this.failures.length < this.#most) this.failures.push({ place, code, message });
  }
}
