/**
 * Bounds the bytes that are fetched and not yet stored. A request reserves the largest body that may be held whole
 * before it starts, and the reservation becomes the body's true size when it is there: so the bound is strict, and a
 * running request is never paused by it. Bytes are free again when the outcome is back.
 */
export class Budget {
  readonly limit: number;
  #held = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes reserved or waiting for storage. */
  get held(): number {
    return this.#held;
  }

  hasRoom(bytes: number): boolean {
    return this.#held + bytes <= this.limit;
  }

  tryReserve(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** For what cannot be refused any more: what is taken beyond the limit keeps others from being taken until it is free. */
  overdraw(bytes: number): void {
    this.#held += bytes;
  }

  free(bytes: number): void {
    if (bytes > this.#held) throw new RangeError(`budget freed ${bytes} bytes of ${this.#held} that it held`);
    this.#held -= bytes;
  }
}
