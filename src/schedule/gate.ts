/**
 * What bounds all requests together, whatever their server: asked before an item is taken. So nobody waits inside, and there
 * is one timer, which is set only where something is refused. Where it were a limit on each server, all that wait would come
 * up for each request that may go.
 */

/** One bound. Times are milliseconds of one monotonic clock. */
export interface GlobalLimit {
  /** What it is asked for with: `--rate`. */
  readonly option: string;
  /** Milliseconds until a request may go; 0 where it may go now. */
  pause(now: number): number;
  /** A request begins. */
  begun?(now: number): void;
}

export class Gate {
  readonly #limits: readonly GlobalLimit[];
  readonly #clock: () => number;
  readonly #onOpen: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When that goes off. */
  #wakesAt = Infinity;
  #heldBy: string | undefined;

  /** @param onOpen called when what was refused may go */
  constructor(limits: readonly GlobalLimit[], clock: () => number, onOpen: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onOpen = onOpen;
  }

  /** Whether a request may go now; if not, it is told when one may. */
  get isOpen(): boolean {
    const now = this.#clock();
    let pause = 0;
    this.#heldBy = undefined;
    for (const limit of this.#limits) {
      const own = limit.pause(now);
      if (own <= pause) continue;
      pause = own;
      this.#heldBy = limit.option;
    }
    if (pause === 0) return true;
    if (now + pause < this.#wakesAt) this.#wakeAfter(pause, now);
    return false;
  }

  /** The bound that has refused what was asked for last; undefined where none has. */
  get heldBy(): string | undefined {
    return this.#heldBy;
  }

  begun(): void {
    const now = this.#clock();
    for (const limit of this.#limits) limit.begun?.(now);
  }

  /** Nothing waits any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#wakesAt = Infinity;
  }

  #wakeAfter(pause: number, now: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = now + pause;
    this.#timer = setTimeout(() => {
      this.#wakesAt = Infinity;
      this.#onOpen();
    }, Math.ceil(pause));
  }
}
