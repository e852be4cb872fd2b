/** Crawl-delay of robots.txt: so long a time between the beginnings of two requests to one server. */
import type { Bucket } from '../shared/bucket.js';
import type { Host, Limit, Outlook } from './limit.js';

export class CrawlDelay implements Limit {
  readonly #of: (origin: string) => Bucket | undefined;

  /** @param of what holds a server's requests apart; undefined where nothing does */
  constructor(of: (origin: string) => Bucket | undefined) {
    this.#of = of;
  }

  permit({ origin }: Host, now: number): boolean {
    return (this.#of(origin)?.pause(now) ?? 0) === 0;
  }

  outlook({ origin }: Host, now: number): Outlook {
    const bucket = this.#of(origin);
    return bucket === undefined ? { free: Infinity } : { free: bucket.free(now), pause: bucket.next(now) };
  }

  begun({ origin }: Host, now: number): void {
    this.#of(origin)?.take(now);
  }
}
