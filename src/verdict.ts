/**
 * What held up a run, from measured times. The bottleneck is the last stage that has a queue before it: what comes after
 * it keeps up, and what comes before it would only make the queue longer. So each moment of a run is charged to one
 * stage, and the verdict is the stage that most of the time was charged to.
 */
import type { ResolvedOptions } from './options.js';
import type { Layout, Operation, Times } from './protocol.js';

/**
 * `storage`: writers wait for it; `cpu`: writers decode and check, or wait for a processor; `budget`: bytes that may be
 * fetched; `main thread`: what runs on it; `server`: until it answers; `network`: from there to the end of the body;
 * `list`: it has nothing to request; `reader`: who reads the outcomes.
 */
export type Bound = 'storage' | 'cpu' | 'budget' | 'main thread' | 'server' | 'network' | 'list' | 'reader';

/** What held up a run most. */
export interface Verdict {
  readonly bound: Bound;
  /** Of the run's time, 0 to 1. */
  readonly share: number;
  /** What that looked like: `32 writers waiting on rename`. */
  readonly detail: string;
  /** What to try, where something would help. */
  readonly advice: string | undefined;
}

/** What the store has to do. */
export interface Load {
  /** Bodies that wait for a writer; not those that a writer has in hand. */
  readonly waiting: number;
  readonly writers: number;
  /** What the writers' time went to, of the work that ended since the last look. */
  readonly times: Times;
  /** Writers run on the main thread, which therefore is not idle while they hold it up. */
  readonly onMain: boolean;
}

/** A look at the run. */
export interface Sample {
  /** Milliseconds since the last look. */
  readonly elapsed: number;
  /** Share of them that the main thread was busy. */
  readonly busy: number;
  /** Undefined where nobody knows. */
  readonly store: Load | undefined;
  /** Nothing is left to do but to store. */
  readonly onlyStore: boolean;
  /** Requests that wait for an answer, and those whose body is coming; undefined where nobody knows. */
  readonly requests: { readonly asked: number; readonly answered: number } | undefined;
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
}

/** What advice depends on. */
export interface Setting {
  readonly layout: Layout;
  readonly executor: ResolvedOptions['executor'];
  /** Whether more requests at once could be asked for. */
  readonly moreRequests: boolean;
}

/** Milliseconds that prove something: some samples. */
const ENOUGH = 250;
/** Share of its time from which on the main thread is what others wait for. */
const BUSY = 0.9;

/** What writers do while the storage holds them up. */
const WAITS: Readonly<Record<Operation, string>> = {
  create: 'making names',
  write: 'waiting on write',
  rename: 'waiting on rename',
};
/** What a bound looks like, with the most of what it is told by. */
const DETAILS: Readonly<Record<Exclude<Bound, 'storage'>, (most: number) => string>> = {
  cpu: (writers) => `${count(writers, 'writer')} busy`,
  budget: () => 'no room for more requests',
  'main thread': () => 'its event loop never rests',
  server: (requests) =>
    requests === 0 ? 'waiting to try again' : `${count(requests, 'request')} waiting for an answer`,
  network: (bodies) => (bodies === 1 ? '1 body coming in' : `${bodies} bodies coming in`),
  list: () => 'nothing to request',
  reader: () => 'outcomes wait to be read',
};

/** What was charged to a bound. */
interface Charge {
  milliseconds: number;
  /** Of what the detail tells, the most at once. */
  most: number;
}

export class Witness {
  readonly #setting: Setting;
  readonly #charges = new Map<Bound, Charge>();
  /** Milliseconds that the storage took for each operation while it was the bottleneck. */
  readonly #spent: Record<Operation, number> = { create: 0, write: 0, rename: 0 };
  #total = 0;
  /** Milliseconds for which bodies waited, until writers tell where their time went; apart, those without a rest. */
  #pending = { rested: 0, busy: 0 };
  /** What the last of them were charged to. */
  #decided: Bound | undefined;
  /** Whether bodies waited at the last look: a queue that is gone at the next look holds up nobody. */
  #waited = false;
  /** Milliseconds charged to the server with all requests that may run at once. */
  #atLimit = 0;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  note(sample: Sample): void {
    const { elapsed, store } = sample;
    this.#total += elapsed;
    if (store !== undefined && this.#isQueueBefore(store, sample)) {
      this.#pending[sample.busy > BUSY ? 'busy' : 'rested'] += elapsed;
    } else {
      this.#chargeRequests(sample);
    }
    this.#waited = store !== undefined && store.waiting > 0;
    if (store !== undefined && store.times.wall > 0) this.#decide(store);
  }

  /** Undefined while too little is known. */
  get verdict(): Verdict | undefined {
    if (this.#total < ENOUGH) return undefined;
    const undecided = this.#pending.rested + this.#pending.busy;
    let unknown = this.#total;
    let first: { bound: Bound; milliseconds: number } | undefined;
    for (const [bound, charge] of this.#charges) {
      const milliseconds = charge.milliseconds + (bound === this.#decided ? undecided : 0);
      unknown -= milliseconds;
      if (milliseconds > (first?.milliseconds ?? 0)) first = { bound, milliseconds };
    }
    if (first === undefined || unknown > first.milliseconds) return undefined;
    const { bound, milliseconds } = first;
    const share = Math.round((1000 * milliseconds) / this.#total) / 1000;
    return { bound, share, detail: this.#describe(bound), advice: this.#advise(bound) };
  }

  #isQueueBefore({ waiting, times, onMain }: Load, { elapsed, busy, onlyStore, refused }: Sample): boolean {
    // Where the main thread stores, what waits for it lies in the sockets.
    if (onMain && busy > BUSY && times.wall > elapsed / 2) return true;
    return onlyStore || (waiting > 0 && (this.#waited || refused));
  }

  /** Bodies waited: for the storage, or for a processor, by what the writers tell now of their time. */
  #decide({ times, writers, onMain }: Load): void {
    const { wall, run, wait, create, write, rename } = times;
    // Blocked, but not by what the storage is asked for: by threads that decode.
    const stored = Math.min(wall - run - wait, create + write + rename);
    const bound = 2 * stored > wall ? 'storage' : 'cpu';
    const { rested, busy } = this.#pending;
    // A main thread without a rest does not even see that writers are done.
    const byMain = onMain ? bound === 'cpu' : 2 * wall < writers * (rested + busy);
    this.#pending = { rested: 0, busy: 0 };
    this.#charge(bound, rested, writers);
    this.#charge(byMain ? 'main thread' : bound, busy, writers);
    if (rested + busy > 0) this.#decided = busy > rested && byMain ? 'main thread' : bound;
    if (this.#decided !== 'storage') return;
    this.#spent.create += create;
    this.#spent.write += write;
    this.#spent.rename += rename;
  }

  /** Nothing waits for a writer: so it is one of the stages before. */
  #chargeRequests({ elapsed, busy, requests, atLimit, refused, starved, unread, again }: Sample): void {
    if (busy > BUSY) this.#charge('main thread', elapsed);
    else if (refused) this.#charge('budget', elapsed);
    else if (unread) this.#charge('reader', elapsed);
    else if (starved) this.#charge('list', elapsed);
    else if (requests === undefined) return;
    else if (requests.answered > requests.asked) this.#charge('network', elapsed, requests.answered);
    else if (requests.asked + again > 0) {
      this.#charge('server', elapsed, requests.asked);
      if (atLimit) this.#atLimit += elapsed;
    }
  }

  #charge(bound: Bound, milliseconds: number, figure = 0): void {
    if (milliseconds === 0) return;
    const charge = this.#charges.get(bound);
    if (charge === undefined) {
      this.#charges.set(bound, { milliseconds, most: figure });
    } else {
      charge.milliseconds += milliseconds;
      charge.most = Math.max(charge.most, figure);
    }
  }

  #describe(bound: Bound): string {
    const most = this.#charges.get(bound)?.most ?? 0;
    return bound === 'storage' ? `${count(most, 'writer')} ${WAITS[this.#slowest]}` : DETAILS[bound](most);
  }

  get #slowest(): Operation {
    const { create, write, rename } = this.#spent;
    if (write >= Math.max(create, rename)) return 'write';
    return create > rename ? 'create' : 'rename';
  }

  /** Only what would help. */
  #advise(bound: Bound): string | undefined {
    if (bound === 'storage') return this.#betterLayout;
    if (bound === 'budget') return 'raise --memory';
    const charged = this.#charges.get(bound)?.milliseconds ?? 0;
    const limited = bound === 'server' && 2 * this.#atLimit > charged;
    return limited && this.#setting.moreRequests ? 'more requests at once: raise --max-requests' : undefined;
  }

  /** One that gets by with fewer names, or with a lock for each of many folders. */
  get #betterLayout(): string | undefined {
    const { layout, executor } = this.#setting;
    if (layout === 'tar' || this.#slowest === 'write') return undefined;
    // One writer alone never waits for another one's lock.
    if (layout === 'flat' && (this.#charges.get('storage')?.most ?? 0) > 1) return 'try --layout hashed';
    return executor === 'pool' ? 'try --layout tar' : undefined;
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `storage 87% (32 writers waiting on rename)`. */
export function describeBound({ bound, share, detail }: Verdict): string {
  return `${bound} ${Math.round(100 * share)}% (${detail})`;
}

/** The same with the advice: `storage 87% (32 writers waiting on rename); try --layout hashed`. */
export function describeVerdict(verdict: Verdict): string {
  return describeBound(verdict) + (verdict.advice === undefined ? '' : `; ${verdict.advice}`);
}
