/** What holds requests back, server by server. A new limit is a file beside this one, and a row in `limits.ts`. */
import type { PlainError } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { Breaker } from './circuit-breaker.js';

/** A server: scheme, host and port. */
export interface Host {
  readonly origin: string;
  /** Requests that run. */
  running: number;
  /** Items that wait for it. */
  parked: number;
  /** Ever. */
  answered: boolean;
  /** Undefined for one that has not just failed. */
  breaker: Breaker | undefined;
}

/** How a server stands for those that wait for it, by one reading of the clock. */
export interface Outlook {
  /** How many of them may come up now. */
  readonly free: number;
  /** Milliseconds until more may by themselves; undefined where a request in flight has to end first. */
  readonly pause?: number;
}

/**
 * Whether an item may be requested: `true`; `false` while its server can take no more or is left alone; or the error
 * with which it fails, because its server has failed for too long.
 */
export type Permit = true | false | PlainError;

/** One limit, for all servers. Times are milliseconds of one monotonic clock, read once for each decision. */
export interface Limit {
  /** What it is asked for with, `--rate-per-host`, where that is the reason for which a run takes so long. */
  readonly option?: string;
  permit(host: Host, now: number): Permit;
  /** Consistent with {@link permit} of the same moment. */
  outlook(host: Host, now: number): Outlook;
  /** A request begins, which all limits have permitted. */
  begun?(host: Host, now: number): void;
  /** A request is sent once more, without having been permitted: its connection turned out to be of no use. */
  again?(host: Host, now: number): void;
  /** The server has begun to answer. */
  answered?(host: Host, status: number): void;
  /** The request is over. */
  ended?(host: Host, now: number, failure?: AttemptFailure): void;
  /** Whether a server that nobody asks or waits for may be forgotten. Default: it may. */
  knowsNothingOf?(host: Host, now: number): boolean;
}
