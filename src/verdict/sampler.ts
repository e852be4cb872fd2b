/** Looks at a run from time to time, for the verdict on it. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { TimesSum } from '../executor/times.js';
import type { Operation } from '../protocol/times.js';
import type { Verdict } from '../outcome.js';
import type { Look, Witness } from './detector.js';

/** Milliseconds between two looks: some microseconds each. */
const INTERVAL = 50;

export class Watch<L extends Look> {
  readonly #look: () => L;
  readonly #witness: Witness<L>;
  readonly #operations = new TimesSum<Operation>({ create: 0, write: 0, rename: 0 });
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

  /** What the storage took for each, in milliseconds: up to the last look, and of all writers in all. */
  get operations(): Readonly<Record<Operation, number>> {
    return this.#operations.sum;
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
    const look = this.#look();
    this.#operations.add(look.load.times);
    this.#witness.note(look, { elapsed: time - this.#time, busy });
    this.#time = time;
    this.#utilization = utilization;
  }
}
