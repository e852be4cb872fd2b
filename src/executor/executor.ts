/** The interface of what decodes and stores bodies. */
import type { PartialJob, StoreResult } from '../protocol/messages.js';
import type { Item } from '../plan/plan.js';
import type { Load } from '../verdict/detector.js';

/** A body that is whole in memory. */
export interface Body {
  readonly item: Item;
  /** As read from the socket. They share memory with other responses: to be copied or written, never transferred. */
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all chunks. */
  readonly length: number;
  /** Content-Encoding to undo; empty for none. */
  readonly encoding: string;
  /** A worker ended while it had it: it is stored so that little or nothing else is lost if that happens again. */
  readonly suspect?: boolean;
}

/** Told once for each body, when it is stored or will not be; perhaps before `store` returns. */
export type StoreListener = (item: Item, result: StoreResult) => void;

/** Takes a body that is too large to be held whole, chunk by chunk. */
export interface BodyWriter {
  /** @returns false when the sender should pause until it is told that there is room; the chunk was taken all the same */
  write(chunk: Uint8Array): boolean;
  /** The body is whole. The listener is told when it is stored. */
  end(): void;
  /** The body will never be whole: what was written is removed or kept, and the listener is not told. */
  abort(): void;
}

/** Who sends a large body. */
export interface BodySender {
  /** Called when a sender that paused can go on, or when the storage failed and takes no more. */
  onRoom(): void;
  /**
   * The executor has let the body go, however it ended: it holds nothing of it, and writes to its place no more. Told once,
   * also when the body was aborted, which is then not at once; before the listener is told of the body.
   */
  onLeft(): void;
}

export interface Executor {
  store(body: Body): void;
  /**
   * @param window bytes of the body that may wait for its writer
   * @param partial where a body lies that can be gone on with when it breaks off
   */
  storeLarge(item: Item, encoding: string, window: number, sender: BodySender, partial?: PartialJob): BodyWriter;
  /** What there is to do; of the writers' time, where it went since this was last asked for. */
  takeLoad(): Load;
  /** Of executors that tell of bodies as written first: what is only written is to be settled now. */
  seal?(): void;
  /** Resolves when every body that it took is accounted for, and frees threads and memory. */
  close(): Promise<void>;
}

/** Bytes of a large body that should be able to wait for its writer: a part of 1 MiB that is written, and one that is filled. */
export const LARGE_WINDOW = 2 << 20;
/** Bytes of it that must be able to: with less, messages would cost more than bytes. */
export const LEAST_WINDOW = 64 << 10;

/** A thread that writes makes little garbage. With what Node allows by itself, each would keep 30 MB more than it needs. */
export const WRITER_LIMITS = { maxYoungGenerationSizeMb: 4 } as const;
