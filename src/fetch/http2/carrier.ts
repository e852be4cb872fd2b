/** Carries a request to a server of which the first connection shows whether it speaks HTTP/2. */
import type { Socket } from 'node:net';
import type { Carrier, Request, ResponseHandler } from '../client.js';
import { UNWANTED } from '../unwanted.js';
import type { Exchange } from './exchange.js';
import type { Multiplexer } from './multiplexer.js';

export class NegotiatedCarrier implements Carrier {
  readonly #multiplexer: () => Promise<Multiplexer>;
  readonly #openHttp1: (socket?: Socket) => Carrier;
  #exchange: Exchange | undefined;
  /** Where the server speaks nothing else: what carries this request and, perhaps, others after it. */
  #http1: Carrier | undefined;
  destroyed = false;

  constructor(multiplexer: () => Promise<Multiplexer>, openHttp1: (socket?: Socket) => Carrier) {
    this.#multiplexer = multiplexer;
    this.#openHttp1 = openHttp1;
  }

  get closed(): boolean {
    return this.destroyed;
  }

  /** A stream is ended by its server, or it is broken off. */
  get provesEnds(): boolean {
    return this.#http1 === undefined;
  }

  async dispatch(request: Request, handler: ResponseHandler): Promise<void> {
    if (this.#http1 !== undefined) {
      this.#http1.dispatch(request, handler);
      return;
    }
    const multiplexer = await this.#multiplexer();
    if (this.destroyed) handler.onError(UNWANTED);
    else {
      this.#exchange = multiplexer.carry(request, handler, (socket) => {
        this.#http1 = this.#openHttp1(socket);
        this.#http1.dispatch(request, handler);
      });
    }
  }

  async close(): Promise<void> {
    await this.#http1?.close();
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    this.#exchange?.cancel();
    await this.#http1?.destroy();
  }
}
