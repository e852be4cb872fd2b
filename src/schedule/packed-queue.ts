/**
 * First in, first out, for queues that may grow as long as a list: what is far from both ends is packed, so that an
 * item of a few hundred bytes takes some ten.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Values that are packed together. */
const SEGMENT = 512;
/** The fastest: URLs of one server are alike, and shrink to a tenth. */
const COMPRESSION = { level: 1 };

/** How values become JSON and values again: what comes back is equal, and another object. */
export interface Packing<T> {
  readonly pack: (value: T) => unknown;
  readonly unpack: (packed: unknown) => T;
}

export class PackedQueue<T> {
  readonly #packing: Packing<T>;
  /** The first is the last. */
  #head: T[] = [];
  /** Segments between head and tail; those before `#next` are taken. */
  #packed: (Buffer | undefined)[] = [];
  #next = 0;
  #tail: T[] = [];

  constructor(packing: Packing<T>) {
    this.#packing = packing;
  }

  get size(): number {
    return this.#head.length + (this.#packed.length - this.#next) * SEGMENT + this.#tail.length;
  }

  push(value: T): void {
    this.#tail.push(value);
    if (this.#tail.length < SEGMENT) return;
    if (this.size === SEGMENT) this.#head = this.#tail.toReversed();
    else this.#packed.push(deflateRawSync(JSON.stringify(this.#tail.map(this.#packing.pack)), COMPRESSION));
    this.#tail = [];
  }

  /** Takes the first; undefined when there is none. */
  take(): T | undefined {
    if (this.#head.length === 0) this.#refill();
    return this.#head.pop();
  }

  #refill(): void {
    const segment = this.#packed[this.#next];
    if (segment === undefined) {
      this.#head = this.#tail.toReversed();
      this.#tail = [];
      return;
    }
    const values = JSON.parse(inflateRawSync(segment).toString()) as unknown[];
    this.#head = values.map(this.#packing.unpack).toReversed();
    this.#packed[this.#next] = undefined;
    this.#next += 1;
    if (this.#next < this.#packed.length) return;
    this.#packed = [];
    this.#next = 0;
  }
}
