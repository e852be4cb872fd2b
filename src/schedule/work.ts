/** An item on its way, and what it may take. */
import type { PlainError } from '../errors.js';
import type { Host } from './limit.js';
import type { Mirrors } from './mirrors.js';
import type { Redirected } from '../fetch/redirect.js';
import type { Item } from '../item.js';
import type { Successor } from '../journal/updates.js';
import type { Answer } from '../outcome.js';

/** What its answers call an item's file: one for all tries, since what was written down for one counts for the next. */
export interface Naming {
  /** What was asked for last. */
  wanted: string;
  /** What the file gets. */
  name: string;
  /** Until then the journal does not know the name; undefined when it does. */
  settled: Promise<void> | undefined;
  /** Why it cannot be had. */
  refused: PlainError | undefined;
  /** The item is left out, since there is a file of that name that nobody knows. */
  isKept: boolean;
  /** It goes into another shard than what is there. */
  readonly successor?: Successor | undefined;
}

/** An item on its way. */
export interface Work {
  readonly item: Item;
  /** Milliseconds, of all that it may take over all tries. */
  timeLeft: number;
  /** When it began to wait for its server; undefined while it does not. */
  parkedAt: number | undefined;
  tried: number;
  /** Undefined for an item that has one URL, as nearly all have. */
  mirrors: Mirrors | undefined;
  /** Where redirects have led it, to another server, which it waits for or asks. */
  redirected: Redirected | undefined;
  /** What is requested is not the item but the robots.txt of its server. */
  asksRobots: boolean;
  /** The server that was asked last, whose account of requests it is in while it runs. */
  host: Host | undefined;
  /** The server has begun to answer. */
  answered: boolean;
  /** What it answered last; undefined while it has not. */
  answer: Answer | undefined;
  /** Undefined where nothing but the plan has named it. */
  naming: Naming | undefined;
  /** In milliseconds since 1970, of the try under way. */
  askedAt: number;
  answeredAt: number | undefined;
  fetchedAt: number | undefined;
  /** Nothing but the end of the connection tells where its body ends. */
  unproven: boolean;
  /** An answer on the way to it broke the rules of HTTP. */
  bent: boolean;
  /** Its body is in a shard that has no final name yet. */
  written: boolean;
  /** A worker ended while it had it. */
  isPoison: boolean;
  /** Its body had another checksum than its list says. */
  mismatched: boolean;
  /** Bytes of the budget; none of a large body, which has a {@link Lease} of its own. */
  held: number;
  lease: Lease | undefined;
  /** Bytes of its body as it came, from when that is whole until it is stored. */
  fetched: number;
  attempt: { cancel(error: PlainError): void; readonly received?: number | undefined } | undefined;
}

/**
 * What a large body may take of memory. It is not its item's: when the body breaks off, a writer may still have parts of it
 * while its item has failed already, or is fetched again.
 */
export interface Lease {
  /** Bytes of the budget. */
  readonly bytes: number;
  /** The body is whole, and waits for the storage. */
  whole: boolean;
}

/** @param timeLeft milliseconds */
export function workFor(item: Item, timeLeft: number): Work {
  return {
    item,
    timeLeft,
    parkedAt: undefined,
    tried: 0,
    mirrors: item.details?.mirrors && { untried: item.details.mirrors, failed: [] },
    redirected: undefined,
    asksRobots: false,
    host: undefined,
    answered: false,
    answer: undefined,
    naming: undefined,
    askedAt: 0,
    answeredAt: undefined,
    fetchedAt: undefined,
    unproven: false,
    bent: false,
    written: false,
    isPoison: false,
    mismatched: false,
    held: 0,
    lease: undefined,
    fetched: 0,
    attempt: undefined,
  };
}
