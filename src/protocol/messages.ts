/**
 * What crosses the thread boundary. Imports nothing but the errors' plain form, so that either side may import it.
 *
 * A batch is columns, not objects: a hundred names and a hundred pairs of numbers clone several times faster than a
 * hundred objects. The bodies themselves do not cross at all: they lie in an arena of shared memory.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../errors.js';
import type { Checksum, ImageFacts } from '../item.js';
import type { StoreJob, StoreResult } from './result.js';
import type { StoreSettings } from './settings.js';
import type { Times } from './times.js';

export type Task = BatchTask | LargeTask;

/**
 * How a worker writes: `blocking`, which takes the least of a processor; `waiting`, through libuv's threads, so that it
 * can store other batches meanwhile.
 */
export type WriteMode = 'blocking' | 'waiting';

/** Bodies handed to a worker in one message; the answer is a {@link BatchAnswer}. */
export interface BatchTask {
  readonly kind: 'batch';
  readonly settings: StoreSettings;
  readonly mode: WriteMode;
  /** The shared memory that the bodies lie in. */
  readonly arena: Uint8Array;
  /** Offset and length in `arena` of each body, in turn. */
  readonly spans: Uint32Array;
  /** Final path of each body below the destination. */
  readonly names: readonly string[];
  /** Content-Encoding of each body as received; undefined when no body of the batch has one. */
  readonly encodings: readonly string[] | undefined;
  /** What each has to have; undefined when nothing is known of any. */
  readonly checksums: readonly (Checksum | undefined)[] | undefined;
  /** The time that each file gets, as of a {@link StoreJob}; undefined when none gets one. */
  readonly modified: readonly (number | undefined)[] | undefined;
}

/** The one message that comes back for a batch. */
export interface BatchAnswer {
  /** Size of each stored file in bytes. */
  readonly sizes: Float64Array;
  readonly crc32s: Uint32Array;
  /** Where the run computes them, of those that are stored. */
  readonly checksums: readonly (Checksum | undefined)[] | undefined;
  /** Where the run looks at images, what is known of those that are stored. */
  readonly images: readonly (ImageFacts | undefined)[] | undefined;
  /** The bodies of the batch that were not stored. */
  readonly failures: readonly StoreFailure[];
  readonly times: Times;
}

export interface StoreFailure {
  /** Which body of the batch. */
  readonly position: number;
  readonly error: PlainError;
}

/** A body too large to be held whole, sent through `port` part by part; the answer is a {@link LargeAnswer}. */
export interface LargeTask {
  readonly kind: 'large';
  readonly settings: StoreSettings;
  readonly mode: WriteMode;
  readonly job: StoreJob;
  /** Carries {@link PartMessage}s to the worker, and each part's buffer back when it is free again. */
  readonly port: MessagePort;
}

export interface LargeAnswer {
  readonly result: StoreResult;
  /** Without the time that the writer waited for parts. */
  readonly times: Times;
}

/** The first `length` bytes of a buffer of shared memory. */
export interface Part {
  readonly buffer: Uint8Array;
  readonly length: number;
}

/** `abort`: the body will never be whole. */
export type PartMessage = Part | 'end' | 'abort';
