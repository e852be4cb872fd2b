/** What holds up a run whose threads download and store by themselves. */
import type { ThreadTimes } from '../protocol/times.js';
import { TimeAttribution, type Setting } from './attribution.js';
import type { Charged, Verdict } from '../outcome.js';
import { beforeRequests, BUSY, type Interval, type Sample, type Detector } from './detector.js';

/** A sample of threads that download and store by themselves. */
export interface ThreadsSample extends Sample {
  readonly load: {
    /** What their time went to, of the items that ended since the last sample. */
    readonly times: ThreadTimes;
  };
  /** Threads that have an item. */
  readonly running: number;
}

export class ThreadsDetector implements Detector<ThreadsSample> {
  readonly #charges: TimeAttribution;
  /** The most threads that had an item since one of them told where its time went. */
  #running = 0;

  constructor(setting: Setting) {
    this.#charges = new TimeAttribution(setting);
  }

  get verdict(): Verdict | undefined {
    return this.#charges.verdict;
  }

  get charged(): Charged {
    return this.#charges.charged;
  }

  note(sample: ThreadsSample, { elapsed, busy }: Interval): void {
    const { load, running, again, atLimit } = sample;
    const { wall } = load.times;
    this.#running = Math.max(this.#running, running);
    const before = beforeRequests(sample);
    if (sample.heldBy !== undefined && before === 'limit') this.#charges.holdBack(sample.heldBy, elapsed);
    else if (before !== undefined) this.#charges.charge(before, elapsed);
    else if (running > 0 || wall > 0) this.#charges.defer(elapsed, busy > BUSY);
    else if (busy > BUSY) this.#charges.charge('main thread', elapsed);
    else this.#charges.charge(again > 0 ? 'server' : undefined, elapsed);
    if (wall === 0) return;
    this.#decide(load.times, atLimit);
    this.#running = running;
  }

  /** By what most of the threads' time went to. */
  #decide(times: ThreadTimes, atLimit: boolean): void {
    const { wall, run, wait, answer, body, create, write, rename } = times;
    const [server, network] = [Math.max(0, answer), Math.max(0, body)];
    const storage = Math.max(0, Math.min(wall - run - wait - server - network, create + write + rename));
    // What they were blocked by none of these is by threads that decode.
    const cpu = Math.max(0, wall - server - network - storage);
    const parts = { storage, server, network, cpu };
    const bound = (['storage', 'server', 'network', 'cpu'] as const).reduce((a, b) => (parts[b] > parts[a] ? b : a));
    const share = parts[bound] / (storage + server + network + cpu);
    this.#charges.decide({
      bound,
      byMain: 2 * wall < this.#running * this.#charges.deferred,
      figure: Math.max(1, Math.round(this.#running * share)),
      atLimit,
      operations: times,
    });
  }
}
