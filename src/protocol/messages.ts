/**
 * What crosses the thread boundary. Imports nothing but the errors' plain form, so that either side may import it.
 *
 * A batch is columns, not objects: a hundred names and a hundred pairs of numbers clone several times faster than a
 * hundred objects. The bodies themselves do not cross at all: they lie in an arena of shared memory.
 */
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../errors.js';

/** How images are checked before they are stored: not, block by block to the end, or by decoding every pixel. */
export type ImageCheck = 'none' | 'structure' | 'pixels';

/**
 * Where bodies go: `flat`, all into the destination; `hashed`, into folders of it that are chosen by a hash of the URL, so
 * that writers do not wait for one directory's lock; `tar`, into shards as WebDataset reads them.
 */
export type Layout = 'flat' | 'hashed' | 'tar';

/** How a run stores bodies. It travels with every task, so that a worker has nothing to remember. */
export interface StoreSettings {
  /** Destination, absolute. */
  readonly directory: string;
  /** Folder for unfinished files, absolute, on the file system of `directory`; removed when the run ends. */
  readonly scratch: string;
  readonly layout: Layout;
  readonly imageCheck: ImageCheck;
  /** Bound on one body after its content-encoding is undone, in bytes. */
  readonly maxBodySize: number;
  /** Undefined for storage that is as quick as it is. */
  readonly slow: SlowStorage | undefined;
  /** What is stored outlasts a power cut. */
  readonly durable: boolean;
  /** On shared memory; set to 1 by the main thread when what is not yet stored is to be left. */
  readonly cancelled: Int32Array;
}

/** What slow storage would take, for the store to wait that long: in milliseconds, 0 for none. */
export interface SimulatedLatency {
  /**
   * For the final name of each file, or shard. Names of one folder take turns, as on real storage, which holds a folder's
   * lock meanwhile: whatever the number of writers, a folder gets one name in that time. Unfinished files have names in
   * folders of their writers' own, and those are made without waiting.
   */
  readonly name: number;
  /** For each write: of a small file, of a part of a large one, of a mebibyte of a shard. Writes go side by side. */
  readonly write: number;
}

/** The same for all threads of a run. */
export interface SlowStorage extends SimulatedLatency {
  /** On shared memory; for each folder, when its lock is free: nanoseconds of the clock that threads have in common. */
  readonly clocks: BigInt64Array;
}

/** One body to store. */
export interface StoreJob {
  /** Final path below the destination, safe and unique; with the layout `flat` a file name. */
  readonly name: string;
  /** Content-Encoding as received; empty for none. */
  readonly encoding: string;
  /** Of a large body that can be gone on with when it breaks off. */
  readonly partial?: PartialJob | undefined;
}

/** By what a body is known again when the rest of it is asked for. */
export interface Whole {
  /** A strong entity tag, or the date of its last change: what If-Range takes. */
  readonly validator: string;
  /** Its bytes. */
  readonly total: number;
  /** Where it was found: scheme, host, port and path; a tag of another place may mean another body (RFC 9110, 8.8.3). */
  readonly place: string;
}

/** The beginning of a body, which is there. */
export interface Kept extends Whole {
  /** Bytes of it: where the rest begins. */
  readonly from: number;
}

/** Where the beginning of a body is kept. */
export interface PartialJob {
  /** Absolute, on the file system of the destination. */
  readonly path: string;
  /** Bytes that are there; 0 for a body that begins. */
  readonly from: number;
  /** Bytes of the whole. */
  readonly total: number;
  /** What is to be known of it by who goes on. */
  readonly note: string;
}

/** A body that has its final name. */
export interface StoredFile {
  /** Bytes. */
  readonly size: number;
  /** Of its bytes, as in gzip (RFC 1952, 8): by it the file is known to be what was stored. */
  readonly crc32: number;
  /** The shard that it is in, if it has no file of its own. */
  readonly shard?: number;
}

/** What was stored, or why not. */
export type StoreResult = StoredFile | PlainError;

export function isStored(result: StoreResult): result is StoredFile {
  return 'size' in result;
}

export type Task = BatchTask | LargeTask;

/**
 * How a worker writes: `blocking`, which takes the least of a processor; `waiting`, through libuv's threads, so that it
 * can store other batches meanwhile.
 */
export type Manner = 'blocking' | 'waiting';

/** Bodies handed to a worker in one message; the answer is a {@link BatchAnswer}. */
export interface BatchTask {
  readonly kind: 'batch';
  readonly settings: StoreSettings;
  readonly manner: Manner;
  /** The shared memory that the bodies lie in. */
  readonly arena: Uint8Array;
  /** Offset and length in `arena` of each body, in turn. */
  readonly spans: Uint32Array;
  /** Final path of each body below the destination. */
  readonly names: readonly string[];
  /** Content-Encoding of each body as received; undefined when no body of the batch has one. */
  readonly encodings: readonly string[] | undefined;
}

/** The one message that comes back for a batch. */
export interface BatchAnswer {
  /** Size of each stored file in bytes. */
  readonly sizes: Float64Array;
  readonly crc32s: Uint32Array;
  /** The bodies of the batch that were not stored. */
  readonly failures: readonly StoreFailure[];
  readonly times: Times;
}

/** What the store asks of the storage: new names, also of folders; bytes; final names. */
export type Operation = 'create' | 'write' | 'rename';

/**
 * Where a thread's time went, in milliseconds. What is neither `run` nor `wait` it was blocked. Of the operations that
 * ended meanwhile it tells how long they took, those of other batches included where a thread stores several at once.
 */
export interface Times extends Readonly<Record<Operation, number>> {
  readonly wall: number;
  /** On a processor. */
  readonly run: number;
  /** Ready, and waiting for a processor. */
  readonly wait: number;
}

/** Of threads that download and store by themselves. What is none of all these they were blocked while they stored. */
export interface ThreadTimes extends Times {
  /** Blocked until the answer began. */
  readonly answer: number;
  /** Blocked while the body came in. */
  readonly body: number;
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
  readonly manner: Manner;
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

/** What a body's description in a shard tells of it besides what the store finds out. */
export interface Description {
  /** The item's number in its run: it makes the member's name. */
  readonly index: number;
  /** Without a password. */
  readonly url: string;
  /** Of the answer, those that matter: name, value, name, value ... */
  readonly headers: readonly string[];
}

/** How the thread that writes shards is set up: it lives as long as its run, unlike a pool's worker. */
export interface TarSettings {
  readonly store: StoreSettings;
  /** Bytes of a shard at the most, unless one body alone is larger. */
  readonly shardSize: number;
  /** The number of the first shard. */
  readonly firstShard: number;
  /** When the run began, in seconds since 1970: the time of members whose server tells none. */
  readonly started: number;
}

/** `seal`: the shards that are open get their final names; comes when nothing else is under way. */
export type TarTask = TarBatchTask | TarLargeTask | 'seal';

/** Bodies are numbered by who sends them; those of a batch in turn, from `first`. */
export interface TarBatchTask extends BatchTask {
  readonly first: number;
  readonly descriptions: readonly Description[];
}

export interface TarLargeTask extends LargeTask {
  readonly id: number;
  readonly description: Description;
}

export type TarMessage = TarWritten | TarSettled;

/** The answer to a task: its bodies lie in a shard that has no final name yet, but for those that failed. */
export interface TarWritten {
  readonly kind: 'written';
  readonly first: number;
  readonly count: number;
  /** By position in the batch, in order. */
  readonly failures: readonly StoreFailure[];
  readonly times: Times;
}

/** What became of a shard; may come before the answer to the task that brought its last members. */
export interface TarSettled {
  readonly kind: 'settled';
  readonly number: number;
  /** The bodies in it. */
  readonly ids: readonly number[];
  readonly result: { readonly stored: readonly StoredFile[] } | { readonly error: PlainError };
  /** Of the shards that are sealed when nothing else is under way, of which no answer to a task tells. */
  readonly times?: Times;
}
