/** Loads what reads leniently when there is something to read. */
import type { Carrier, Request, ResponseHandler } from '../client.js';
import { UNWANTED } from '../unwanted.js';
import type { LenientClient, LenientOptions } from './client.js';

export class LenientCarrier implements Carrier {
  readonly #options: LenientOptions;
  #client: LenientClient | undefined;
  destroyed = false;

  constructor(options: LenientOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.destroyed;
  }

  async dispatch(request: Request, handler: ResponseHandler): Promise<void> {
    const { LenientClient } = await import('./client.js');
    if (this.destroyed) handler.onError(UNWANTED);
    else this.#client = new LenientClient(this.#options, request, handler);
  }

  /** It is closed when its answer is over. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    this.destroyed = true;
    this.#client?.destroy();
    return Promise.resolve();
  }
}
