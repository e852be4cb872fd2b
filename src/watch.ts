/** Looks at a run from time to time, for the verdict on it. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Verdict } from './verdict.js';
import type { Look, Witness } from './witness.js';

/** Milliseconds between two looks: some microseconds each. */
const INTERVAL = 50;

export class Watch<L extends Look> {
  readonly #look: () => L;
  readonly #witness: Witness<L>;
  readonly #timer: NodeJS.Timeout;
  #time = performance.now();
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  /** Begins at once. */
  constructor(witness: Witness<L>, look: () => L) {
    this.#witness = witness;
    this.#look = look;
    this.#timer = setInterval(() => this.#sample(), INTERVAL);
    this.#timer.unref();
  }

  get verdict(): Verdict | undefined {
    return this.#witness.verdict;
  }

  /** Looks for a last time. */
  stop(): void {
    clearInterval(this.#timer);
    this.#sample();
  }

  #sample(): void {
    const time = performance.now();
    const utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    this.#witness.note(this.#look(), { elapsed: time - this.#time, busy });
    this.#time = time;
    this.#utilization = utilization;
  }
}
