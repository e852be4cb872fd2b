/**
 * A server that fails again and again is left alone for a while, then asked once, and asked by all again when it answers: a
 * circuit breaker (Nygard, "Release It!", 2007). One that says Retry-After is left alone for that long.
 */
import type { ErrorCode, PlainError } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { RetryPolicy } from '../options/retry-policy.js';
import type { Host, Limit, Outlook, Permit } from './limit.js';
import { askedFor } from './retry.js';

/** Failures in a row after which a breaker opens. */
const FAILURES_IN_A_ROW = 5;

/** Failures of this program or of what is on the way, whatever the server did. */
const SAYS_NOTHING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PROXY_REFUSED',
  'NET_TOO_MANY_OPEN',
  'STORE_CROWDED',
  'WORKER_LOST',
  'ABORTED',
]);
/** A proxy that is down is in the way to all its servers, and each of them is left alone meanwhile. */
const OF_CONNECTION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PROXY_DOWN',
  'NET_RESET',
  'NET_REFUSED',
  'NET_UNREACHABLE',
  'NET_TIMEOUT',
]);

/** What is known of a server that has just failed. Times are the clock's. */
export interface Breaker {
  /** Failures in a row. */
  failures: number;
  /** How often it opened in a row; 0 while it is closed, and the server asked as ever. */
  opened: number;
  /** Open until then: nothing is requested before. */
  until: number;
  /** The server said itself until when. */
  asked: boolean;
  /** One request finds out whether the server answers again. */
  halfOpen: boolean;
  /** Since when the server has given nothing but failures. */
  readonly since: number;
  last: PlainError;
}

export interface BreakerOptions {
  readonly retry: RetryPolicy;
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  readonly date: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** Pure: the clock and the chance are passed in. */
export class CircuitBreaker implements Limit {
  readonly #options: BreakerOptions;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  permit({ origin, breaker }: Host, now: number): Permit {
    if (breaker === undefined || breaker.opened === 0) return true;
    if (!breaker.halfOpen && now >= breaker.until) return true;
    return this.#isHopeless(breaker, now) ? giveUp(origin, breaker, now) : false;
  }

  /** Where nobody may come up there is a pause, or a request in flight, which ends. */
  outlook({ breaker }: Host, now: number): Outlook {
    if (breaker === undefined || breaker.opened === 0) return { free: Infinity };
    if (this.#isHopeless(breaker, now)) return { free: Infinity };
    if (breaker.halfOpen) return { free: 0 };
    return now < breaker.until ? { free: 0, pause: breaker.until - now } : { free: 1 };
  }

  begun({ breaker }: Host): void {
    if (breaker !== undefined && breaker.opened > 0) breaker.halfOpen = true;
  }

  answered(host: Host, status: number): void {
    const { breaker } = host;
    if (breaker === undefined || isBusy(status)) return;
    // One that was asked before the server named a time says nothing of what comes after.
    if (breaker.asked && !breaker.halfOpen) return;
    host.breaker = undefined;
  }

  ended(host: Host, now: number, failure?: AttemptFailure): void {
    if (failure !== undefined && SAYS_NOTHING.has(failure.error.code)) {
      if (host.breaker !== undefined) host.breaker.halfOpen = false;
    } else if (failure === undefined || !isOfHost(failure)) {
      this.answered(host, 200);
    } else if (this.#options.retry.tries > 1) {
      // Who does not try again does not wait either.
      this.#fail(host, now, failure);
    }
  }

  #fail(host: Host, now: number, failure: AttemptFailure): void {
    const { error } = failure;
    const { retry, date, random } = this.#options;
    const breaker = (host.breaker ??= {
      failures: 0,
      opened: 0,
      until: 0,
      asked: false,
      halfOpen: false,
      since: now,
      last: error,
    });
    breaker.failures += 1;
    breaker.last = error;
    const wasHalfOpen = breaker.halfOpen;
    breaker.halfOpen = false;
    if (wasHalfOpen || (breaker.opened === 0 && breaker.failures >= FAILURES_IN_A_ROW)) {
      breaker.asked = false;
      breaker.until = now + random() * Math.min(retry.maxDelay, retry.baseDelay * 2 ** breaker.opened);
      breaker.opened += 1;
    }
    const asked = Math.min(askedFor(failure, date()), retry.maxRetryAfter);
    if (asked > 0) {
      breaker.asked = true;
      breaker.until = Math.max(breaker.until, now + asked);
      breaker.opened ||= 1;
    }
  }

  /** Until a time that the server named itself it is waited for, and once more it is asked after that. */
  #isHopeless({ since, asked, until, opened }: Breaker, now: number): boolean {
    return now - since >= this.#options.retry.patience && opened > 1 && !(asked && now < until);
  }
}

function giveUp(origin: string, { last, since }: Breaker, now: number): PlainError {
  return {
    ...last,
    message: `${origin} has given nothing but failures for ${Math.round((now - since) / 1000)} seconds`,
    hint: `nothing was requested, since the last failure was: ${last.message}; run the same command again when it answers`,
  };
}

/** 429 Too Many Requests (RFC 6585), 503 Service Unavailable (RFC 9110). */
export function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}

/** Whether a failure says something of the server rather than of the file. */
function isOfHost({ error, status }: AttemptFailure): boolean {
  return status === undefined ? OF_CONNECTION.has(error.code) : isBusy(status);
}
