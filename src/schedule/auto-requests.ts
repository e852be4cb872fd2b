/**
 * `--max-requests auto`: each server gets as many requests at once as bring more, and as many a second as it bears. One that
 * is slowed down slows down nobody else.
 */
import type { ErrorCode } from '../errors.js';
import type { AttemptFailure } from '../fetch/failure.js';
import { AUTO_REQUESTS } from '../options/limits.js';
import { isBusy } from './circuit-breaker.js';
import type { Host, Limit, Outlook } from './limit.js';
import { Pace } from './pace.js';
import { FIRST_REQUESTS, RequestSizer } from './request-sizer.js';

/** What a server that has too much to do may also fail with. */
const OVERLOADED: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['NET_RESET', 'NET_REFUSED', 'NET_TIMEOUT', 'BODY_CUT']);
/** Milliseconds after which what a server bore is not worth to be known any more. */
const MEMORY = 60_000;

/** What is known of a server. */
interface Found {
  readonly sizer: RequestSizer;
  readonly pace: Pace;
  askedAt: number;
}

export class AutoRequests implements Limit {
  readonly #most: number;
  readonly #found = new WeakMap<Host, Found>();

  /** @param perHost requests to one server at the most; Infinity for no other bound */
  constructor(perHost: number) {
    this.#most = Math.min(AUTO_REQUESTS, perHost);
  }

  permit(host: Host, now: number): boolean {
    return this.outlook(host, now).free > 0;
  }

  outlook(host: Host, now: number): Outlook {
    const found = this.#found.get(host);
    const room = (found?.sizer.requests ?? Math.min(FIRST_REQUESTS, this.#most)) - host.running;
    const bucket = found?.pace.bucket;
    if (bucket === undefined || room <= 0) return { free: room };
    const free = bucket.free(now);
    return free < room ? { free, pause: bucket.next(now) } : { free: room };
  }

  begun(host: Host, now: number): void {
    let found = this.#found.get(host);
    if (found === undefined) {
      found = { sizer: new RequestSizer(this.#most), pace: new Pace(), askedAt: now };
      this.#found.set(host, found);
    }
    found.askedAt = now;
    found.pace.bucket?.take(now);
  }

  again(host: Host, now: number): void {
    this.begun(host, now);
  }

  ended(host: Host, now: number, failure?: AttemptFailure): void {
    const found = this.#found.get(host);
    if (found === undefined) return;
    const { sizer, pace } = found;
    if (failure === undefined || (failure.status !== undefined && !isBusy(failure.status))) {
      pace.answered(now);
      // It has just ended, and is not counted any more.
      sizer.answered(now, host.running + 1 >= sizer.requests);
    } else if (failure.status !== undefined) {
      // Where the pace holds requests back, it is the pace that was too fast.
      const isPaced = (pace.bucket?.pause(now) ?? 0) > 0;
      pace.busy(now);
      if (!isPaced) sizer.busy(now);
    } else if (OVERLOADED.has(failure.error.code)) {
      sizer.busy(now);
    }
  }

  knowsNothingOf(host: Host, now: number): boolean {
    const found = this.#found.get(host);
    return found === undefined || now - found.askedAt > MEMORY || isAsAtFirst(found);
  }
}

function isAsAtFirst({ sizer, pace }: Found): boolean {
  return sizer.requests === FIRST_REQUESTS && pace.bucket === undefined;
}
