/** What became of items, and the account of a run. */
import type { ErrorCode, FetchError } from './errors.js';
import type { Verdict } from './verdict/verdict.js';

interface OutcomeBase {
  /** 0-based number of the item among all lines and URLs that were given. */
  readonly index: number;
  /** As requested; for a line of a list that is no URL, its text, safe to print. */
  readonly url: string;
}

/** Stored: the file has its final name. */
export interface Stored extends OutcomeBase {
  readonly status: 'ok';
  /** File name in the destination. */
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Nothing but the end of the connection told where the body ends: it may be cut. */
  readonly unproven: boolean;
}

/** The server says that there is nothing at this URL (404 or 410). */
export interface NotFound extends OutcomeBase {
  readonly status: 'not_found';
  readonly error: FetchError;
}

export interface Failed extends OutcomeBase {
  readonly status: 'error';
  readonly error: FetchError;
}

/** What became of an item. Nothing is `ok` before it is stored. */
export type Outcome = Stored | NotFound | Failed;

/** The account of a run, so far or at its end. */
export interface Summary {
  readonly ok: number;
  /** Of these, bodies that ended with the connection, so that nothing proves that they are whole. */
  readonly unproven: number;
  readonly notFound: number;
  readonly errors: number;
  /** Items that an earlier run stored, and that are still there. */
  readonly skipped: number;
  /** Lines that name a URL which another line named before; downloaded once, and counted as `ok` once. */
  readonly duplicates: number;
  /** Bytes of the stored files. */
  readonly bytes: number;
  /** Bytes that are fetched and wait for the storage. */
  readonly waiting: number;
  /** Requests under way. */
  readonly running: number;
  /** Seconds since the start. */
  readonly elapsed: number;
  /** How many errors there were of each code. */
  readonly causes: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What held up the run most; undefined while that is not known, and after a run that was too short for it. */
  readonly verdict: Verdict | undefined;
}

/** Counts outcomes. */
export class Tally {
  ok = 0;
  unproven = 0;
  notFound = 0;
  errors = 0;
  skipped = 0;
  duplicates = 0;
  bytes = 0;
  readonly causes: Partial<Record<ErrorCode, number>> = {};

  count(outcome: Outcome): void {
    if (outcome.status === 'ok') {
      this.ok += 1;
      if (outcome.unproven) this.unproven += 1;
      this.bytes += outcome.size;
    } else if (outcome.status === 'not_found') {
      this.notFound += 1;
    } else {
      this.errors += 1;
      this.causes[outcome.error.code] = (this.causes[outcome.error.code] ?? 0) + 1;
    }
  }
}
