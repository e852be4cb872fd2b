/** Looks at a run from time to time, for the verdict on it. */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { type Sample, type Setting, type Verdict, Witness } from './verdict.js';

/** Milliseconds between two looks: some microseconds each. */
const INTERVAL = 50;

export class Watch {
  readonly #look: () => Omit<Sample, 'elapsed' | 'busy'>;
  readonly #witness: Witness;
  readonly #timer: NodeJS.Timeout;
  #time = performance.now();
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();

  /** Begins at once. */
  constructor(setting: Setting, look: () => Omit<Sample, 'elapsed' | 'busy'>) {
    this.#witness = new Witness(setting);
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
    this.#witness.note({ ...this.#look(), elapsed: time - this.#time, busy });
    this.#time = time;
    this.#utilization = utilization;
  }
}
