/** A list of numbers that grows, 8 bytes each. */
export class Numbers {
  #numbers = new Float64Array(1024);

  /** Zero for one that was never set. */
  get(at: number): number {
    return this.#numbers[at] ?? 0;
  }

  set(at: number, value: number): void {
    if (at >= this.#numbers.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = value;
  }
}
