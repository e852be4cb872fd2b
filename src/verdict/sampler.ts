/** Takes samples of a run from time to time, for the verdict on it. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { TimesSum } from '../executor/times.js';
import type { Operation } from '../protocol/times.js';
import type { Charged, Verdict } from '../outcome.js';
import type { Sample, Detector } from './detector.js';

/** Milliseconds between two samples: some microseconds each. */
const INTERVAL = 50;

export class Sampler<L extends Sample> {
  readonly #sample: () => L;
  readonly #detector: Detector<L>;
  readonly #operations = new TimesSum<Operation>({ create: 0, write: 0, rename: 0 });
  readonly #timer: NodeJS.Timeout;
  #writers: number | undefined;
  #time = performance.now();
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  /** Begins at once. */
  constructor(detector: Detector<L>, sample: () => L) {
    this.#detector = detector;
    this.#sample = sample;
    this.#timer = setInterval(() => this.#takeSample(), INTERVAL);
    this.#timer.unref();
  }

  get verdict(): Verdict | undefined {
    return this.#detector.verdict;
  }

  get charged(): Charged {
    return this.#detector.charged;
  }

  /** At the last sample; undefined where there are none of their own. */
  get writers(): number | undefined {
    return this.#writers;
  }

  /** What the storage took for each, in milliseconds: up to the last sample, and of all writers in all. */
  get operations(): Readonly<Record<Operation, number>> {
    return this.#operations.sum;
  }

  /** Takes a last sample. */
  stop(): void {
    clearInterval(this.#timer);
    this.#takeSample();
  }

  #takeSample(): void {
    const time = performance.now();
    const utilization = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(utilization, this.#utilization).utilization;
    const sample = this.#sample();
    this.#operations.add(sample.load.times);
    this.#writers = sample.load.writers;
    this.#detector.note(sample, { elapsed: time - this.#time, busy });
    this.#time = time;
    this.#utilization = utilization;
  }
}
