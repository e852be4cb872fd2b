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
  const asked = failure.retryAfter === undefined ? 0 : parseRetryAfter(failure.retryAfter, now);
  return Math.max(random * backOff, Math.min(asked, policy.maxRetryAfter));
}

/** Whether the same request may bring more later. */
export function mayPass({ error, status }: AttemptFailure): boolean {
  if (error.code !== 'HTTP_STATUS') return TRANSIENT_CODES.has(error.code);
  return status !== undefined && isTransientStatus(status);
}

/**
 * Retry-After (RFC 9110, 10.2.3) in milliseconds: seconds or a date (5.6.7, all three forms); 0 for what is neither or
 * lies in the past.
 */
export function parseRetryAfter(value: string, now: number): number {
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // The oldest form names no time zone and means GMT, where JavaScript takes it for local time.
  const date = Date.parse(/ GMT$/i.test(text) ? text : `${text} GMT`);
  // A bare or negative number parses as a date of some year in several engines: only what names a day is one.
  if (Number.isNaN(date) || !/[a-z]{3}/i.test(text)) return 0;
  return Math.max(0, date - now);
}
