/** Where URLs come from. */
import type { Checksum, ChecksumAlgorithm, Columns, Entry, Item } from '../item.js';

/** A URL with the name that its file shall have; made safe, and unique if another item has it. Its slashes are folders. */
export interface ItemRequest {
  readonly url: string | URL;
  /** Default: what the option `name` says; without it, the last segment of the URL's path. */
  readonly name?: string;
  /** What the file has to have. */
  readonly checksum?: Checksum;
  /** Kept in the journal, for exports, and given back with the outcome: anything that JSON can say. */
  readonly columns?: Columns;
  /** More URLs of the same file, tried in turn when this one fails. */
  readonly mirrors?: readonly string[];
  /** For its requests, besides those of the run. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const FORMAT_NAMES = ['txt', 'csv', 'tsv', 'jsonl', 'json', 'parquet', 'aria2', 'metalink', 'sitemap'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** How a list is to be read, where that is not to be found out. A column is named, or numbered from 1. */
export interface ReadingOptions {
  readonly format?: FormatName | undefined;
  readonly urlColumn?: string | undefined;
  readonly nameColumn?: string | undefined;
  /** Without an algorithm it goes by the length of the value. */
  readonly checksumColumn?: { readonly column: string; readonly algorithm?: ChecksumAlgorithm | undefined } | undefined;
  readonly keepColumns?: 'all' | readonly string[] | undefined;
}

/** Where URLs come from. A text is `URL` or `URL<tab>name`, in plain lists and elsewhere. */
export type Source =
  | {
      readonly kind: 'urls';
      readonly urls: Iterable<string | URL | ItemRequest> | AsyncIterable<string | URL | ItemRequest>;
      /** What to call them in messages: `argument`. */
      readonly label: string;
    }
  | { readonly kind: 'file'; readonly path: string; readonly reading?: ReadingOptions }
  | {
      readonly kind: 'stream';
      /** To give up one that stalls, destroy it: the wait ends with its error. */
      readonly stream: AsyncIterable<Uint8Array>;
      /** What to call it in messages: `<stdin>`, or a URL. */
      readonly label: string;
      readonly reading?: ReadingOptions;
    }
  | {
      readonly kind: 'items';
      /**
       * Made by a plan before, and passed on as they are, with index and name. Entries of sources after this one get
       * other names and higher numbers; entries of sources before it may have the same ones.
       */
      readonly items: Iterable<Item> | AsyncIterable<Item>;
    }
  | {
      readonly kind: 'entries';
      /** The same with what is no item: a shard of a plan. Nothing is read of it before it is asked for. */
      readonly entries: AsyncIterable<readonly Entry[]>;
      /** How many there are. */
      readonly count: number;
      readonly label: string;
    };
