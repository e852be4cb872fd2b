/**
 * Bounds how many requests run at once. Not a queue: the pipeline asks for a slot before it takes the next item,
 * so nothing ever waits inside.
 */
export class Semaphore {
  #slots: number;
  #taken = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  get slots(): number {
    return this.#slots;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether the next one to ask gets a slot. */
  get isFree(): boolean {
    return this.#taken < this.#slots;
  }

  tryAcquire(): boolean {
    if (!this.isFree) return false;
    this.#taken += 1;
    return true;
  }

  /** One slot fewer from now on; the last one stays. */
  shrink(): void {
    this.#slots = Math.max(1, this.#slots - 1);
  }

  release(): void {
    if (this.#taken === 0) throw new RangeError('semaphore released more often than acquired');
    this.#taken -= 1;
  }
}
