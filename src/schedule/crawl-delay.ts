/** Crawl-delay of robots.txt: so long a time between the beginnings of two requests to one server. */
import type { Host, Limit, Outlook } from './limit.js';

export interface Delayed {
  /** Milliseconds; 0 for none. */
  readonly delay: number;
  /** When the next request may begin, by the clock of limits. */
  next: number;
}

export class CrawlDelay implements Limit {
  readonly #of: (origin: string) => Delayed | undefined;

  /** @param of what is known of a server */
  constructor(of: (origin: string) => Delayed | undefined) {
    this.#of = of;
  }

  permit({ origin }: Host, now: number): boolean {
    const delayed = this.#of(origin);
    return delayed === undefined || now >= delayed.next;
  }

  outlook({ origin }: Host, now: number): Outlook {
    const delayed = this.#of(origin);
    if (delayed === undefined || delayed.delay === 0) return { free: Infinity };
    return now < delayed.next ? { free: 0, pause: delayed.next - now } : { free: 1 };
  }

  begun({ origin }: Host, now: number): void {
    const delayed = this.#of(origin);
    if (delayed !== undefined) delayed.next = now + delayed.delay;
  }
}
