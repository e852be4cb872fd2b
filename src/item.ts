/** One URL of a list, and what becomes of each line. */
import type { PlainError } from './errors.js';

export const CHECKSUM_ALGORITHMS = ['sha256', 'sha1', 'sha512', 'md5'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Of the bytes of a file, as somebody else has computed it. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Lower case, of the algorithm's length. */
  readonly hex: string;
}

/** What JSON can say: a number that is not finite, a big integer, a date or bytes are none. */
export type ColumnValue =
  string | number | boolean | null | readonly ColumnValue[] | { readonly [name: string]: ColumnValue };

/** Columns of a list that are kept, in the list's order. */
export type Columns = Readonly<Record<string, ColumnValue>>;

/** What a list says of an item besides its URL and its name; nothing of it is there for most items. */
export interface ItemDetails {
  /** What the file has to have. */
  readonly checksum?: Checksum;
  /** Go to the journal, and come back with what became of the item. */
  readonly columns?: Columns;
  /** URLs of the same file, normalised, that are tried one after the other when its own fails. */
  readonly mirrors?: readonly string[];
  /** Headers for its requests: name, value, name, value ... */
  readonly headers?: readonly string[];
}

/** By what a server tells whether what it has is what is there; empty where nothing is known of it. */
export interface Conditions {
  /** Of the answer that has said so. */
  readonly url: string;
  readonly etag: string;
  readonly lastModified: string;
}

/** One URL to download and the name that it gets. */
export interface Item {
  /** Its number among all entries, from 0. */
  readonly index: number;
  /** Normalised, without fragment. May hold a user and a password: not for printing as it is. */
  readonly url: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /**
   * The final name of its file: safe, and no other item's, whatever the case. Folders before it are part of it, those of
   * the layout `hashed` first; each part has at most 200 bytes.
   */
  readonly name: string;
  readonly details?: ItemDetails | undefined;
  /**
   * What has said its name, where that was not the path of its URL; told only in runs whose names depend on answers.
   */
  readonly named?: 'list' | 'template' | undefined;
  /** The name that the plan gives it, where its file keeps the one that an earlier run has given it. */
  readonly planned?: string | undefined;
  /** The URL that is requested in place of its own, where a mirror is tried: `origin` and `path` are of this one. */
  readonly mirror?: string;
  /** Its file is there, and is to be replaced only by another one. */
  readonly conditions?: Conditions;
  /** Its number among all entries, where `index` is another, since an earlier run has used that for another item. */
  readonly entry?: number;
}

/** A line or an argument that is no http(s) URL. */
export interface Refused {
  /** Its number among all entries, from 0. */
  readonly index: number;
  /** The path of the list, or the label of the source, as given: not for printing as it is. */
  readonly source: string;
  /** The number of the line, or of the URL in a source of URLs, from 1. */
  readonly line: number;
  /** The text, shortened, without passwords, with escapes for control characters: safe to print. */
  readonly text: string;
  /** LIST_LINE; its message names source, line and text. */
  readonly error: PlainError;
  /** Those of its row that are kept. */
  readonly columns?: Columns;
}

/** A URL that is an item already, under the same name or with no name given for it. */
export interface Duplicate {
  /** Its number among all entries, from 0. */
  readonly index: number;
  readonly url: string;
  /** What its row says of it once more, where columns of the list are kept; the name is that of the plan, without a mark. */
  readonly row?: { readonly name: string; readonly columns: Columns };
}

/** What became of one line, argument or request. Every one is an entry, but for empty lines and comments. */
export type Entry =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'duplicate'; readonly duplicate: Duplicate };

/** What is known of a stored image. */
export interface ImageFacts {
  /** What is stored is another image than came: what its list says of its bytes is not of these. */
  readonly made: boolean;
  /** Of what is stored. */
  readonly format: string;
  /** Pixels, as it is seen: turned as its EXIF says. */
  readonly width: number;
  readonly height: number;
  /** As it came. */
  readonly originalWidth: number;
  readonly originalHeight: number;
  /** As JSON, of the image that came; undefined where it has none. */
  readonly exif?: string;
  /** The image that came, where it is kept beside the one that was made of it. */
  readonly original?: KeptOriginal;
}

export interface KeptOriginal {
  /** Of its file, in the destination; of its member, in a shard. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Of its bytes, as in gzip. */
  readonly crc32: number;
}

/** Another file that has the same bytes. */
export interface SameFile {
  /** Of the file, in the destination, when that was found. */
  readonly name: string;
  /** Both are one file of the storage; else there are two. */
  readonly linked: boolean;
}

/** The checksum that a file has to have: that which was computed of it, or which its list says, if it is as it came. */
export function checksumOfFile(
  computed: Checksum | undefined,
  listed: Checksum | undefined,
  image: ImageFacts | undefined,
): Checksum | undefined {
  return computed ?? (image?.made === true ? undefined : listed);
}
