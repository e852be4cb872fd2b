/** The interface of what decodes and stores bodies. */
import type { PartialJob, StoreResult } from '../protocol/result.js';
import type { Item } from '../item.js';
import type { Load } from './load.js';
import type { Body, BodyWriter } from '../body.js';

/** Told once for each body, when it is stored or will not be; perhaps before `store` returns. */
export type StoreListener = (item: Item, result: StoreResult) => void;

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

/** A body that comes part by part. */
export interface LargeBody extends Pick<Body, 'item' | 'encoding' | 'modified'> {
  /** Bytes of it that may wait for its writer. */
  readonly window: number;
  /** Where it lies if it can be gone on with when it breaks off. */
  readonly partial?: PartialJob | undefined;
}

export interface Executor {
  /** @returns whether it has copied the body, and needs its chunks no more */
  store(body: Body): boolean;
  storeLarge(body: LargeBody, sender: BodySender): BodyWriter;
  /** What there is to do; of the writers' time, where it went since this was last asked for. */
  takeLoad(): Load;
  /** Of executors that tell of bodies as written first: what is only written is to be settled now. */
  seal?(whole: boolean): void;
  /** Resolves when every body that it took is accounted for, and frees threads and memory. */
  close(whole?: boolean): Promise<void>;
}

/** A thread that writes makes little garbage. With what Node allows by itself, each would keep 30 MB more than it needs. */
export const WRITER_LIMITS = { maxYoungGenerationSizeMb: 4 } as const;
