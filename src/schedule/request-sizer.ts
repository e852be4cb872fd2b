/**
 * How many requests a server should have at once. More of them bring more until something on the way is used up; from then
 * on each only takes longer. So while as many run as may, answers are counted: a step up is kept where it brings enough
 * more, else it is taken back and tried again later, each time after a longer while. Where the same number brings much
 * less than it did, which is to say that answers take longer, or where the server says that it is busy, there are fewer.
 * The clock is passed in.
 */

/** Requests at once that nobody can be troubled by. */
export const FIRST_REQUESTS = 4;
/** Of what a step would bring if answers took no longer, the share that it has to bring. */
const WORTH = 0.3;
/** Of what was best, the share below which a step is not looked at any longer. */
const HOPELESS = 0.8;
/** Of what the same number brought before, the share below which the server has become slower. */
const SLOWER = 0.7;
/** Looks in a row that have to say so: something else may have held up answers for a moment. */
const SLOW_LOOKS = 3;
/** What is left of the number where the server is busy or slower. */
const DECREASE = 0.7;
/** Of what more of them brought, the share that fewer have to bring for even fewer to be tried. */
const ENOUGH = 0.95;
/** Answers and milliseconds of a look, at the least; and answers for each request. */
const LEAST = { answers: 8, time: 50, rounds: 2 };
/** Of the answers of a look, the share that may have come while fewer ran than may: such a look proves nothing. */
const IDLE = 0.25;
/** Looks after a step that did not pay until the next one: at first, and at the most. */
const PATIENCE = { first: 4, most: 64 };
/** Milliseconds in which a server that is busy is heard once: what it says then is of requests that ran already. */
const DEAF = 1_000;

export class RequestSizer {
  readonly #most: number;
  #requests: number;
  /** What was best so far. */
  #best: { readonly requests: number; rate: number } | undefined;
  /** Where the server has become slower: what more of them brought, at the most, and how many those were. */
  #falling: { readonly rate: number; readonly requests: number } | undefined;
  /** No step has failed yet. */
  #doubling = true;
  #patience = PATIENCE.first;
  /** Looks until the next step. */
  #hold = 0;
  /** Looks in a row that speak against the number at hand: one may be chance. */
  #doubts = 0;
  #deafUntil = -Infinity;
  /** Answers to leave out: they were asked for before the last step. */
  #stale = 0;
  #since: number | undefined;
  #answers = 0;
  #idle = 0;

  /** @param most requests at once */
  constructor(most: number) {
    this.#most = most;
    this.#requests = Math.min(FIRST_REQUESTS, most);
  }

  get requests(): number {
    return this.#requests;
  }

  /** The server has answered. @param full whether as many requests ran as may */
  answered(now: number, full: boolean): void {
    if (this.#stale > 0) {
      this.#stale -= 1;
      return;
    }
    if (this.#since === undefined) {
      this.#since = now;
      return;
    }
    this.#answers += 1;
    if (!full) this.#idle += 1;
    const elapsed = now - this.#since;
    const wanted = Math.max(LEAST.answers, LEAST.rounds * this.#requests);
    if ((this.#answers < wanted && !this.#isHopeless(wanted, elapsed)) || elapsed < LEAST.time) return;
    const rate = this.#answers / elapsed;
    const proves = this.#idle <= IDLE * this.#answers;
    this.#lookAgain(0);
    if (proves) this.#judge(rate);
  }

  /** The server says that it has too much to do, or fails. */
  busy(now: number): void {
    if (now < this.#deafUntil) return;
    this.#deafUntil = now + DEAF;
    this.#rest();
    this.#falling = undefined;
    this.#decrease();
  }

  /** Whether the number brings so much less than the best that it need not be seen to its end. */
  #isHopeless(answers: number, elapsed: number): boolean {
    const best = this.#best;
    if (best === undefined) return false;
    return answers < (this.#requests > best.requests ? HOPELESS : SLOWER) * best.rate * elapsed;
  }

  #judge(rate: number): void {
    const best = this.#best;
    if (this.#falling !== undefined) {
      this.#fall(rate, this.#falling);
    } else if (best === undefined) {
      this.#best = { requests: this.#requests, rate };
      if (this.#hold > 0) this.#hold -= 1;
      else this.#increase();
    } else if (this.#requests > best.requests) {
      this.#judgeStep(rate, best);
    } else if (rate < SLOWER * best.rate) {
      this.#doubts += 1;
      if (this.#doubts < SLOW_LOOKS) return;
      // What was found before was found of another server, so to speak.
      this.#doubling = false;
      this.#patience = PATIENCE.first;
      this.#hold = 0;
      this.#falling = { rate, requests: this.#requests };
      this.#decrease();
    } else {
      this.#doubts = 0;
      best.rate += (rate - best.rate) / 4;
      this.#hold -= 1;
      if (this.#hold <= 0) this.#increase();
    }
  }

  /** Ever fewer, as long as they bring as much. */
  #fall(rate: number, more: { readonly rate: number; readonly requests: number }): void {
    const isEnough = rate >= ENOUGH * more.rate;
    if (isEnough && this.#requests > 1) {
      this.#falling = { rate: Math.max(rate, more.rate), requests: this.#requests };
      this.#decrease();
      return;
    }
    this.#falling = undefined;
    if (isEnough) return;
    this.#requests = more.requests;
    this.#lookAgain(this.#requests);
  }

  #judgeStep(rate: number, best: { readonly requests: number; readonly rate: number }): void {
    if (rate >= best.rate * (1 + WORTH * (this.#requests / best.requests - 1))) {
      this.#doubts = 0;
      this.#patience = PATIENCE.first;
      this.#best = { requests: this.#requests, rate };
      this.#increase();
      return;
    }
    this.#doubts += 1;
    if (this.#doubts === 1 && rate > HOPELESS * best.rate) return;
    this.#rest();
    this.#requests = best.requests;
    this.#lookAgain(this.#requests);
  }

  /** No step for a while. */
  #rest(): void {
    this.#doubts = 0;
    this.#doubling = false;
    this.#hold = this.#patience;
    this.#patience = Math.min(PATIENCE.most, 2 * this.#patience);
  }

  #increase(): void {
    const step = this.#doubling ? this.#requests : Math.max(1, this.#requests >> 2);
    this.#requests = Math.min(this.#most, this.#requests + step);
    this.#lookAgain(this.#requests);
  }

  #decrease(): void {
    this.#doubts = 0;
    this.#best = undefined;
    this.#requests = Math.max(1, Math.floor(DECREASE * this.#requests));
    this.#lookAgain(this.#requests);
  }

  #lookAgain(stale: number): void {
    this.#stale = stale;
    this.#since = undefined;
    this.#answers = this.#idle = 0;
  }
}
