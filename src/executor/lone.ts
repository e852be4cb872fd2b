/**
 * The pool where a run has one item only: a thread takes longer to start than most bodies take to store, so libuv's threads
 * store it. A large body is what a thread of the pool is better at, and it is started for that.
 */
import type { Body, BodyWriter } from '../body.js';
import { type PlainError, toPlain } from '../errors.js';
import type { StoreSettings } from '../protocol/settings.js';
import type { BodySender, Executor, LargeBody, StoreListener } from './executor.js';
import { HeldWriter } from './held-writer.js';
import type { Load } from './load.js';
import { LocalExecutor } from './local.js';

export class LoneExecutor implements Executor {
  readonly #libuv: LocalExecutor;
  readonly #onStored: StoreListener;
  readonly #openPool: () => Promise<Executor>;
  /** Large bodies that wait for the pool. */
  #opening: Promise<void> = Promise.resolve();
  #pool: Executor | undefined;

  constructor(settings: StoreSettings, onStored: StoreListener, openPool: () => Promise<Executor>) {
    this.#libuv = new LocalExecutor('libuv', settings, onStored);
    this.#onStored = onStored;
    this.#openPool = openPool;
  }

  store(body: Body): boolean {
    return this.#libuv.store(body);
  }

  storeLarge(body: LargeBody, sender: BodySender): BodyWriter {
    if (this.#pool !== undefined) return this.#pool.storeLarge(body, sender);
    const held = new HeldWriter({ onRoom: () => sender.onRoom(), onLeft: () => sender.onLeft() });
    this.#opening = this.#opening.then(() => this.#begin(body, sender, held));
    return held;
  }

  takeLoad(): Load {
    return (this.#pool ?? this.#libuv).takeLoad();
  }

  async close(): Promise<void> {
    await this.#libuv.close();
    await this.#opening;
    await this.#pool?.close();
  }

  async #begin(body: LargeBody, sender: BodySender, held: HeldWriter): Promise<void> {
    try {
      this.#pool ??= await this.#openPool();
      if (!held.aborted) held.open(this.#pool.storeLarge(body, sender));
    } catch (error) {
      if (held.aborted) return;
      held.open(undefined);
      this.#onStored(body.item, poolFailed(error));
    }
  }
}

function poolFailed(error: unknown): PlainError {
  return toPlain(error, {
    code: 'WORKER_LOST',
    message: 'no thread could be started to store this file',
    hint: 'run the same command again; if it happens again, report it with the output of --verbose',
  });
}
