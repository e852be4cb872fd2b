/** Decides when what waits goes to a worker: when one could begin with it, and when it is worth a message. */
import { Backlog, type Batch } from './backlog.js';
import type { Body } from '../body.js';

/** Milliseconds that a body waits for company in its batch, while a worker could begin with it. */
const DELAY = 5;

/** Bodies in a batch at the most, whatever their size: what a message costs is little for so many. */
export const MAX_BATCH = 256;

export interface Receiver {
  /** Batches that should be under way; asked whenever one could be sent. */
  capacity(): number;
  /** Bodies in a batch at the most. */
  most(): number;
  /** Told of each batch; answers with {@link Batcher.done}, later. */
  send(batch: Batch): void;
}

export class Batcher {
  readonly #receiver: Receiver;
  readonly #backlog = new Backlog();
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** Bodies that have not been sent. */
  get waiting(): number {
    return this.#backlog.length;
  }

  /** Batches that are sent and not done. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Bodies that wait for one of so many writers: not those that could be sent, nor the batches that writers have in hand.
   * A batch that waits for its writer counts as one.
   */
  waitingFor(writers: number): number {
    return this.#inFlight < writers ? 0 : this.#inFlight - writers + this.#backlog.length;
  }

  add(body: Body): void {
    this.#backlog.add(body);
    this.#sendFull();
    if (this.#backlog.length === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, DELAY);
  }

  /** The batch is accounted for: its memory may be used again, and its worker does the next. */
  done(batch: Batch): void {
    this.#backlog.release(batch);
    this.#inFlight -= 1;
    this.flush();
  }

  /** Sends what there is, as far as workers could begin with it; the rest may as well grow. */
  flush(): void {
    while (this.#backlog.length > 0 && this.#hasCapacity) this.#send();
  }

  #sendFull(): void {
    while (this.#hasCapacity && (this.#backlog.full || this.#backlog.length >= this.#receiver.most())) this.#send();
  }

  get #hasCapacity(): boolean {
    return this.#inFlight < this.#receiver.capacity();
  }

  #send(): void {
    const batch = this.#backlog.take(this.#receiver.most());
    this.#inFlight += 1;
    this.#receiver.send(batch);
  }
}
