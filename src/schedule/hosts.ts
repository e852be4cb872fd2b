/** What each server can be asked for at the moment: what all limits allow. Pure: the clock and the chance are passed in. */
import type { AttemptFailure } from '../fetch/failure.js';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.js';
import type { Host, Limit, Outlook, Permit } from './limit.js';
import { RequestsPerHost } from './requests-per-host.js';

/** Servers that are known, from which on those are forgotten of which there is nothing to know. */
const MANY = 1024;

export interface HostsOptions extends BreakerOptions {
  /** Requests to one server at once. */
  readonly maxRequests: number;
  /** Besides that, and besides leaving alone who fails. */
  readonly limits?: readonly Limit[];
  /** Milliseconds, monotonic. */
  readonly clock: () => number;
}

export class Hosts {
  readonly #clock: () => number;
  readonly #limits: Limit[];
  readonly #hosts = new Map<string, Host>();
  #many = MANY;

  constructor(options: HostsOptions) {
    this.#clock = options.clock;
    this.#limits = [new RequestsPerHost(options.maxRequests), new CircuitBreaker(options), ...(options.limits ?? [])];
  }

  /** For what not every run limits. */
  limitBy(...limits: readonly Limit[]): void {
    this.#limits.push(...limits);
  }

  of(origin: string): Host {
    const known = this.#hosts.get(origin);
    if (known !== undefined) return known;
    if (this.#hosts.size >= this.#many) this.#forget();
    const host: Host = { origin, running: 0, parked: 0, answered: false, breaker: undefined };
    this.#hosts.set(origin, host);
    return host;
  }

  /** Begins a request when all limits permit it. Each that begins ends with {@link leave}. */
  enter(host: Host): Permit {
    const now = this.#clock();
    for (const limit of this.#limits) {
      const permit = limit.permit(host, now);
      if (permit !== true) return permit;
    }
    for (const limit of this.#limits) limit.begun?.(host, now);
    host.running += 1;
    return true;
  }

  /** A request is sent once more, without having been permitted. */
  again(host: Host): void {
    const now = this.#clock();
    for (const limit of this.#limits) limit.again?.(host, now);
  }

  /** The server has begun to answer. */
  answer(host: Host, status: number): void {
    for (const limit of this.#limits) limit.answered?.(host, status);
  }

  /** A request to the server is over. */
  leave(host: Host, failure?: AttemptFailure): void {
    host.running -= 1;
    const now = this.#clock();
    for (const limit of this.#limits) limit.ended?.(host, now, failure);
  }

  /** Where nobody may come up there is a pause, or a request in flight, which ends with {@link leave}. */
  outlook(host: Host): Outlook {
    const now = this.#clock();
    let free = Infinity;
    let pause = Infinity;
    for (const limit of this.#limits) {
      const outlook = limit.outlook(host, now);
      const own = Math.max(0, outlook.free);
      // The longest: before all of them permit it, nobody may. One without an end waits for a request in flight.
      if (own < free) pause = outlook.pause ?? Infinity;
      else if (own === free) pause = Math.max(pause, outlook.pause ?? Infinity);
      free = Math.min(free, own);
    }
    return pause < Infinity ? { free, pause } : { free };
  }

  /** The option that keeps those from coming up who wait for a server; undefined where none does. */
  heldBy(host: Host): string | undefined {
    const now = this.#clock();
    return this.#limits.find((limit) => limit.option !== undefined && limit.outlook(host, now).free <= 0)?.option;
  }

  /** Whether it has failed so often that it is left alone for a while. */
  isDown(origin: string): boolean {
    const breaker = this.#hosts.get(origin)?.breaker;
    return breaker !== undefined && breaker.opened > 0;
  }

  #forget(): void {
    const now = this.#clock();
    for (const [origin, host] of this.#hosts) {
      const { running, parked, breaker } = host;
      if (running > 0 || parked > 0 || (breaker !== undefined && breaker.opened > 0)) continue;
      if (this.#limits.every((limit) => limit.knowsNothingOf?.(host, now) !== false)) this.#hosts.delete(origin);
    }
    this.#many = Math.max(MANY, 2 * this.#hosts.size);
  }
}
