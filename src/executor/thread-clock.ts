/** Where the time goes of a thread that downloads and stores an item. */
import type { ThreadTimes, Times } from '../protocol/times.js';
import { Laps } from '../../workers/clock.js';
import { NO_TIMES, TimesSum } from './times.js';

export const NO_THREAD_TIMES: ThreadTimes = { ...NO_TIMES, answer: 0, body: 0 };

/** Of one item; its phases are waiting for the answer, the body, and to store what is not stored by then. */
export class ThreadClock {
  readonly #laps = new Laps();
  readonly #sum = new TimesSum(NO_THREAD_TIMES);
  #phase: 'answer' | 'body' | 'store' = 'answer';

  answered(): void {
    this.#next();
    this.#phase = 'body';
  }

  fetched(): void {
    this.#next();
    this.#phase = 'store';
  }

  /** The item is over. */
  stop(): ThreadTimes {
    this.#next();
    return this.#sum.take();
  }

  #next(): void {
    const times = this.#laps.next();
    const blocked = blockedIn(times);
    const answer = this.#phase === 'answer' ? blocked : 0;
    const body = this.#phase === 'body' ? blocked : 0;
    this.#sum.add({ ...times, answer, body });
  }
}

/**
 * Not by the storage, which takes the parts of a large body while it comes in. May be less than nothing where a thread had
 * to wait for a processor while it looked at its clocks; over many items that evens out.
 */
function blockedIn({ wall, run, wait, create, write, rename }: Times): number {
  return wall - run - wait - create - write - rename;
}
