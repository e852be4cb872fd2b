/** Where URLs come from. */
import type { Item } from '../item.js';

/** A URL with the name that its file shall have; made safe, and unique if another item has it. Its slashes are folders. */
export interface ItemRequest {
  readonly url: string;
  /** Default: what the option `name` says; without it, the last segment of the URL's path. */
  readonly name?: string;
}

/** Where URLs come from. A text is `URL` or `URL<tab>name`, in lists and elsewhere. */
export type Source =
  | {
      readonly kind: 'urls';
      readonly urls: Iterable<string | ItemRequest> | AsyncIterable<string | ItemRequest>;
      /** What to call them in messages: `argument`. */
      readonly label: string;
    }
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'stream';
      /** To give up one that stalls, destroy it: the wait ends with its error. */
      readonly stream: AsyncIterable<Uint8Array>;
      /** What to call it in messages: `<stdin>`. */
      readonly label: string;
    }
  | {
      readonly kind: 'items';
      /**
       * Made by a plan before, and passed on as they are, with index and name. Entries of sources after this one get
       * other names and higher numbers; entries of sources before it may have the same ones.
       */
      readonly items: Iterable<Item> | AsyncIterable<Item>;
    };
