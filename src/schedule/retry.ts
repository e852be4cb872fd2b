/**
 * What is worth another try, and after how long. Pure, so that it can be tested without a network or a clock.
 */
import type { ErrorCode } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import type { RetryPolicy } from '../options/retry-policy.js';

const TRANSIENT_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NET_RESET',
  'NET_REFUSED',
  'NET_UNREACHABLE',
  'NET_TIMEOUT',
  'NET_TOO_MANY_OPEN',
  'PROXY_DOWN',
  'BODY_CUT',
  'BODY_EXCESS',
  'STORE_CROWDED',
  'WORKER_LOST',
  'BODY_CHECKSUM',
]);

/** 408 Request Timeout, 425 Too Early, 429 Too Many Requests (RFC 9110, 8470, 6585), and the server's own faults. */
function isTransientStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds to wait before the next try, or undefined when there is none.
 *
 * Full jitter: a random share of an exponential back-off, so that clients that failed together do not come back
 * together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A Retry-After is obeyed within
 * `maxRetryAfter`.
 *
 * @param tried how many tries there were, 1 or more
 * @param now milliseconds since the epoch, for a Retry-After that is a date
 * @param random from 0 up to 1
 */
export function retryDelay(
  failure: AttemptFailure,
  tried: number,
  policy: RetryPolicy,
  now: number,
  random: number,
): number | undefined {
  if (tried >= policy.tries || !mayPass(failure)) return undefined;
  const backOff = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (tried - 1));
  const asked = askedFor(failure, now);
  return Math.max(random * backOff, Math.min(asked, policy.maxRetryAfter));
}

/** Whether the same request may bring more later. */
export function mayPass({ error, status }: AttemptFailure): boolean {
  if (error.code !== 'HTTP_STATUS') return TRANSIENT_CODES.has(error.code);
  return status !== undefined && isTransientStatus(status);
}

/** Milliseconds until the server wants to be asked again. @param now milliseconds since the epoch */
export function askedFor({ retryAfter, date }: AttemptFailure, now: number): number {
  if (retryAfter === undefined) return 0;
  // A clock that is wrong is wrong for both of its dates.
  const itsNow = date === undefined ? NaN : dateIn(date);
  return parseRetryAfter(retryAfter, Number.isNaN(itsNow) ? now : itsNow);
}

/**
 * Retry-After (RFC 9110, 10.2.3) in milliseconds: seconds or a date (5.6.7, all three forms); 0 for what is neither or
 * lies in the past.
 */
export function parseRetryAfter(value: string, now: number): number {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = dateIn(text);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

/** Milliseconds since the epoch; NaN for what is no date. */
function dateIn(value: string): number {
  const text = value.trim();
  // A bare or negative number parses as a date of some year in several engines: only what names a day is one.
  if (!/[a-z]{3}/i.test(text)) return NaN;
  // The oldest form names no time zone and means GMT, where JavaScript takes it for local time.
  return Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`);
}
