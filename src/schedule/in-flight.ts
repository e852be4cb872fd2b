/** The account of what is in flight: of each item its slot, its bytes of the budget, and how far it has come. */
import { LARGE_WINDOW, LEAST_WINDOW } from '../body.js';
import { Budget } from './budget.js';
import { Semaphore } from './semaphore.js';
import type { Item } from '../item.js';
import type { Lease, Work } from './work.js';

/** Bytes of the budget that an item takes besides its body: what the program knows of it. */
const ITEM_SIZE = 1024;
/** Bytes: the largest body that is ever held whole. */
const MAX_WHOLE = 256 << 10;

export class InFlight {
  /** Bytes that a request reserves: a larger body is never held whole. */
  readonly maxWhole: number;
  readonly #works = new Map<Item, Work>();
  readonly #semaphore: Semaphore;
  readonly #budget: Budget;
  #waiting = 0;
  #answered = 0;
  #written = 0;
  #fetched = 0;

  /**
   * @param requests requests at once
   * @param memory bytes that may be fetched and not yet stored
   */
  constructor(requests: number, memory: number) {
    this.#semaphore = new Semaphore(requests);
    this.#budget = new Budget(memory);
    // So that requests alone never fill more than half of the budget.
    this.maxWhole = Math.min(MAX_WHOLE, Math.floor(memory / (2 * requests)));
  }

  /** Requests that run. */
  get running(): number {
    return this.#semaphore.taken;
  }

  /** Of these, how many bodies are coming. */
  get answered(): number {
    return this.#answered;
  }

  /** Bytes that are fetched and not yet stored. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of bodies that are whole, as they came, and whose items are not stored yet. */
  get fetched(): number {
    return this.#fetched;
  }

  /** Items whose body is written and whose shard has no final name yet. */
  get written(): number {
    return this.#written;
  }

  /** Items that are requested, or are to be stored and not written yet. */
  get unwritten(): number {
    return this.#works.size - this.#written;
  }

  /** One request fewer at once from now on. */
  shrink(): void {
    this.#semaphore.shrink();
  }

  /** Requests that may run at once. */
  get maxRequests(): number {
    return this.#semaphore.slots;
  }

  get hasSlot(): boolean {
    return this.#semaphore.isFree;
  }

  get hasMemory(): boolean {
    return this.#budget.hasRoom(this.maxWhole);
  }

  works(): Iterable<Work> {
    return this.#works.values();
  }

  of(item: Item): Work {
    const work = this.#works.get(item);
    if (work === undefined) throw new RangeError(`${item.name} is not in flight`);
    return work;
  }

  begin(work: Work): void {
    if (!this.#semaphore.tryAcquire() || !this.#budget.tryReserve(this.maxWhole)) {
      throw new RangeError(`${work.item.name} was begun without room`);
    }
    work.held = this.maxWhole;
    work.unproven = false;
    work.bent = false;
    work.tried += 1;
    this.#works.set(work.item, work);
  }

  answer(item: Item): Work {
    const work = this.of(item);
    work.answered = true;
    this.#answered += 1;
    return work;
  }

  /** It is requested once more, with its slot: it holds what a request does, whatever it got of an answer. */
  beginAgain(item: Item): void {
    const work = this.of(item);
    if (work.answered) this.#answered -= 1;
    work.answered = false;
    if (work.lease === undefined) return;
    work.lease = undefined;
    this.#budget.overdraw(this.maxWhole);
    work.held = this.maxWhole;
  }

  /**
   * The body is too large to be held whole.
   *
   * @returns what of it may be in memory until that is given back with {@link InFlight.leave}: what its request reserved,
   *   and more where the budget has room for more; never less than {@link LEAST_WINDOW}, whatever there is room for
   */
  enlarge(item: Item): Lease {
    const work = this.of(item);
    const { held } = work;
    const isLarge = held < LARGE_WINDOW && this.#budget.tryReserve(LARGE_WINDOW - held);
    if (!isLarge && held < LEAST_WINDOW) this.#budget.overdraw(LEAST_WINDOW - held);
    work.held = 0;
    work.lease = { bytes: isLarge ? LARGE_WINDOW : Math.max(LEAST_WINDOW, held), whole: false };
    return work.lease;
  }

  /** The writer of a large body has let it go. */
  leave({ bytes, whole }: Lease): void {
    if (whole) this.#waiting -= bytes;
    this.#budget.free(bytes);
  }

  /**
   * The body is whole, and waits for the storage.
   *
   * @param length its bytes; undefined for a large one
   */
  fetch(item: Item, length?: number): Work {
    const fetched = length ?? this.of(item).attempt?.received ?? 0;
    const work = this.#endRequest(item);
    work.fetched = fetched;
    this.#fetched += fetched;
    if (length !== undefined) this.#hold(work, Math.min(length + ITEM_SIZE, this.maxWhole));
    this.#waiting += work.held;
    if (work.lease !== undefined) {
      work.lease.whole = true;
      this.#waiting += work.lease.bytes;
    }
    return work;
  }

  /** The request is over, and brought nothing that is to be stored. */
  drop(item: Item): Work {
    const work = this.#endRequest(item);
    this.#works.delete(item);
    this.#hold(work, 0);
    work.lease = undefined;
    return work;
  }

  /** The bytes are free, but the item is under way until its shard is sealed. */
  write(item: Item): void {
    const work = this.of(item);
    this.#freeStored(work);
    work.written = true;
    this.#written += 1;
  }

  /** The item is stored, or never will be. */
  settle(item: Item): Work {
    const work = this.of(item);
    this.#works.delete(item);
    if (work.written) this.#written -= 1;
    work.written = false;
    this.#fetched -= work.fetched;
    work.fetched = 0;
    this.#freeStored(work);
    return work;
  }

  #endRequest(item: Item): Work {
    const work = this.of(item);
    work.attempt = undefined;
    if (work.answered) this.#answered -= 1;
    work.answered = false;
    this.#semaphore.release();
    return work;
  }

  #freeStored(work: Work): void {
    this.#waiting -= work.held;
    this.#hold(work, 0);
    work.lease = undefined;
  }

  #hold(work: Work, bytes: number): void {
    this.#budget.free(work.held - bytes);
    work.held = bytes;
  }
}
