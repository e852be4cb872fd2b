/**
 * Slots are for servers that answer. Where all are taken, a server that has never answered, and is waited for much longer than
 * others were, gives its slot back: its request is broken off, and it is asked again, with all the time that `--timeout` gives
 * it, when nobody else needs the slot. So a few servers that hang do not take all slots, of which there are never more than
 * asked for.
 */
import type { Host, Limit, Outlook } from './limit.js';

/** Servers that have to have answered before one is said to be slower than they are. */
const LEAST_ANSWERS = 16;
/** How much longer than others on average. One server in a hundred that hangs takes a twentieth of the slots' time then. */
const MUCH_LONGER = 5;
/** Milliseconds: nobody is put off sooner. */
const LEAST_PATIENCE = 100;
/** Answers that the average is of. */
const MEMORY = 256;
/** Of so many slots one is always for those that were put off, however long the list is. */
const SLOTS_FOR_ONE = 32;

/** Pure: the clock is passed in. @typeParam W what is requested */
export class Deferral<W> implements Limit {
  /** Since when servers are waited for that have never answered; the first has waited longest. */
  readonly #waiting = new Map<W, number>();
  /** Servers that were put off, the first of them first. */
  readonly #deferred = new Set<string>();
  /** Those of them whose turn it is: they get all the time that there is. */
  readonly #patient = new Set<string>();
  #answers = 0;
  #mean = 0;

  /** Whether any server is waited for that has never answered. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Milliseconds for which a first answer is waited for while others need the slot; undefined while nobody knows. */
  get patience(): number | undefined {
    return this.#answers < LEAST_ANSWERS ? undefined : Math.max(LEAST_PATIENCE, MUCH_LONGER * this.#mean);
  }

  permit({ origin, running }: Host): boolean {
    if (this.#deferred.size > 0 && this.#deferred.has(origin)) return false;
    // One finds out for all.
    return this.#patient.size === 0 || running === 0 || !this.#patient.has(origin);
  }

  outlook(host: Host): Outlook {
    if (!this.permit(host)) return { free: 0 };
    return { free: this.#patient.size > 0 && this.#patient.has(host.origin) ? 1 : Infinity };
  }

  /** A server is asked that has never answered. */
  begin(what: W, { origin }: Host, now: number): void {
    if (!this.#patient.has(origin)) this.#waiting.set(what, now);
  }

  /** Nobody waits for the server any more. */
  forget({ origin }: Host): void {
    this.#deferred.delete(origin);
    this.#patient.delete(origin);
  }

  /** It has answered. */
  hasAnswered(what: W, host: Host, now: number): void {
    if (this.#deferred.size + this.#patient.size > 0) this.forget(host);
    const since = this.#waiting.get(what);
    if (since === undefined) return;
    this.#waiting.delete(what);
    this.#note(now - since);
  }

  /** It has not. */
  hasFailed(what: W, { origin }: Host): void {
    this.#waiting.delete(what);
    if (this.#patient.delete(origin)) this.#deferred.add(origin);
  }

  /** Milliseconds until one has to be put off, if others still need its slot; undefined where there is none. */
  next(now: number): number | undefined {
    const { patience } = this;
    const [since] = this.#waiting.values();
    return since === undefined || patience === undefined ? undefined : Math.max(0, since + patience - now);
  }

  /** What is to be broken off: its servers are put off. */
  late(now: number, originOf: (what: W) => string): readonly W[] {
    const { patience = Infinity } = this;
    const late: W[] = [];
    for (const [what, since] of this.#waiting) {
      if (now - since < patience) break;
      late.push(what);
      this.#deferred.add(originOf(what));
      // So that it grows where so many are late that it is no exception.
      this.#note(patience);
    }
    for (const what of late) this.#waiting.delete(what);
    return late;
  }

  /**
   * The next server that was put off has its turn.
   *
   * @param slots in all
   * @param isIdle nobody else wants them, and @param isLast nobody else will
   * @returns undefined where there is none, or it has to wait on
   */
  bringUp(slots: number, isIdle: boolean, isLast: boolean): string | undefined {
    if (this.#deferred.size === 0) return undefined;
    const most = isLast ? Infinity : Math.max(Math.floor(slots / SLOTS_FOR_ONE), isIdle ? 1 : 0);
    if (this.#patient.size >= most) return undefined;
    const [origin] = this.#deferred;
    this.#deferred.delete(origin as string);
    this.#patient.add(origin as string);
    return origin;
  }

  #note(wait: number): void {
    this.#answers += 1;
    this.#mean += (wait - this.#mean) / Math.min(this.#answers, MEMORY);
  }
}
