/**
 * Finds what holds up a run, from measured times. The bottleneck is the last stage that has a queue before it: what comes
 * after it keeps up, and what comes before it would only make the queue longer. So each moment of a run is charged to one
 * stage. Threads that do all of it by themselves have no queues: what counts there is where their time goes.
 */
import type { Times } from '../protocol/times.js';
import { TimeAttribution, type Setting } from './attribution.js';
import type { Bound, Charged, Verdict } from '../outcome.js';
import type { Load } from '../executor/load.js';

/** A sample of a run, of whatever kind. */
export interface Sample {
  readonly load: { readonly times: Times; readonly writers?: number };
  /** No more requests may run at once. */
  readonly atLimit: boolean;
  /** More could, but the budget has no room for them. */
  readonly refused: boolean;
  /** More could, but nothing is to be had from the list. */
  readonly starved: boolean;
  /** Outcomes that wait for their reader are so many that nothing more is requested. */
  readonly unread: boolean;
  /** Items that wait for their next try. */
  readonly again: number;
  /** The option that holds the run back, such as `--rate`; undefined while none does. */
  readonly heldBy?: string | undefined;
}

/** A sample of a run that goes through stages. */
export interface StagesSample extends Sample {
  readonly load: Load;
  /** Nothing is left to do but to store. */
  readonly onlyStore: boolean;
  /** Requests that wait for an answer, and those whose body is coming. */
  readonly requests: { readonly asked: number; readonly answered: number };
}

/** The time that ends with a sample. */
export interface Interval {
  /** Milliseconds since the last sample. */
  readonly elapsed: number;
  /** Share of them that the main thread was busy. */
  readonly busy: number;
}

/** Sees a run through, sample by sample. */
export interface Detector<L extends Sample> {
  note(sample: L, interval: Interval): void;
  /** Undefined while too little is known. */
  readonly verdict: Verdict | undefined;
  /** What each moment so far was charged to. */
  readonly charged: Charged;
}

/** Share of its time from which on a thread is what others wait for. */
export const BUSY = 0.9;

export class StagesDetector implements Detector<StagesSample> {
  readonly #charges: TimeAttribution;
  /** Whether bodies waited at the last sample: a queue that is gone at the next sample holds up nobody. */
  #waited = false;

  constructor(setting: Setting) {
    this.#charges = new TimeAttribution(setting);
  }

  get verdict(): Verdict | undefined {
    return this.#charges.verdict;
  }

  get charged(): Charged {
    return this.#charges.charged;
  }

  note(sample: StagesSample, interval: Interval): void {
    const { load } = sample;
    const { elapsed } = interval;
    const busy = isAlone(load) || interval.busy > BUSY;
    if (this.#isQueueBefore(sample, elapsed, busy)) this.#charges.defer(elapsed, busy);
    else this.#chargeRequests(sample, interval);
    this.#waited = load.waiting > 0;
    if (load.times.wall > 0) this.#decide(load);
  }

  #isQueueBefore({ load, onlyStore, refused }: StagesSample, elapsed: number, busy: boolean): boolean {
    const { waiting, times, onMain } = load;
    // Where the main thread stores, what waits for it lies in the sockets.
    if (onMain && busy && times.wall > elapsed / 2) return true;
    return onlyStore || (waiting > 0 && (this.#waited || refused));
  }

  /** Bodies waited: for the storage, or for a processor, by what the writers tell now of their time. */
  #decide({ times, writers, onMain, sharing }: Load): void {
    const { wall, run, wait, create, write, rename } = times;
    // A thread that has time to rest is not what those wait for who share it.
    const working = sharing && run + wait < BUSY * wall ? 0 : run + wait;
    // Blocked, but not by what the storage is asked for: by threads that decode.
    const stored = Math.min(wall - working, create + write + rename);
    const bound = 2 * stored > wall ? 'storage' : 'cpu';
    // A main thread without a rest does not even see that writers are done.
    const byMain = onMain ? bound === 'cpu' : 2 * wall < writers * this.#charges.deferred;
    this.#charges.decide({ bound, byMain, figure: writers, atLimit: false, operations: times });
  }

  /** Nothing waits for a writer: so it is one of the stages before. */
  #chargeRequests(sample: StagesSample, { elapsed, busy }: Interval): void {
    const { asked, answered } = sample.requests;
    const before = beforeRequests(sample);
    if (busy > BUSY) this.#charges.charge('main thread', elapsed);
    else if (sample.heldBy !== undefined && before === 'limit') this.#charges.holdBack(sample.heldBy, elapsed);
    else if (before !== undefined) this.#charges.charge(before, elapsed);
    else if (answered > asked) this.#charges.charge('network', elapsed, answered);
    else if (asked + sample.again > 0) this.#charges.charge('server', elapsed, asked, sample.atLimit);
    else this.#charges.charge(undefined, elapsed);
  }
}

/** The main thread is the writer: while it stores, it does nothing else. */
function isAlone({ onMain, writers }: Load): boolean {
  return onMain && writers === 1;
}

/** What keeps requests from being made, or their bodies from coming. */
export function beforeRequests({ refused, unread, starved, heldBy }: Sample): Bound | undefined {
  if (refused) return 'budget';
  if (unread) return 'reader';
  if (heldBy !== undefined) return 'limit';
  return starved ? 'list' : undefined;
}
