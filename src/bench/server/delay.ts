/** Lets thousands wait, all equally long, with one timer: who came first is due first. */

export class Delay<T> {
  /** Milliseconds. */
  readonly #wait: number;
  readonly #then: (item: T) => void;
  /** When each is due. Maps keep their order. */
  readonly #due = new Map<T, number>();
  #armed = false;

  constructor(wait: number, then: (item: T) => void) {
    this.#wait = wait;
    this.#then = then;
  }

  /** Each item once at a time. */
  add(item: T): void {
    if (this.#wait === 0) {
      this.#then(item);
      return;
    }
    this.#due.set(item, performance.now() + this.#wait);
    if (!this.#armed) this.#arm(this.#wait);
  }

  remove(item: T): void {
    this.#due.delete(item);
  }

  #arm(milliseconds: number): void {
    this.#armed = true;
    setTimeout(() => this.#fire(), Math.ceil(milliseconds));
  }

  #fire(): void {
    this.#armed = false;
    for (const [item, due] of this.#due) {
      // Timers count whole milliseconds and may come up to one too early.
      const early = due - performance.now();
      if (early > 0) {
        this.#arm(early);
        return;
      }
      this.#due.delete(item);
      this.#then(item);
    }
  }
}
