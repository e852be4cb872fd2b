/** Adds up what writers tell of their time. */
import type { Times } from '../protocol.js';

const NONE: Times = { wall: 0, run: 0, wait: 0, create: 0, write: 0, rename: 0 };

export class TimesSum {
  #sum = NONE;

  add(times: Times): void {
    const sum = this.#sum;
    this.#sum = {
      wall: sum.wall + times.wall,
      run: sum.run + times.run,
      wait: sum.wait + times.wait,
      create: sum.create + times.create,
      write: sum.write + times.write,
      rename: sum.rename + times.rename,
    };
  }

  /** What was added since it was last taken. */
  take(): Times {
    const sum = this.#sum;
    this.#sum = NONE;
    return sum;
  }
}
