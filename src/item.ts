/** One URL of a list, and what becomes of each line. */
import type { PlainError } from './errors.js';

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
   * The final name of its file: safe, and no other item's, whatever the case. At most 200 bytes; with the layout
   * `hashed` the folders before it are part of it.
   */
  readonly name: string;
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
}

/** A URL that is an item already, under the same name or with no name given for it. */
export interface Duplicate {
  /** Its number among all entries, from 0. */
  readonly index: number;
  readonly url: string;
}

/** What became of one line, argument or request. Every one is an entry, but for empty lines and comments. */
export type Entry =
  | { readonly kind: 'item'; readonly item: Item }
  | { readonly kind: 'refused'; readonly refused: Refused }
  | { readonly kind: 'duplicate'; readonly duplicate: Duplicate };
