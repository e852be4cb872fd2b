/** What became of items, and the account of a run. */
import type { ErrorCode, FetchError } from './errors.js';
import type { Checksum, Columns, ImageFacts, SameFile } from './item.js';

/** What a server answered last. Headers that it did not send are empty. */
export interface Answer {
  /** That was answered for: where redirects or a mirror led, else the item's own; without user and password. */
  readonly url: string;
  /** Of HTTP; 0 in the journal of what was there before any run, of which only the time of its file is known. */
  readonly status: number;
  readonly contentType: string;
  readonly etag: string;
  readonly lastModified: string;
}

/** In milliseconds since 1970, of the try that came last; undefined for what did not happen. */
export interface Times {
  /** It was requested. */
  readonly asked: number;
  /** The answer began. */
  readonly answered: number | undefined;
  /** The body was there. */
  readonly fetched: number | undefined;
  /** The file had its final name. */
  readonly stored: number | undefined;
}

interface OutcomeBase {
  /** 0-based number of the item among all lines and URLs that were given. */
  readonly index: number;
  /** As requested; for a line of a list that is no URL, its text, safe to print. */
  readonly url: string;
  /** What was given for the item, where that was an object: with its own fields, whatever they are. */
  readonly request?: object | undefined;
  /** Those of its list that are kept. */
  readonly columns?: Columns | undefined;
}

/** What was learned on the way. */
interface Requested {
  /** Undefined where no server answered. */
  readonly answer: Answer | undefined;
  readonly times: Times;
  /** How often it was requested. */
  readonly tries: number;
}

/** Where in a dataset of shards another sample takes the place of one. */
export interface Replaced {
  /** File name in the destination: `00003.tar`. */
  readonly shard: string;
  /** What the names of its members begin with. */
  readonly key: string;
}

/** Stored: the file has its final name. */
export interface Stored extends OutcomeBase, Requested {
  readonly status: 'ok';
  /** File name in the destination. */
  readonly name: string;
  /** Absolute; of the layout `tar`, that of the shard. */
  readonly path: string;
  /** Of the file's bytes, as in gzip. */
  readonly crc32: number;
  /** That which the run computes, or which its list says and it has. */
  readonly checksum?: Checksum | undefined;
  /** Bytes of the file. */
  readonly size: number;
  /** Of an image, where the run looks at them. */
  readonly image?: ImageFacts | undefined;
  /** Another file with the same bytes, where there is one that is known (`dedupe`). */
  readonly same?: SameFile | undefined;
  /** Nothing but the end of the connection told where the body ends: it may be cut. */
  readonly unproven: boolean;
  /** Of the layout `tar`, where it has changed since an earlier run has stored it: what is out of date from now on. */
  readonly replaces?: Replaced | undefined;
  /** An answer on the way to it broke the rules of HTTP, and was read leniently. */
  readonly bent: boolean;
}

/** Its file is there already. */
export interface Skipped extends OutcomeBase, Partial<Requested> {
  readonly status: 'skipped';
  /** File name in the destination. */
  readonly name: string;
  /** No run has stored the file: nobody knows what is in it, and it is kept as it is. */
  readonly kept: boolean;
  /** Its server was asked, and says that it has not changed. */
  readonly unchanged: boolean;
}

/** The server says that there is nothing at this URL (404 or 410). */
export interface NotFound extends OutcomeBase, Partial<Requested> {
  readonly status: 'not_found';
  readonly error: FetchError;
}

/**
 * Left out, since whose server it is does not want the file to be taken: by its robots.txt (ROBOTS_TXT), or by the header
 * X-Robots-Tag of the answer (ROBOTS_TAG).
 */
export interface Disallowed extends OutcomeBase, Partial<Requested> {
  readonly status: 'disallowed';
  readonly error: FetchError;
}

/**
 * Left out, since it is an image that the run does not want: its shorter side is too small (IMAGE_SMALL), it has too many pixels
 * (IMAGE_LARGE), or one side is too long for the other (IMAGE_NARROW).
 */
export interface Filtered extends OutcomeBase, Partial<Requested> {
  readonly status: 'filtered';
  readonly error: FetchError;
}

export interface Failed extends OutcomeBase, Partial<Requested> {
  readonly status: 'error';
  readonly error: FetchError;
}

/** What became of an item. Nothing is `ok` before it is stored. */
export type Outcome = Stored | Skipped | NotFound | Disallowed | Filtered | Failed;

/** Items that are in other shards now. */
export interface ReplacedCounts {
  readonly items: number;
  /** File names of the shards that they are in now. */
  readonly shards: readonly string[];
  /** Of those that they were in, and which are left as they are. */
  readonly before: readonly string[];
}

/** The account of a run, so far or at its end. */
export interface Summary {
  readonly ok: number;
  /** Of these, bodies that ended with the connection, so that nothing proves that they are whole. */
  readonly unproven: number;
  /** Of these, bodies that came in answers which broke the rules of HTTP, and were read leniently. */
  readonly bent: number;
  /** Of these, files that are links to others with the same bytes (`dedupe`). */
  readonly linked: number;
  /** Bytes of the files that are links. */
  readonly saved: number;
  /** Of these, files with the same bytes as others, to which the storage made no link (`dedupe`). */
  readonly copies: number;
  readonly notFound: number;
  /** Items that are left out, since robots.txt or X-Robots-Tag disallows it, and the run respects that. */
  readonly disallowed: number;
  /** Images that are left out, since they are out of the bounds of `minSize`, `maxPixels` and `maxAspectRatio`. */
  readonly filtered: number;
  readonly errors: number;
  /** Items that an earlier run stored, and that are still there; and those that are `kept`. */
  readonly skipped: number;
  /** Items that are left out, since there are files of their names that no run has written down (`onExists: 'skip'`). */
  readonly kept: number;
  /** Of those that are skipped, items whose servers were asked and say that they have not changed (`update`). */
  readonly unchanged: number;
  /** Items in shards that have changed, and are in new ones now (`update`); undefined where there are none. */
  readonly replaced?: ReplacedCounts | undefined;
  /** Lines that name a URL which another line named before; downloaded once, and counted as `ok` once. */
  readonly duplicates: number;
  /** Bytes of the stored files. */
  readonly bytes: number;
  /** Bytes that are fetched and wait for the storage. */
  readonly waiting: number;
  /** Requests under way. */
  readonly running: number;
  /** Entries in all, of lists, too; undefined while nothing tells. */
  readonly total: { readonly count: number; readonly isEstimate: boolean } | undefined;
  /** Seconds since the start. */
  readonly elapsed: number;
  /** How many errors there were of each code. */
  readonly causes: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What held up the run most; undefined while that is not known, and after a run that was too short for it. */
  readonly verdict: Verdict | undefined;
}

/**
 * `storage`: writers wait for it; `cpu`: writers decode and check, or wait for a processor; `budget`: bytes that may be
 * fetched; `main thread`: what runs on it; `server`: until it answers; `network`: from there to the end of the body;
 * `list`: it has nothing to request; `reader`: who reads the outcomes; `limit`: what the run was asked to keep to.
 */
export type Bound = 'storage' | 'cpu' | 'budget' | 'main thread' | 'server' | 'network' | 'list' | 'reader' | 'limit';

/** Milliseconds of a run that each held it up. */
export type Charged = Readonly<Partial<Record<Bound, number>>>;

/** What held up a run most. */
export interface Verdict {
  readonly bound: Bound;
  /** Of the run's time, 0 to 1. */
  readonly share: number;
  /** What that looked like: `32 writers waiting on rename`. */
  readonly detail: string;
  /** What to try, where something would help. */
  readonly advice: string | undefined;
}
