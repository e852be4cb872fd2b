/**
 * `--limit-rate` and `--limit-rate-per-host`: so many bytes a second are read of answers. A body that has brought more than
 * that is read no further until its bytes have had their time. What is in one read cannot be divided: it becomes a debt,
 * for which the next reads and the next requests wait. So that a thousand requests do not bring a thousand bodies before
 * anybody knows it, each is charged with what it is likely to bring at once before it is sent.
 */
import { Bucket } from '../shared/bucket.js';

/** Bytes that come at once, at the most: what one read of a socket brings. */
const MAX_READ = 64 << 10;
/** Requests whose bytes count for what the next is likely to bring. */
const MEMORY = 16;
/** Milliseconds for which one that may read on is thought to have something to read: no other is begun beside it. */
const HUNGRY = 50;
/** Servers that are known, from which on those are forgotten that nobody reads from and that owe nothing. */
const MANY = 1024;

export interface ThrottleOptions {
  /** Bytes a second, over all servers. */
  readonly total: number | undefined;
  /** Bytes a second, for each server. */
  readonly perHost: number | undefined;
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

/** One bound on bytes, and the bodies that wait for it: first come, first served, with one timer for all. */
class Valve {
  readonly #bucket: Bucket;
  /** Milliseconds for a byte. */
  readonly #each: number;
  readonly #clock: () => number;
  readonly #waiting = new Set<Ration>();
  #timer: NodeJS.Timeout | undefined;
  /** Of those that may read on, the ones that have read nothing since. */
  readonly #hungry = new Set<Ration>();
  /** When the last of them was told. */
  #toldAt = 0;
  /** Requests under way. */
  running = 0;

  constructor(perSecond: number, clock: () => number) {
    this.#bucket = new Bucket(perSecond);
    this.#each = 1000 / perSecond;
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Milliseconds until the next request may be sent: never before the bodies that wait. */
  pause(now: number): number {
    const pause = this.#bucket.pause(now);
    if (this.#waiting.size > 0) return Math.max(1, pause);
    return this.#hungry.size > 0 ? Math.max(pause, this.#toldAt + HUNGRY - now) : pause;
  }

  /** How many that bring so many bytes may be sent now, and in how many milliseconds another one. */
  outlook(now: number, bytes: number): { free: number; pause: number } {
    const pause = this.pause(now);
    if (pause > 0) return { free: 0, pause };
    return { free: Math.max(1, Math.floor(this.#bucket.free(now) / bytes)), pause: bytes * this.#each };
  }

  /** Whether nothing is owed. */
  charge(now: number, bytes: number, ration: Ration): boolean {
    this.#hungry.delete(ration);
    this.#bucket.take(now, bytes);
    return this.#bucket.pause(now) === 0;
  }

  /** Less is owed than was thought. */
  giveBack(now: number, bytes: number): void {
    this.#bucket.take(now, -bytes);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wake(now);
  }

  owes(now: number): boolean {
    return this.#waiting.size > 0 || this.#bucket.pause(now) > 0;
  }

  wait(ration: Ration, now: number): void {
    this.#waiting.add(ration);
    this.#wake(now);
  }

  leave(ration: Ration): void {
    this.#hungry.delete(ration);
    this.#waiting.delete(ration);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wake(now: number): void {
    if (this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#letGo();
      },
      Math.ceil(this.#bucket.pause(now)),
    );
  }

  /** Each that goes on is charged at once with what has come for it meanwhile. */
  #letGo(): void {
    for (let left = this.#waiting.size; left > 0 && this.#bucket.pause(this.#clock()) === 0; left -= 1) {
      const [first] = this.#waiting;
      if (first === undefined) break;
      this.#waiting.delete(first);
      this.#hungry.add(first);
      this.#toldAt = this.#clock();
      first.goOn(this);
    }
    this.#wake(this.#clock());
  }
}

/** What one request may read. */
export class Ration {
  readonly #throttle: Throttle;
  readonly #valves: readonly Valve[];
  readonly #onMore: () => void;
  /** Bytes that it was charged with before it was sent, and that have not come. */
  #credit: number;
  #received = 0;
  #over = false;

  /** @param onMore told when it may read on */
  constructor(throttle: Throttle, valves: readonly Valve[], credit: number, onMore: () => void) {
    this.#throttle = throttle;
    this.#valves = valves;
    this.#credit = credit;
    this.#onMore = onMore;
    const now = throttle.now;
    for (const valve of valves) {
      valve.running += 1;
      valve.charge(now, credit, this);
    }
  }

  /** @returns the bound for which it owes more than has had its time */
  count(bytes: number): Valve | undefined {
    this.#received += bytes;
    const charged = Math.max(0, bytes - this.#credit);
    this.#credit = Math.max(0, this.#credit - bytes);
    if (charged === 0) return undefined;
    const now = this.#throttle.now;
    let owing: Valve | undefined;
    for (const valve of this.#valves) if (!valve.charge(now, charged, this)) owing ??= valve;
    return owing;
  }

  /** @returns false where nothing more is to be read until it is told */
  take(bytes: number): boolean {
    const owing = this.count(bytes);
    owing?.wait(this, this.#throttle.now);
    return owing === undefined;
  }

  /** The bytes of one of its bounds have had their time; those of the next may not have. */
  goOn(from: Valve): void {
    const now = this.#throttle.now;
    const next = this.#valves.slice(this.#valves.indexOf(from) + 1).find((valve) => valve.owes(now));
    if (next === undefined) this.#onMore();
    else next.wait(this, now);
  }

  /** It reads nothing more. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const now = this.#throttle.now;
    for (const valve of this.#valves) {
      valve.running -= 1;
      valve.leave(this);
      if (this.#credit > 0) valve.giveBack(now, this.#credit);
    }
    this.#credit = 0;
    this.#throttle.learn(this.#received);
  }
}

export class Throttle {
  readonly #clock: () => number;
  readonly #total: Valve | undefined;
  readonly #perHost: number | undefined;
  readonly #hosts = new Map<string, Valve>();
  #many = MANY;
  /** Bytes that a request is likely to bring at once. */
  #likely = MAX_READ;
  #known = 0;

  constructor({ total, perHost, clock }: ThrottleOptions) {
    this.#clock = clock;
    this.#total = total === undefined ? undefined : new Valve(total, clock);
    this.#perHost = perHost;
  }

  get now(): number {
    return this.#clock();
  }

  /** The bound for which bodies wait at the moment. */
  get heldBy(): 'total' | 'host' | undefined {
    if ((this.#total?.waiting ?? 0) > 0) return 'total';
    for (const { waiting } of this.#hosts.values()) if (waiting > 0) return 'host';
    return undefined;
  }

  /** Milliseconds until a request may be sent, whatever its server. */
  pause(now: number): number {
    return this.#total?.pause(now) ?? 0;
  }

  /** Whether one may be sent to that server. */
  isFree(origin: string, now: number): boolean {
    return (this.#hosts.get(origin)?.pause(now) ?? 0) === 0;
  }

  /** How many may be sent to that server now, and in how many milliseconds another one. */
  outlook(origin: string, now: number): { readonly free: number; readonly pause: number } {
    return this.#hosts.get(origin)?.outlook(now, this.#likely) ?? { free: 1, pause: 1 };
  }

  /** A request is sent. @param onMore told when it may read on, never from inside a callback of a response */
  begin(origin: string, onMore: () => void): Ration {
    const host = this.#perHost === undefined ? undefined : this.#of(origin, this.#perHost);
    const valves = [host, this.#total].filter((valve) => valve !== undefined);
    return new Ration(this, valves, Math.ceil(this.#likely), onMore);
  }

  /** So much did a request bring in all. */
  learn(bytes: number): void {
    if (bytes === 0) return;
    this.#known = Math.min(MEMORY, this.#known + 1);
    this.#likely += (Math.min(bytes, MAX_READ) - this.#likely) / this.#known;
  }

  #of(origin: string, perSecond: number): Valve {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    if (this.#hosts.size >= this.#many) this.#forget();
    const valve = new Valve(perSecond, this.#clock);
    this.#hosts.set(origin, valve);
    return valve;
  }

  #forget(): void {
    const { now } = this;
    for (const [origin, valve] of this.#hosts) {
      if (valve.running === 0 && valve.pause(now) === 0) this.#hosts.delete(origin);
    }
    this.#many = Math.max(MANY, 2 * this.#hosts.size);
  }
}
