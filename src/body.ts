/** A body on its way from the fetch to the store. */
import type { Item } from './item.js';

/** A body that is whole in memory. */
export interface Body {
  readonly item: Item;
  /** As read from the socket. They share memory with other responses: to be copied or written, never transferred. */
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all chunks. */
  readonly length: number;
  /** Content-Encoding to undo; empty for none. */
  readonly encoding: string;
  /** The time that its file gets, in milliseconds since 1970; undefined for that at which it is written. */
  readonly modified?: number | undefined;
  /** A worker ended while it had it: it is stored so that little or nothing else is lost if that happens again. */
  readonly isPoison?: boolean;
}

/** Takes a body that is too large to be held whole, chunk by chunk. */
export interface BodyWriter {
  /** Whether a chunk for which `write` returned true has been copied, so that its memory may be used again. */
  readonly copies?: boolean;
  /** @returns false when the sender should pause until it is told that there is room; the chunk was taken all the same */
  write(chunk: Uint8Array): boolean;
  /** The body is whole. The listener is told when it is stored. */
  end(): void;
  /** The body will never be whole: what was written is removed or kept, and the listener is not told. */
  abort(): void;
}

/** Bytes of a large body that should be able to wait for its writer: a part of 1 MiB that is written, and one that is filled. */
export const LARGE_WINDOW = 2 << 20;

/** Bytes of it that must be able to: with less, messages would cost more than bytes. */
export const LEAST_WINDOW = 64 << 10;
