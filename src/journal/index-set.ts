/** A set of whole numbers, a bit for each up to the largest. */

const LEAST_BYTES = 1 << 10;

export class IndexSet {
  #bits = new Uint8Array(LEAST_BYTES);
  #next = 0;

  /** The lowest number above all that are in it. */
  get next(): number {
    return this.#next;
  }

  add(index: number): void {
    this.#next = Math.max(this.#next, index + 1);
    const at = index >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, 2 * this.#bits.length));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at] = (this.#bits[at] as number) | (1 << (index & 7));
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  clear(): void {
    this.#bits = new Uint8Array(LEAST_BYTES);
    this.#next = 0;
  }
}
