/**
 * Batches of bodies in recycled arenas of shared memory. A body is copied once, from the socket's chunks to its place in
 * an arena, and the worker writes it from there. Nothing is transferred and nothing comes back but the outcome: shared
 * memory needs no detaching, and a batch that fails with its worker can be stored by another.
 */
import type { Item } from '../plan.js';
import type { BatchTask, StoreSettings } from '../protocol.js';
import type { Body } from './executor.js';

/** Bytes of an arena, and so of the largest batch. */
export const ARENA_SIZE = 1 << 20;
/** Milliseconds that a body waits for company in its batch. */
export const BATCH_DELAY = 5;
/** Bodies in a batch at the most. */
export const MAX_BATCH = 256;
/** Arenas that are kept for reuse when nothing needs them. */
const SPARE_ARENAS = 8;

/** A piece of shared memory that several batches may lie in, one after the other. */
interface Arena {
  readonly bytes: Uint8Array;
  used: number;
  /** Batches in it that are not yet accounted for, the open one included. */
  batches: number;
}

/** Bodies that go to a worker together. */
export class Batch {
  readonly items: Item[] = [];
  readonly arena: Arena;
  /** Bytes of its bodies. */
  size = 0;
  readonly #spans: number[] = [];
  readonly #encodings: string[] = [];
  #encoded = false;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  hasRoom(length: number): boolean {
    return this.arena.used + length <= ARENA_SIZE;
  }

  add({ item, chunks, length, encoding }: Body): void {
    const { arena } = this;
    this.#spans.push(arena.used, length);
    for (const chunk of chunks) {
      arena.bytes.set(chunk, arena.used);
      arena.used += chunk.length;
    }
    this.size += length;
    this.items.push(item);
    this.#encodings.push(encoding);
    if (encoding !== '') this.#encoded = true;
  }

  toTask(settings: StoreSettings): BatchTask {
    return {
      kind: 'batch',
      settings,
      arena: this.arena.bytes,
      spans: Uint32Array.from(this.#spans),
      names: this.items.map((item) => item.name),
      encodings: this.#encoded ? this.#encodings : undefined,
    };
  }
}

/** Gives out batches and takes their arenas back. */
export class Arenas {
  #current: Arena | undefined;
  readonly #spare: Arena[] = [];

  /** A new batch with room for at least one body of `length` bytes, which must not exceed {@link ARENA_SIZE}. */
  openBatch(length: number): Batch {
    let arena = this.#current;
    if (arena === undefined || arena.used + length > ARENA_SIZE) {
      this.#current = arena = this.#spare.pop() ?? {
        bytes: new Uint8Array(new SharedArrayBuffer(ARENA_SIZE)),
        used: 0,
        batches: 0,
      };
    }
    arena.batches += 1;
    return new Batch(arena);
  }

  /** The batch is accounted for, and its bytes may be overwritten. */
  release({ arena }: Batch): void {
    arena.batches -= 1;
    if (arena.batches > 0) return;
    arena.used = 0;
    if (arena !== this.#current && this.#spare.length < SPARE_ARENAS) this.#spare.push(arena);
  }
}
