/**
 * How many requests a second a server bears that says when they are too many, which has little to do with how many run at
 * once. When it says so, there are as many as it has answered before, and a little less; then slowly more, and the more
 * often it says so at about the same number, the longer nobody tries for more. The clock is passed in.
 */
import { Bucket } from '../shared/bucket.js';

/** What is left of the number when the server says that it is too much. */
const DECREASE = 0.93;
/** What was answered may be that much less than what the server bears. */
const MEASURED = 1.1;
/** Milliseconds over which servers count, at the least; and in which one that is busy is heard once. */
const SPAN = 1_000;
/** By how much the number grows in the first second of growth, and how much faster in each further one. */
const GROWTH = { first: 0.01, faster: 1.2 };
/** Milliseconds until it begins to grow: at first, and at the most. */
const HOLD = { first: 1_000, most: 32_000 };
/** Two numbers are about the same that differ by this share. */
const ALIKE = 0.15;
/** Milliseconds for which is made up: what comes at once may be too much. */
const SLACK = 20;

interface Span {
  readonly since: number;
  answers: number;
}

export class Pace {
  /** Undefined while the server has not said that there are too many. */
  #bucket: Bucket | undefined;
  #perSecond = Infinity;
  /** The number at which it said so last. */
  #knee = 0;
  #hold = HOLD.first;
  #growsFrom = 0;
  #grownAt = 0;
  #deafUntil = -Infinity;
  /** Answers since it said so last, of the span under way and of the one before. */
  #span: Span | undefined;
  #before: Span | undefined;

  /** Infinity for no bound. */
  get perSecond(): number {
    return this.#perSecond;
  }

  get bucket(): Bucket | undefined {
    return this.#bucket;
  }

  answered(now: number): void {
    if (this.#span === undefined || now - this.#span.since >= SPAN) {
      this.#before = this.#span;
      this.#span = { since: now, answers: 0 };
    }
    this.#span.answers += 1;
    // Only where it is what holds requests back.
    if (this.#bucket !== undefined && this.#bucket.pause(now) > 0) this.#grow(now);
  }

  /** The server says that there are too many. */
  busy(now: number): void {
    if (now < this.#deafUntil) return;
    const knee = Math.min(this.#perSecond, MEASURED * this.#measure(now));
    this.#span = this.#before = undefined;
    this.#deafUntil = now + SPAN;
    // Nothing was answered: that it is too much is all that is known.
    if (knee === 0) return;
    const isAlike = Math.abs(knee / this.#knee - 1) < ALIKE;
    this.#hold = isAlike ? Math.min(HOLD.most, 2 * this.#hold) : HOLD.first;
    this.#knee = knee;
    this.#growsFrom = this.#grownAt = now + this.#hold;
    this.#set(DECREASE * knee);
  }

  /** Requests a second that it has answered lately. */
  #measure(now: number): number {
    const answers = (this.#before?.answers ?? 0) + (this.#span?.answers ?? 0);
    const since = this.#before?.since ?? this.#span?.since ?? now;
    return (1000 * answers) / Math.max(SPAN, now - since);
  }

  #grow(now: number): void {
    const elapsed = Math.min(SPAN, now - this.#grownAt) / 1000;
    if (elapsed <= 0) return;
    this.#grownAt = now;
    const seconds = (now - this.#growsFrom) / 1000;
    this.#set(this.#perSecond * (1 + elapsed * GROWTH.first * Math.min(100, GROWTH.faster ** seconds)));
  }

  #set(perSecond: number): void {
    this.#perSecond = perSecond;
    if (this.#bucket === undefined) this.#bucket = new Bucket(perSecond, SLACK);
    else this.#bucket.perSecond = perSecond;
  }
}
