/** How a run that is stopped comes to its end: fetches at once, the store within its grace, and nobody waits for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SluiceError } from '../errors.js';

/**
 * Milliseconds for which a run that stores no more waits for what is being stored. One that was interrupted was asked to
 * be quick; one that the storage stopped was not.
 */
const PATIENCE = { interrupted: 1_500, stopped: 5_000 };
/**
 * Milliseconds in which a run that did not get so far may still remove what is unfinished, and one that was stopped while
 * it began may close what it opened.
 */
const CLEANING = 500;

export class Shutdown {
  readonly #grace: number;
  readonly #onAbandoned: () => void;
  #error: SluiceError | undefined;
  #isStopping = false;
  #stopped = (): void => undefined;
  #abandoned = (): void => undefined;
  /** On shared memory; 1 when what is not yet stored is to be left. */
  readonly cancelled = new Int32Array(new SharedArrayBuffer(4));
  /** Resolves when the run is stopped. */
  readonly stopped = new Promise<void>((resolve) => {
    this.#stopped = resolve;
  });
  /** What is being stored will not come to an end: the storage holds it up. */
  readonly #abandonment = new Promise<void>((resolve) => {
    this.#abandoned = resolve;
  });

  /**
   * @param grace milliseconds for which a run that was interrupted goes on storing what it has fetched
   * @param onAbandoned called when nothing more is waited for
   */
  constructor(grace: number, onAbandoned: () => void) {
    this.#grace = grace;
    this.#onAbandoned = onAbandoned;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** What stopped it; undefined for a reader that left. */
  get error(): SluiceError | undefined {
    return this.#error;
  }

  /** @returns false when it was stopped before */
  stop(error: SluiceError | undefined): boolean {
    if (this.#isStopping) return false;
    this.#isStopping = true;
    this.#error = error;
    this.#stopped();
    const grace = error?.code === 'ABORTED' ? this.#grace : 0;
    if (grace < Infinity) setTimeout(() => this.leave(), grace).unref();
    return true;
  }

  /** Stores no more of what is fetched, and waits no longer than it must. */
  leave(): void {
    Atomics.store(this.cancelled, 0, 1);
    const patience = this.#error?.code === 'ABORTED' ? PATIENCE.interrupted : PATIENCE.stopped;
    setTimeout(() => {
      this.abandon();
      this.#onAbandoned();
    }, patience).unref();
  }

  abandon(): void {
    this.#abandoned();
  }

  /** Waits for what the storage does, unless it holds it up for ever. */
  async wait(work: Promise<unknown> | undefined): Promise<void> {
    await Promise.race([this.#abandonment, work]);
  }

  /** The same for what removes what is unfinished: a little longer. */
  async waitForCleaning(work: Promise<unknown> | undefined): Promise<void> {
    await Promise.race([this.#abandonment.then(() => sleep(CLEANING)), work]);
  }

  /** Nobody waits long for what is being opened and was not wanted any more. */
  async waitForOpening(opened: Promise<unknown>): Promise<void> {
    await Promise.race([opened, sleep(CLEANING)]);
  }
}
