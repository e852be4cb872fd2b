/** The servers that are asked by HTTP/2, or may be: loaded by the first of them. */
import type { Socket } from 'node:net';
import { UNWANTED } from '../unwanted.js';
import { Multiplexer } from './multiplexer.js';

export interface OriginsOptions {
  /** Milliseconds, as for all connections. */
  readonly timeout: number;
  /** Connects to a server by TLS and offers both versions. */
  readonly connect: (origin: string, callback: (...result: [Error, null] | [null, Socket]) => void) => void;
}

export class Origins {
  readonly #options: OriginsOptions;
  /** Maps keep their order: the first has waited longest. */
  readonly #all = new Map<string, Multiplexer>();

  constructor(options: OriginsOptions) {
    this.#options = options;
  }

  get(origin: string): Multiplexer | undefined {
    return this.#all.get(origin);
  }

  /** @param most servers whose connections are kept without use */
  open(origin: string, most: number): Multiplexer {
    const { timeout, connect } = this.#options;
    const known = this.#all.get(origin);
    const multiplexer = known ?? new Multiplexer({ origin, timeout, connect: (callback) => connect(origin, callback) });
    if (known !== undefined) this.#all.delete(origin);
    this.#all.set(origin, multiplexer);
    if (known === undefined) this.keep(most);
    return multiplexer;
  }

  /** Closes connections that carry nothing, until there are no more servers than these. */
  keep(most: number): void {
    for (const [origin, multiplexer] of this.#all) {
      if (this.#all.size <= most) return;
      if (!multiplexer.isIdle) continue;
      this.#all.delete(origin);
      multiplexer.destroy(UNWANTED);
    }
  }

  destroy(): void {
    for (const multiplexer of this.#all.values()) multiplexer.destroy(UNWANTED);
    this.#all.clear();
  }
}
