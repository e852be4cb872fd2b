/**
 * `--limit-rate` and `--limit-rate-per-host`, where they hold requests back: no request is sent while bytes of others have
 * not had their time. The bytes themselves are counted by `fetch/throttle.ts`.
 */
import type { Throttle } from '../fetch/throttle.js';
import type { GlobalLimit } from './gate.js';
import type { Host, Limit, Outlook } from './limit.js';

export class ByteRate implements GlobalLimit {
  readonly option = '--limit-rate';
  readonly #throttle: Throttle;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  pause(now: number): number {
    return this.#throttle.pause(now);
  }
}

export class ByteRatePerHost implements Limit {
  readonly option = '--limit-rate-per-host';
  readonly #throttle: Throttle;

  constructor(throttle: Throttle) {
    this.#throttle = throttle;
  }

  permit({ origin }: Host, now: number): boolean {
    return this.#throttle.isFree(origin, now);
  }

  outlook({ origin }: Host, now: number): Outlook {
    return this.#throttle.outlook(origin, now);
  }
}
