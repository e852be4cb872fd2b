/** Keeps what this thread does at once within a bound of memory, where nobody knows before how much of it there will be. */

export class Gate {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting: { readonly amount: number; readonly enter: () => void }[] = [];

  /** @param limit of what may be inside at once; what is more by itself enters alone */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Does it when there is room, in the order in which it was asked for. */
  async within<T>(amount: number, work: () => T | Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#hasRoom(amount)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ amount, enter: resolve });
      });
    } else {
      this.#inside += amount;
    }
    try {
      return await work();
    } finally {
      this.#inside -= amount;
      this.#letIn();
    }
  }

  #hasRoom(amount: number): boolean {
    return this.#inside === 0 || this.#inside + amount <= this.#limit;
  }

  /** What enters is inside before its promise is looked at. */
  #letIn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.amount); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#inside += next.amount;
      next.enter();
    }
  }
}
