/** Whose turn it is: which items wait for their server, for their next try or for nothing, and which get no other one. */
import type { ErrorCode, PlainError } from '../errors.js';
import { type AttemptFailure, tooLate } from '../fetch/failure.js';
import { type Host, Hosts } from './hosts.js';
import type { Pace } from '../fetch/stall-watchdog.js';
import type { Packing } from './packed-queue.js';
import { retryDelay } from './retry.js';
import { Waiting } from './wait-queue.js';
import type { ResolvedOptions } from '../options/resolve.js';
import { type Work, workFor } from './in-flight.js';

/** What the store may say of a body that is worth another fetch. */
const FETCHED_AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['WORKER_LOST', 'STORE_CROWDED', 'BODY_CUT']);

/** What of an item has to be known again when it comes up: all else is of a request. */
type Parked = Pick<Work, 'item' | 'timeLeft' | 'parkedAt' | 'tried' | 'suspect' | 'redirected'>;

const PACKING: Packing<Work> = {
  pack: ({ item, timeLeft, parkedAt, tried, suspect, redirected }) =>
    ({ item, timeLeft, parkedAt, tried, suspect, redirected }) satisfies Parked,
  unpack: (packed) => {
    const parked = packed as Parked;
    return { ...workFor(parked.item, parked.timeLeft), ...parked };
  },
};

export class Turns {
  readonly #options: ResolvedOptions;
  readonly #pace: Pace;
  readonly #hosts: Hosts;
  readonly #waiting: Waiting<Work>;

  /** @param onDue called when there are more whose turn it is */
  constructor(options: ResolvedOptions, pace: Pace, onDue: () => void) {
    const { retry, maxRequestsPerHost: maxRequests } = options;
    const clock = (): number => performance.now();
    this.#options = options;
    this.#pace = pace;
    this.#hosts = new Hosts({ retry, maxRequests, clock, date: Date.now, random: Math.random });
    this.#waiting = new Waiting((host) => this.#hosts.outlook(host), PACKING, onDue);
  }

  /** Those that wait, and those whose turn it is. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Of these, how many wait for their next try. */
  get timed(): number {
    return this.#waiting.timed;
  }

  /** The first of those that waited whose turn it is. */
  get first(): Work | undefined {
    return this.#waiting.first;
  }

  dropFirst(): void {
    this.#waiting.dropFirst();
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** What is still being done for the item has to end first. @param delay milliseconds */
  later(work: Work, delay: number): void {
    this.#waiting.add(work, delay);
  }

  /** @returns whether the item is to be requested now; if not it waits for its server; or why it never will be */
  enter(work: Work): boolean | PlainError {
    const { origin, path } = work.redirected?.target ?? work.item;
    const host = this.#hosts.of(origin);
    const { parkedAt } = work;
    work.parkedAt = undefined;
    if (parkedAt !== undefined && work.tried > 0) work.timeLeft -= this.#pace.now - parkedAt;
    const admission = work.timeLeft > 0 ? this.#mayEnter(host, parkedAt) : tooLate(origin + path);
    if (admission === true) {
      work.host = host;
    } else if (admission === false) {
      work.parkedAt = this.#pace.now;
      this.#waiting.park(work, host);
    } else {
      this.#bringUp(host);
    }
    return admission;
  }

  /** A server has begun to answer. */
  answered({ host }: Work, status: number): void {
    if (host?.trouble !== undefined) this.#hosts.answer(host, status);
    this.#bringUp(host);
  }

  /** The request of an item is over. */
  left({ host }: Work, failure?: AttemptFailure): void {
    if (host === undefined) return;
    this.#hosts.leave(host, failure);
    this.#bringUp(host);
  }

  /** Gives the item another turn, later. @returns false when it gets none: it has failed */
  again(work: Work, failure: AttemptFailure): boolean {
    const lost = failure.error.code === 'WORKER_LOST';
    // Once: a worker that ends again ends by this item.
    const hopeless = lost && work.suspect;
    work.suspect ||= lost;
    const { retry } = this.#options;
    const delay = hopeless ? undefined : retryDelay(failure, work.tried, retry, Date.now(), Math.random());
    work.timeLeft -= delay ?? 0;
    if (delay === undefined || work.timeLeft <= 0) return false;
    this.#waiting.add(work, delay);
    return true;
  }

  /** Who has not waited yet comes after those who do: else one item would be the probe again and again, and use up its tries. */
  #mayEnter(host: Host, parkedAt: number | undefined): boolean | PlainError {
    return host.parked > 0 && parkedAt === undefined ? false : this.#hosts.enter(host);
  }

  #bringUp(host: Host | undefined): void {
    if (host !== undefined && host.parked > 0) this.#waiting.release(host);
  }
}

/** Whether a body that the store did not take is worth another fetch. */
export function isFetchedAgain({ code }: PlainError): boolean {
  return FETCHED_AGAIN.has(code);
}
