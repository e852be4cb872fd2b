/** `--max-requests-per-host`: so many requests to one server at once. */
import type { Host, Limit, Outlook } from './limit.js';

export class RequestsPerHost implements Limit {
  readonly #most: number;

  /** @param most requests; Infinity for no bound */
  constructor(most: number) {
    this.#most = most;
  }

  permit({ running }: Host): boolean {
    return running < this.#most;
  }

  outlook({ running }: Host): Outlook {
    return { free: this.#most - running };
  }
}
