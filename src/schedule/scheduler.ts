/**
 * Decides when each item is requested, and keeps the account of those that are: of its slot, its bytes and its server, all
 * of which it gets and gives back in one step.
 */
import type { ErrorCode, PlainError } from '../errors.js';
import { type AttemptFailure, tooLate } from '../fetch/failure.js';
import type { Redirected } from '../fetch/redirect.js';
import type { RobotsAnswer } from '../fetch/robots-request.js';
import type { StallWatchdog } from '../fetch/stall-watchdog.js';
import type { Item } from '../item.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Throttle } from '../fetch/throttle.js';
import { Deferral } from './deferral.js';
import { Gate } from './gate.js';
import { Hosts } from './hosts.js';
import { InFlight } from './in-flight.js';
import type { Host, Permit } from './limit.js';
import { globalLimitsOf, limitsOf, limitsRequests, rations } from './limits.js';
import type { Packing } from './packed-queue.js';
import { retryDelay } from './retry.js';
import type { Robots } from './robots.js';
import { WaitQueue } from './wait-queue.js';
import { type Lease, type Work, workFor } from './work.js';

/** What the store may say of a body that is worth another fetch. */
const FETCHED_AGAIN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WORKER_LOST',
  'STORE_CROWDED',
  'BODY_CUT',
  'BODY_CHECKSUM',
]);

/** Servers that are asked what holds them back: one in a list of thousands says it for the others. */
const ASKED = 8;
/** Why a request is broken off whose slot others need: it is not the item's fault, nor its server's. */
export const PUT_OFF: PlainError = {
  code: 'ABORTED',
  message: 'others are asked first',
  hint: 'it is asked again later',
};

/** What of an item has to be known again when it comes up: all else is of a request. */
type Parked = Pick<
  Work,
  'item' | 'timeLeft' | 'parkedAt' | 'tried' | 'mirrors' | 'isPoison' | 'mismatched' | 'redirected' | 'naming'
>;

const PACKING: Packing<Work> = {
  pack: ({ item, timeLeft, parkedAt, tried, mirrors, isPoison, mismatched, redirected, naming }) => {
    // One that is not settled is asked for again, by the next answer.
    const settled = naming?.settled === undefined ? naming : undefined;
    const parked: Parked = {
      item,
      timeLeft,
      parkedAt,
      tried,
      mirrors,
      isPoison,
      mismatched,
      redirected,
      naming: settled,
    };
    return parked;
  },
  unpack: (packed) => {
    const parked = packed as Parked;
    return { ...workFor(parked.item, parked.timeLeft), ...parked };
  },
};

/** What can be read of what is in flight. */
type Account = Omit<
  InFlight,
  'begin' | 'beginAgain' | 'answer' | 'enlarge' | 'leave' | 'fetch' | 'drop' | 'write' | 'settle' | 'shrink'
>;

export class Scheduler {
  readonly #options: ResolvedOptions;
  readonly #watchdog: StallWatchdog;
  readonly #hosts: Hosts;
  readonly #waiting: WaitQueue<Work>;
  readonly #inFlight: InFlight;
  /** What limits all requests together; undefined where nothing does. */
  readonly #gate: Gate | undefined;
  /** Whether requests wait for what they were asked to wait for, which is not the fault of any item. */
  readonly #isLimited: boolean;
  readonly #throttle: Throttle | undefined;
  /** Undefined where nobody is put off. */
  readonly #deferral: Deferral<Work> | undefined;
  readonly #onDue: () => void;
  #hurrying: NodeJS.Timeout | undefined;
  /** Only where robots.txt is respected. */
  #robots: Robots | undefined;

  /**
   * @param requests requests at once
   * @param throttle where the bytes a second are limited
   * @param onDue called when there are more whose turn it is
   */
  constructor(
    requests: number,
    options: ResolvedOptions,
    watchdog: StallWatchdog,
    throttle: Throttle | undefined,
    onDue: () => void,
  ) {
    const { retry, maxRequestsPerHost: maxRequests, memory } = options;
    const clock = (): number => performance.now();
    this.#options = options;
    this.#watchdog = watchdog;
    this.#inFlight = new InFlight(requests, memory);
    this.#isLimited = limitsRequests(options);
    this.#throttle = throttle;
    const limits = this.#isLimited ? limitsOf(options, throttle) : [];
    this.#hosts = new Hosts({ retry, maxRequests, limits, clock, date: Date.now, random: Math.random });
    const globalLimits = this.#isLimited ? globalLimitsOf(options, throttle) : [];
    if (globalLimits.length > 0) this.#gate = new Gate(globalLimits, clock, onDue);
    this.#onDue = onDue;
    // A thread does not tell that an answer has begun before it is over; and where requests are rationed none is thrown away.
    if (options.executor !== 'threads' && !rations(options)) {
      this.#deferral = new Deferral<Work>();
      this.#hosts.limitBy(this.#deferral);
    }
    this.#waiting = new WaitQueue((host) => this.#hosts.outlook(host), PACKING, onDue);
  }

  /** Before the first item is begun. */
  respect(robots: Robots): void {
    this.#robots = robots;
    this.#hosts.limitBy(robots, robots.crawlDelay);
  }

  get inFlight(): Account {
    return this.#inFlight;
  }

  /** Whether there is a slot and memory for one more request, and it may go now. */
  get hasRoom(): boolean {
    return this.#inFlight.hasSlot && this.#inFlight.hasMemory && (this.#gate === undefined || this.#gate.isOpen);
  }

  /** The option that holds the run back at the moment: requests, or bytes of those that run. */
  get heldBy(): string | undefined {
    if (!this.#isLimited) return undefined;
    const bytes = this.#throttle?.heldBy;
    if (bytes !== undefined) return bytes === 'total' ? '--limit-rate' : '--limit-rate-per-host';
    if (!this.#inFlight.hasSlot) return undefined;
    if (this.#gate?.heldBy !== undefined) return this.#gate.heldBy;
    let asked = 0;
    for (const host of this.#waiting.hosts) {
      const option = this.#hosts.heldBy(host);
      asked += 1;
      if (option !== undefined || asked === ASKED) return option;
    }
    return undefined;
  }

  /** Items that wait, for their server or their next try, and those whose turn it is. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Of these, how many wait for their next try. */
  get timed(): number {
    return this.#waiting.timed;
  }

  /** Whether it is the turn of one that waited. */
  get isDue(): boolean {
    return this.#waiting.first !== undefined;
  }

  /** Takes the first of those that waited whose turn it is. */
  takeDue(): Work | undefined {
    const work = this.#waiting.first;
    if (work !== undefined) this.#waiting.dropFirst();
    return work;
  }

  /**
   * One of those that were put off has its turn.
   *
   * @param isIdle nobody else wants the slots, and @param isLast nobody else will
   * @returns whether there is one more whose turn it is
   */
  bringUpDeferred(isIdle: boolean, isLast: boolean): boolean {
    const origin = this.#deferral?.bringUp(this.#inFlight.maxRequests, isIdle, isLast);
    if (origin === undefined) return false;
    const host = this.#hosts.of(origin);
    if (host.parked > 0) this.#bringUp(host);
    else this.#deferral?.forget(host);
    return true;
  }

  /** Others wait for slots: those that are waited for in vain will give theirs back. */
  hurry(): void {
    const deferral = this.#deferral;
    if (deferral?.isWaiting !== true || this.#hurrying !== undefined || this.#inFlight.hasSlot) return;
    const delay = deferral.next(performance.now());
    if (delay === undefined) return;
    this.#hurrying = setTimeout(() => {
      this.#hurrying = undefined;
      if (this.#inFlight.hasSlot) return;
      const late = deferral.late(performance.now(), ({ host }) => (host as Host).origin);
      for (const { attempt } of late) attempt?.cancel(PUT_OFF);
      this.#onDue();
    }, delay);
    this.#hurrying.unref();
  }

  /** Nobody who waits is requested any more. */
  clear(): void {
    clearTimeout(this.#hurrying);
    this.#waiting.clear();
    this.#gate?.clear();
  }

  /** What is still being done for the item has to end first. @param delay milliseconds */
  later(work: Work, delay: number): void {
    this.#waiting.add(work, delay);
  }

  /**
   * Begins an item, where there is room for it.
   *
   * @returns whether it is to be requested now; if not it waits for its server; or why it never will be
   */
  begin(work: Work): Permit {
    const permit = this.#enter(work);
    if (permit === true) this.#inFlight.begin(work);
    return permit;
  }

  /** Its server has begun to answer. */
  answered(item: Item, status: number): Work {
    const work = this.#inFlight.answer(item);
    const { host } = work;
    if (host === undefined) return work;
    if (!host.answered) this.#noteAnswer(work, host);
    this.#hosts.answer(host, status);
    this.#bringUp(host);
    return work;
  }

  /** It goes on at another server, or is asked for once more, with its slot and its bytes, unless it has to wait there. */
  redirected(item: Item, to: Redirected): Permit {
    const work = this.#inFlight.of(item);
    this.#leave(work);
    work.redirected = to;
    return this.#enterAgain(work);
  }

  /** Its request was broken off for others; it is as if it had never begun. */
  putOff(item: Item, failure: AttemptFailure): Permit {
    const work = this.#inFlight.of(item);
    this.#leave(work, failure);
    work.parkedAt = this.#watchdog.now;
    return this.#enterAgain(work);
  }

  /** The robots.txt of its server was asked for in place of the item, which goes on as after a redirect. */
  robotsNoted(item: Item, answer: RobotsAnswer): Permit {
    const work = this.#inFlight.of(item);
    if (work.host !== undefined) this.#robots?.note(work.host.origin, answer);
    this.#leave(work, answer.kind === 'failed' ? answer.failure : undefined);
    // It has waited as the others have.
    work.parkedAt = this.#watchdog.now;
    return this.#enterAgain(work);
  }

  /** It is requested once more, without having been asked for. */
  again(item: Item): void {
    if (!this.#isLimited) return;
    this.#gate?.begun();
    const { host } = this.#inFlight.of(item);
    if (host !== undefined) this.#hosts.again(host);
  }

  /** The same of what is no item: a robots.txt, where a redirect leads to another one. */
  sentAgain(origin: string): void {
    if (!this.#isLimited) return;
    this.#gate?.begun();
    this.#hosts.again(this.#hosts.of(origin));
  }

  /** The body is too large to be held whole: what it may take of memory, until that is given back. */
  enlarge(item: Item): Lease {
    return this.#inFlight.enlarge(item);
  }

  giveBack(lease: Lease): void {
    this.#inFlight.leave(lease);
  }

  /** The body is whole, and is to be stored. @param length its bytes; undefined for a large one */
  fetched(item: Item, length?: number): Work {
    const work = this.#inFlight.fetch(item, length);
    this.#leave(work);
    return work;
  }

  /** The request brought nothing that is to be stored. */
  ended(item: Item, failure?: AttemptFailure): Work {
    const work = this.#inFlight.drop(item);
    this.#leave(work, failure);
    return work;
  }

  /** The body is in a shard that has no final name yet. */
  written(item: Item): void {
    this.#inFlight.write(item);
  }

  /** The item is stored, or never will be. */
  settled(item: Item): Work {
    return this.#inFlight.settle(item);
  }

  /** Gives the item another turn, later. @returns false when it gets none: it has failed */
  tryAgain(work: Work, failure: AttemptFailure): boolean {
    const lost = failure.error.code === 'WORKER_LOST';
    const mismatched = failure.error.code === 'BODY_CHECKSUM';
    // Once: a worker that ends again ends by this item, and what came wrong twice is what is there.
    const hopeless = (lost && work.isPoison) || (mismatched && work.mismatched);
    work.isPoison ||= lost;
    work.mismatched ||= mismatched;
    const { retry } = this.#options;
    const delay = hopeless ? undefined : retryDelay(failure, work.tried, retry, Date.now(), Math.random());
    work.timeLeft -= delay ?? 0;
    if (delay === undefined || work.timeLeft <= 0) return false;
    this.#waiting.add(work, delay);
    return true;
  }

  /** Whether its server has failed so often that it is left alone for a while. */
  isDown({ item }: Work): boolean {
    return this.#hosts.isDown(item.origin);
  }

  /** One request fewer at once from now on. */
  shrink(): void {
    this.#inFlight.shrink();
  }

  /** With its slot and its bytes, unless it has to wait. */
  #enterAgain(work: Work): Permit {
    const mayGo = this.#gate === undefined || this.#gate.isOpen;
    const permit = mayGo && this.#enter(work);
    if (permit === true) {
      this.#inFlight.beginAgain(work.item);
      return true;
    }
    this.#inFlight.drop(work.item);
    // It is still the same try when it comes up.
    work.tried -= 1;
    // What may go at all comes before all new ones.
    if (!mayGo) this.#waiting.add(work, 0);
    return permit;
  }

  #enter(work: Work): Permit {
    const { origin, path } = work.redirected?.target ?? work.item;
    const host = this.#hosts.of(origin);
    const { parkedAt } = work;
    work.parkedAt = undefined;
    work.asksRobots = this.#robots?.isKnown(origin) === false;
    if (parkedAt !== undefined && work.tried > 0 && !this.#isLimited) work.timeLeft -= this.#watchdog.now - parkedAt;
    const permit = this.#whyNot(work, origin, path) ?? this.#permit(host, work, parkedAt);
    if (permit === true) {
      work.host = host;
      this.#gate?.begun();
      if (!host.answered) this.#deferral?.begin(work, host, performance.now());
    } else if (permit === false) {
      work.parkedAt = this.#watchdog.now;
      this.#waiting.park(work, host, work.redirected !== undefined);
    } else {
      // Nobody is left who could find out.
      if (!host.answered && host.running + host.parked === 0) this.#deferral?.forget(host);
      this.#bringUp(host);
    }
    return permit;
  }

  /** Why it is not to be requested any more, whoever else is. */
  #whyNot({ timeLeft }: Work, origin: string, path: string): PlainError | undefined {
    return timeLeft > 0 ? this.#robots?.disallows(origin, path) : tooLate(origin + path);
  }

  /** Who has not waited yet comes after those who do: else one item would be the probe again and again, and use up its tries. */
  #permit(host: Host, { redirected }: Work, parkedAt: number | undefined): Permit {
    const mustWait = host.parked > 0 && parkedAt === undefined && redirected === undefined;
    return mustWait ? false : this.#hosts.enter(host);
  }

  #noteAnswer(work: Work, host: Host): void {
    host.answered = true;
    this.#deferral?.hasAnswered(work, host, performance.now());
  }

  #leave(work: Work, failure?: AttemptFailure): void {
    const { host } = work;
    if (host === undefined) return;
    if (!host.answered) {
      if (failure === undefined || failure.status !== undefined) this.#noteAnswer(work, host);
      else this.#deferral?.hasFailed(work, host);
    }
    this.#hosts.leave(host, failure);
    this.#bringUp(host);
  }

  #bringUp(host: Host): void {
    if (host.parked > 0) this.#waiting.release(host);
  }
}

/** Whether a body that the store did not take is worth another fetch. */
export function isFetchedAgain({ code }: PlainError): boolean {
  return FETCHED_AGAIN.has(code);
}
