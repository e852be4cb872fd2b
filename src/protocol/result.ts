/** What is to be stored, and what became of it. */
import type { PlainError } from '../errors.js';
import type { Checksum, ImageFacts, SameFile } from '../item.js';

/** One body to store. */
export interface StoreJob {
  /** Final path below the destination, safe and unique; with the layout `flat` a file name. */
  readonly name: string;
  /** Content-Encoding as received; empty for none. */
  readonly encoding: string;
  /** What the body has to have, once its encoding is undone. */
  readonly checksum?: Checksum | undefined;
  /** The time that the file gets, in milliseconds since 1970; undefined for that at which it is written. */
  readonly modified?: number | undefined;
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
  /** Nobody has read its bytes: it was there before any run, and its CRC-32 is not known. */
  readonly unread?: boolean;
  /** The shard that it is in, if it has no file of its own. */
  readonly shard?: number;
  /** Of its bytes, where the run computes one. */
  readonly checksum?: Checksum;
  /** Of an image, where the run looks at them. */
  readonly image?: ImageFacts;
  /** Another file with the same bytes, where the run looks for such. */
  readonly same?: SameFile;
}

/** What was stored, or why not. */
export type StoreResult = StoredFile | PlainError;

export function isStored(result: StoreResult): result is StoredFile {
  return 'size' in result;
}
