/**
 * What each server (scheme, host and port) can be asked for at the moment. One that fails again and again is left alone
 * for a while, then asked once, and asked by all again when it answers: a circuit breaker (Nygard, "Release It!", 2007).
 * Pure: the clock and the chance are passed in.
 */
import type { ErrorCode, PlainError } from '../errors.js';
import { parseRetryAfter } from './retry.js';
import type { RetryPolicy } from '../options/retry-policy.js';
import type { AttemptFailure } from '../fetch/failure.js';

/** Failures in a row after which a server is left alone. */
const FAILURES_IN_A_ROW = 5;
/** Servers that are known, from which on those are forgotten of which there is nothing to know. */
const MANY = 1024;

/** Failures of this program, whatever the server did. */
const SAYS_NOTHING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NET_TOO_MANY_OPEN',
  'STORE_CROWDED',
  'WORKER_LOST',
  'ABORTED',
]);
const OF_CONNECTION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NET_RESET',
  'NET_REFUSED',
  'NET_UNREACHABLE',
  'NET_TIMEOUT',
]);

/** What is known of a server that has just failed. Times are the clock's. */
interface Trouble {
  /** Failures in a row. */
  failures: number;
  /** Pauses in a row; without any it is asked as ever. */
  pauses: number;
  /** Nothing is requested before. */
  until: number;
  /** The server said itself until when. */
  asked: boolean;
  /** One request finds out whether it answers again. */
  probing: boolean;
  /** Since when it has given nothing but failures. */
  readonly since: number;
  last: PlainError;
}

export interface Host {
  readonly origin: string;
  /** Requests that run. */
  running: number;
  /** Items that wait for it. */
  parked: number;
  trouble: Trouble | undefined;
}

/** How a server stands for those that wait for it, by one reading of the clock. */
export interface Outlook {
  /** How many of them may come up now. */
  readonly free: number;
  /** Milliseconds until that changes by itself; undefined where a request in flight has to end first. */
  readonly pause?: number;
}

/**
 * Whether an item may be requested: `true`; `false` while its server can take no more or is left alone; or the error
 * with which it fails, because its server has failed for too long.
 */
export type Admission = true | false | PlainError;

export interface HostsOptions {
  readonly retry: RetryPolicy;
  /** Requests to one server at once. */
  readonly maxRequests: number;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  readonly date: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export class Hosts {
  readonly #options: HostsOptions;
  readonly #hosts = new Map<string, Host>();
  #many = MANY;

  constructor(options: HostsOptions) {
    this.#options = options;
  }

  of(origin: string): Host {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    if (this.#hosts.size >= this.#many) this.#forget();
    const host: Host = { origin, running: 0, parked: 0, trouble: undefined };
    this.#hosts.set(origin, host);
    return host;
  }

  /** Begins a request when it may. Each that begins ends with {@link leave}. */
  enter(host: Host): Admission {
    if (host.running >= this.#options.maxRequests) return false;
    const { trouble } = host;
    if (trouble !== undefined && trouble.pauses > 0) {
      const now = this.#options.clock();
      if (trouble.probing || now < trouble.until) {
        return this.#isHopeless(trouble, now) ? this.#giveUp(host, trouble, now) : false;
      }
      trouble.probing = true;
    }
    host.running += 1;
    return true;
  }

  /** The server has begun to answer. */
  answer(host: Host, status: number): void {
    const { trouble } = host;
    if (trouble === undefined) return;
    if (isBusy(status)) return;
    // One that was asked before the server named a time says nothing of what comes after.
    if (trouble.asked && !trouble.probing) return;
    host.trouble = undefined;
  }

  /** A request to the server is over. */
  leave(host: Host, failure?: AttemptFailure): void {
    host.running -= 1;
    if (failure !== undefined && SAYS_NOTHING.has(failure.error.code)) {
      if (host.trouble !== undefined) host.trouble.probing = false;
      return;
    }
    if (failure === undefined || !isOfHost(failure)) {
      if (host.trouble !== undefined) this.answer(host, 200);
      return;
    }
    const { retry, clock, date, random } = this.#options;
    // Who does not try again does not wait either.
    if (retry.tries === 1) return;
    const now = clock();
    const { error, retryAfter } = failure;
    const trouble = (host.trouble ??= {
      failures: 0,
      pauses: 0,
      until: 0,
      asked: false,
      probing: false,
      since: now,
      last: error,
    });
    trouble.failures += 1;
    trouble.last = error;
    const wasProbe = trouble.probing;
    trouble.probing = false;
    if (wasProbe || (trouble.pauses === 0 && trouble.failures >= FAILURES_IN_A_ROW)) {
      trouble.asked = false;
      trouble.until = now + random() * Math.min(retry.maxDelay, retry.baseDelay * 2 ** trouble.pauses);
      trouble.pauses += 1;
    }
    const asked = retryAfter === undefined ? 0 : Math.min(parseRetryAfter(retryAfter, date()), retry.maxRetryAfter);
    if (asked > 0) {
      trouble.asked = true;
      trouble.until = Math.max(trouble.until, now + asked);
      trouble.pauses ||= 1;
    }
  }

  /** Where nobody may come up there is a pause, or a request in flight, which ends with {@link leave}. */
  outlook({ running, trouble }: Host): Outlook {
    const room = this.#options.maxRequests - running;
    if (trouble === undefined || trouble.pauses === 0 || room <= 0) return { free: room };
    const now = this.#options.clock();
    if (this.#isHopeless(trouble, now)) return { free: Infinity };
    if (trouble.probing) return { free: 0 };
    return now < trouble.until ? { free: 0, pause: trouble.until - now } : { free: 1 };
  }

  /** Until a time that the server named itself it is waited for, and once more it is asked after that. */
  #isHopeless({ since, asked, until, pauses }: Trouble, now: number): boolean {
    return now - since >= this.#options.retry.patience && pauses > 1 && !(asked && now < until);
  }

  #giveUp({ origin }: Host, { last, since }: Trouble, now: number): PlainError {
    return {
      ...last,
      message: `${origin} has given nothing but failures for ${Math.round((now - since) / 1000)} seconds`,
      hint: `nothing was requested, since the last failure was: ${last.message}; run the same command again when it answers`,
    };
  }

  #forget(): void {
    for (const [origin, { running, parked, trouble }] of this.#hosts) {
      if (running === 0 && parked === 0 && (trouble === undefined || trouble.pauses === 0)) this.#hosts.delete(origin);
    }
    this.#many = Math.max(MANY, 2 * this.#hosts.size);
  }
}

/** 429 Too Many Requests (RFC 6585), 503 Service Unavailable (RFC 9110). */
function isBusy(status: number): boolean {
  return status === 429 || status === 503;
}

/** Whether a failure says something of the server rather than of the file. */
function isOfHost({ error, status }: AttemptFailure): boolean {
  return status === undefined ? OF_CONNECTION.has(error.code) : isBusy(status);
}
