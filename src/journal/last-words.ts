/** Which records of a journal tell what became of an item in the end, over all runs. */
import type { Buffer } from 'node:buffer';
import { isInShards } from '../protocol/layouts.js';
import type { Layout } from '../protocol/settings.js';
import { failureAt, type Key, type RecordVisitor, replacesAt, type RunRecord } from './format.js';
import { keyToday } from './former.js';
import { Repeats } from './repeats.js';

/** Runs into shards and runs into files know nothing of one another. */
export class Family {
  /** How often each item is begun from here on. */
  readonly repeats: Repeats;
  /** The run, by its number, that began anew. */
  since = 0;
  readonly #inShards: boolean;

  constructor(inShards: boolean, size: number) {
    this.#inShards = inShards;
    this.repeats = new Repeats(size);
  }

  /** Whether what is begun there counts only if it is stored: what was before lies in another shard. */
  keepsBefore(payload: Buffer, at: number): boolean {
    return this.#inShards && replacesAt(payload, at);
  }
}

export class Families {
  readonly #files: Family;
  readonly #shards: Family;

  /** @param size bytes of the journal */
  constructor(size: number) {
    this.#files = new Family(false, size);
    this.#shards = new Family(true, size);
  }

  rewind(): void {
    for (const { repeats } of [this.#files, this.#shards]) repeats.rewind();
  }

  of(layout: Layout): Family {
    return isInShards(layout) ? this.#shards : this.#files;
  }
}

/** Finds the last word on each item among the records, and what it is about. */
export abstract class LastWords<Item> implements RecordVisitor {
  protected readonly path: string;
  protected layout: Layout = 'flat';
  /** Items that are begun for the last time, by number in the run. */
  protected begun = new Map<number, Item>();
  readonly #families: Families;
  readonly #assumed: RunRecord | undefined;
  /** Keys of those of these that count only if they are stored. */
  readonly #successors = new Map<number, Key>();
  #number = 0;

  constructor(families: Families, path: string, assumed: RunRecord | undefined) {
    this.#assumed = assumed;
    this.#families = families;
    this.path = path;
  }

  /** What is kept of an item until its last word comes. */
  protected abstract begin(payload: Buffer, at: number, place: number): Item;
  protected abstract isStored(item: Item, index: number, payload: Buffer, at: number): void;
  protected abstract isFailed(item: Item, index: number, payload: Buffer, at: number): void;
  protected abstract isUnfinished(item: Item): void;
  abstract learned(index: number, payload: Buffer, at: number): void;
  abstract renamed(index: number, payload: Buffer, at: number): void;

  run({ layout }: RunRecord): void {
    this.giveUp();
    this.#number += 1;
    this.layout = layout;
  }

  item(index: number, payload: Buffer, at: number, place: number): void {
    if (this.#number === 0 && this.#assumed !== undefined) this.run(this.#assumed);
    const family = this.#families.of(this.layout);
    if (this.#number < family.since) return;
    const key = keyToday(payload, at);
    if (family.keepsBefore(payload, at)) this.#successors.set(index, key);
    else if (!family.repeats.isLast(key)) return;
    this.begun.set(index, this.begin(payload, at, place));
  }

  stored(index: number, payload: Buffer, at: number): void {
    const item = this.#take(index, true);
    if (item !== undefined) this.isStored(item, index, payload, at);
  }

  failed(index: number, payload: Buffer, at: number): void {
    const item = this.#take(index, this.#successors.size > 0 && isChange(payload, at));
    if (item !== undefined) this.isFailed(item, index, payload, at);
  }

  /** What the run has begun, nobody will write down any more. */
  giveUp(): void {
    for (const [index, item] of this.begun) if (!this.#successors.has(index)) this.isUnfinished(item);
    this.begun.clear();
    this.#successors.clear();
  }

  /** @param counts whether that is so also where something was before that stays */
  #take(index: number, counts: boolean): Item | undefined {
    const item = this.begun.get(index);
    this.begun.delete(index);
    if (this.#successors.size === 0) return item;
    const key = this.#successors.get(index);
    if (key === undefined) return item;
    this.#successors.delete(index);
    return counts && this.#families.of(this.layout).repeats.isLast(key) ? item : undefined;
  }
}

/** Whether a failure tells that what was stored is not what it was. */
export function isChange(payload: Buffer, at: number): boolean {
  return failureAt(payload, at).code === 'STORE_CHANGED';
}
