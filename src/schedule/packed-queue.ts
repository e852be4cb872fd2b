/**
 * First in, first out, for queues that may grow as long as a list: what is far from both ends is packed, so that an
 * item of a few hundred bytes takes some ten. There may also be thousands of queues that are short, so a short one packs
 * few values together, and keeps few at its ends.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Values that are packed together: an eighth of the queue, within these bounds. */
const SEGMENT = { least: 16, most: 512 };
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
  #size = 0;

  constructor(packing: Packing<T>) {
    this.#packing = packing;
  }

  get size(): number {
    return this.#size;
  }

  push(value: T): void {
    this.#size += 1;
    this.#tail.push(value);
    if (this.#tail.length < SEGMENT.least || this.#tail.length < Math.min(SEGMENT.most, this.#size >> 3)) return;
    if (this.size === this.#tail.length) this.#head = this.#tail.toReversed();
    else this.#packed.push(this.#pack(this.#tail));
    this.#tail = [];
  }

  /** Takes the first; undefined when there is none. */
  take(): T | undefined {
    if (this.#head.length === 0) this.#refill();
    if (this.#head.length > 0) this.#size -= 1;
    return this.#head.pop();
  }

  #pack(values: readonly T[]): Buffer {
    const packed = deflateRawSync(JSON.stringify(values.map(this.#packing.pack)), COMPRESSION);
    // It lies in memory that is much larger where it is short.
    return Buffer.from(packed);
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
