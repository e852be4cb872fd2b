/** How a run stores bodies. */
import type { ChecksumAlgorithm } from '../item.js';
import type { ImageSettings } from './images.js';

/** How images are checked before they are stored: not, block by block to the end, or by decoding every pixel. */
export type ImageCheck = 'none' | 'structure' | 'pixels';

/**
 * Where bodies go: `flat`, all into the destination; `hashed`, into folders of it that are chosen by a hash of the URL, so
 * that writers do not wait for one directory's lock; `tar`, into shards as WebDataset reads them.
 */
export type Layout = 'flat' | 'hashed' | 'tar';

/** What becomes of an item whose name is that of a file that no run has written down. */
export type OnExists = 'error' | 'skip' | 'overwrite' | 'rename';

/** How a run stores bodies. It travels with every task, so that a worker has nothing to remember. */
export interface StoreSettings {
  /** Destination, absolute. */
  readonly directory: string;
  /** Folder for unfinished files, absolute, on the file system of `directory`; removed when the run ends. */
  readonly scratch: string;
  readonly layout: Layout;
  readonly imageCheck: ImageCheck;
  /** What is made of images; undefined where nothing is. */
  readonly images: ImageSettings | undefined;
  /** A checksum that is computed of each file. */
  readonly computeHash: ChecksumAlgorithm | undefined;
  /** Bound on one body after its content-encoding is undone, in bytes. */
  readonly maxBodySize: number;
  /** Undefined for storage that is as quick as it is. */
  readonly slow: SlowStorage | undefined;
  /** What is stored outlasts a power cut. */
  readonly durable: boolean;
  /**
   * Unfinished files lie in `scratch` and nowhere else, so that whoever takes that folder away keeps this run from giving
   * any file its final name.
   */
  readonly fenced: boolean;
  /** On shared memory; set to 1 by the main thread when what is not yet stored is to be left. */
  readonly cancelled: Int32Array;
  /** On shared memory; 1 for each folder of the layout that a thread has made or found. */
  readonly made: Uint8Array;
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
