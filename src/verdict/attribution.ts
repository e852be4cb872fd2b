/**
 * What held up a run, from measured times. The bottleneck is the last stage that has a queue before it: what comes after
 * it keeps up, and what comes before it would only make the queue longer. So each moment of a run is charged to one
 * stage, and the verdict is the stage that most of the time was charged to.
 */
import type { Operation } from '../protocol/times.js';
import type { Bound, Charged, Verdict } from '../outcome.js';
import type { ResolvedOptions } from '../options/resolve.js';
import type { Layout } from '../protocol/settings.js';
import { LAYOUTS } from '../protocol/layouts.js';
import { count } from '../shared/format.js';

/** What advice depends on. */
export interface Setting {
  readonly layout: Layout;
  readonly executor: ResolvedOptions['executor'];
  /** Whether more requests at once could be asked for. */
  readonly moreRequests: boolean;
}

/** Milliseconds that prove something: some samples. */
const ENOUGH = 250;
/** What writers do while the storage holds them up. */
const WAITS: Readonly<Record<Operation, string>> = {
  create: 'making names',
  write: 'waiting on write',
  rename: 'waiting on rename',
};
/** What a bound looks like, with the most of what it is told by. */
const DETAILS: Readonly<Record<Exclude<Bound, 'storage' | 'limit'>, (most: number) => string>> = {
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
  /** Milliseconds of it with all requests that may run at once. */
  atLimit: number;
}

/** What writers told of their time, judged. */
export interface Finding {
  readonly bound: Bound;
  /** Writers had so little to tell that a main thread without a rest is what held them up. */
  readonly byMain: boolean;
  /** What the detail tells. */
  readonly figure: number;
  /** All requests ran that may run at once. */
  readonly atLimit: boolean;
  /** Milliseconds that the storage took for each operation. */
  readonly operations: Readonly<Record<Operation, number>>;
}

/** The account of a run's time. */
export class TimeAttribution {
  readonly #setting: Setting;
  readonly #charges = new Map<Bound, Charge>();
  /** Milliseconds that the storage took for each operation while it was the bottleneck. */
  readonly #spent: Record<Operation, number> = { create: 0, write: 0, rename: 0 };
  /** Milliseconds for which each option held the run back. */
  readonly #heldBack = new Map<string, number>();
  #total = 0;
  /** Milliseconds that are charged once writers tell where their time went; apart, those without a rest. */
  #pending = { rested: 0, busy: 0 };
  /** What the last of them were charged to. */
  #decided: Bound | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  /** @param bound undefined where nobody knows */
  charge(bound: Bound | undefined, milliseconds: number, figure = 0, atLimit = false): void {
    this.#total += milliseconds;
    if (bound !== undefined) this.#add(bound, milliseconds, figure, atLimit);
  }

  /** The run keeps to what it was asked to keep to. @param option such as `--rate` */
  holdBack(option: string, milliseconds: number): void {
    this.charge('limit', milliseconds);
    this.#heldBack.set(option, (this.#heldBack.get(option) ?? 0) + milliseconds);
  }

  /** To be charged when writers tell where their time went. @param busy whether the main thread had no rest */
  defer(milliseconds: number, busy: boolean): void {
    this.#total += milliseconds;
    this.#pending[busy ? 'busy' : 'rested'] += milliseconds;
  }

  /** Milliseconds that wait for that. */
  get deferred(): number {
    return this.#pending.rested + this.#pending.busy;
  }

  /** Charges what was deferred. */
  decide({ bound, byMain, figure, atLimit, operations }: Finding): void {
    const { rested, busy } = this.#pending;
    this.#pending = { rested: 0, busy: 0 };
    this.#add(bound, rested, figure, atLimit);
    this.#add(byMain ? 'main thread' : bound, busy, figure, atLimit);
    if (rested + busy > 0) this.#decided = busy > rested && byMain ? 'main thread' : bound;
    if (this.#decided !== 'storage') return;
    this.#spent.create += operations.create;
    this.#spent.write += operations.write;
    this.#spent.rename += operations.rename;
  }

  /** So far; what is deferred is taken to be like what was decided last. */
  get charged(): Charged {
    const charged: Partial<Record<Bound, number>> = {};
    for (const [bound, { milliseconds }] of this.#charges) {
      charged[bound] = milliseconds + (bound === this.#decided ? this.deferred : 0);
    }
    return charged;
  }

  /** Undefined while too little is known. */
  get verdict(): Verdict | undefined {
    if (this.#total < ENOUGH) return undefined;
    let unknown = this.#total;
    let first: { bound: Bound; milliseconds: number } | undefined;
    for (const [bound, charge] of this.#charges) {
      const milliseconds = charge.milliseconds + (bound === this.#decided ? this.deferred : 0);
      unknown -= milliseconds;
      if (milliseconds > (first?.milliseconds ?? 0)) first = { bound, milliseconds };
    }
    if (first === undefined || unknown > first.milliseconds) return undefined;
    const { bound, milliseconds } = first;
    const share = Math.round((1000 * milliseconds) / this.#total) / 1000;
    return { bound, share, detail: this.#describe(bound), advice: this.#advise(bound) };
  }

  #add(bound: Bound, milliseconds: number, figure: number, atLimit: boolean): void {
    if (milliseconds === 0) return;
    const charge = this.#charges.get(bound) ?? { milliseconds: 0, most: 0, atLimit: 0 };
    charge.milliseconds += milliseconds;
    charge.most = Math.max(charge.most, figure);
    if (atLimit) charge.atLimit += milliseconds;
    this.#charges.set(bound, charge);
  }

  #describe(bound: Bound): string {
    const most = this.#charges.get(bound)?.most ?? 0;
    if (bound === 'storage') return `${count(most, 'writer')} ${WAITS[this.#slowest]}`;
    return bound === 'limit' ? `held back by ${this.#holder}` : DETAILS[bound](most);
  }

  /** The option that held the run back longest. */
  get #holder(): string {
    const [first] = [...this.#heldBack].sort(([, a], [, b]) => b - a);
    return first?.[0] ?? '';
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
    const { milliseconds = 0, atLimit = 0 } = this.#charges.get(bound) ?? {};
    const limited = bound === 'server' && 2 * atLimit > milliseconds;
    return limited && this.#setting.moreRequests ? 'more requests at once: raise --max-requests' : undefined;
  }

  /** One that gets by with fewer names, or with a lock for each of many folders. */
  get #betterLayout(): string | undefined {
    const { layout, executor } = this.#setting;
    const { spread, packed } = LAYOUTS[layout];
    if (this.#slowest === 'write') return undefined;
    // One writer alone never waits for another one's lock.
    if (spread !== undefined && (this.#charges.get('storage')?.most ?? 0) > 1) return `try --layout ${spread}`;
    return packed !== undefined && executor === 'pool' ? `try --layout ${packed}` : undefined;
  }
}
