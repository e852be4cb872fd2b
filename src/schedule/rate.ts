/** `--rate`, `--rate-per-host` and `--wait-per-host`: how soon the next request may go. */
import { Bucket } from '../shared/bucket.js';
import type { GlobalLimit } from './gate.js';
import type { Host, Limit, Outlook } from './limit.js';

/** So many requests in a time, to all servers. */
export class Rate implements GlobalLimit {
  readonly option = '--rate';
  readonly #bucket: Bucket;

  /** @param perSecond requests */
  constructor(perSecond: number) {
    this.#bucket = new Bucket(perSecond);
  }

  pause(now: number): number {
    return this.#bucket.pause(now);
  }

  begun(now: number): void {
    this.#bucket.take(now);
  }
}

/** To each server, by a bucket of its own; undefined for one that has not been asked lately. */
class PerHost implements Limit {
  readonly option: string;
  readonly #open: () => Bucket;
  readonly #cost: () => number;
  readonly #buckets = new WeakMap<Host, Bucket>();

  /** @param cost how much of the time between two requests the next one takes */
  constructor(option: string, open: () => Bucket, cost: () => number) {
    this.option = option;
    this.#open = open;
    this.#cost = cost;
  }

  permit(host: Host, now: number): boolean {
    return (this.#buckets.get(host)?.pause(now) ?? 0) === 0;
  }

  outlook(host: Host, now: number): Outlook {
    const bucket = this.#buckets.get(host) ?? this.#open();
    return { free: bucket.free(now), pause: bucket.next(now) };
  }

  begun(host: Host, now: number): void {
    let bucket = this.#buckets.get(host);
    if (bucket === undefined) this.#buckets.set(host, (bucket = this.#open()));
    bucket.take(now, this.#cost());
  }

  again(host: Host, now: number): void {
    this.begun(host, now);
  }

  knowsNothingOf(host: Host, now: number): boolean {
    return this.permit(host, now);
  }
}

/** So many requests in a time, to each server. */
export class RatePerHost extends PerHost {
  /** @param perSecond requests */
  constructor(perSecond: number) {
    super(
      '--rate-per-host',
      () => new Bucket(perSecond),
      () => 1,
    );
  }
}

/** From half to one and a half times as long between two requests to a server, as wget's `--random-wait` has it. */
export class WaitPerHost extends PerHost {
  /**
   * @param milliseconds on average
   * @param random from 0 up to 1
   */
  constructor(milliseconds: number, random: () => number) {
    super(
      '--wait-per-host',
      // Who waits on purpose does not make up for a wait that was longer.
      () => new Bucket(1000 / milliseconds, 0),
      () => 0.5 + random(),
    );
  }
}
