/**
 * A token bucket, kept as the one number that it needs: the time from which on the next may go (the generic cell rate
 * algorithm, ITU-T I.371). Pure: the clock is passed in, and read once for each decision. What is taken before its time is
 * a debt, which is waited for later, so that over a minute the rate is exact, whatever a single one costs.
 */

/** Milliseconds that are made up for: a timer that was late, or nobody to take anything. As much may come at once. */
const SLACK = 200;
/** Milliseconds: no timer is set for longer, since Node fires one at once that is set beyond 2^31. */
const LONGEST = 3_600_000;

export class Bucket {
  /** Milliseconds for one. */
  #each: number;
  readonly #slack: number;
  /** From then on the next may go; undefined while none has. */
  #due: number | undefined;
  /** What the clock said last. */
  #last = -Infinity;

  /**
   * @param perSecond more than 0
   * @param slack milliseconds
   */
  constructor(perSecond: number, slack = SLACK) {
    this.#each = 1000 / perSecond;
    this.#slack = slack;
  }

  /** From now on. */
  set perSecond(perSecond: number) {
    this.#each = 1000 / perSecond;
  }

  /** Milliseconds until the next may go, as many as a timer may be set for; 0 where it may go now. */
  pause(now: number): number {
    const due = this.#dueAt(now);
    return now >= due ? 0 : Math.min(due - now, LONGEST);
  }

  /** How many may go now. */
  free(now: number): number {
    const due = this.#dueAt(now);
    return now < due ? 0 : 1 + Math.floor((now - Math.max(due, now - this.#slack)) / this.#each);
  }

  /** Milliseconds until one more may go, when those have gone that may now. */
  next(now: number): number {
    const due = this.#dueAt(now);
    if (now < due) return this.pause(now);
    const from = Math.max(due, now - this.#slack);
    return Math.min(from + this.free(now) * this.#each - now, LONGEST);
  }

  /** @param count may be more than there is room for, and below 0 to give back */
  take(now: number, count = 1): void {
    this.#due = Math.max(this.#dueAt(now), now - this.#slack) + count * this.#each;
  }

  /** The first may go at once, and the next no sooner than if there had been many before. */
  #dueAt(now: number): number {
    // A clock that was turned back is no reason to wait for the time that it showed.
    if (this.#due !== undefined && now < this.#last) this.#due -= this.#last - now;
    this.#last = now;
    return this.#due ?? now;
  }
}
