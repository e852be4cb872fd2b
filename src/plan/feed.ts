/** Hands out what is planned one by one, without waiting, and gets more when there is none. */

export class Feed<T> {
  readonly #source: AsyncGenerator<readonly T[], void, undefined>;
  #values: readonly T[] = [];
  #next = 0;
  #ended = false;
  #loading = false;

  constructor(source: AsyncGenerator<readonly T[], void, undefined>) {
    this.#source = source;
  }

  /** The next value; undefined when more has to be loaded first. */
  get first(): T | undefined {
    return this.#values[this.#next];
  }

  /** Nothing is left and nothing will come. */
  get ended(): boolean {
    return this.#ended && this.#next === this.#values.length;
  }

  dropFirst(): void {
    this.#next += 1;
  }

  /**
   * Gets more values, when the last ones are used up. Does nothing while it is at it already.
   *
   * @throws what the source throws; it has ended then
   */
  async load(): Promise<void> {
    if (this.#loading || this.#ended) return;
    this.#loading = true;
    try {
      const { done, value } = await this.#source.next();
      this.#values = done === true ? [] : value;
      this.#next = 0;
      this.#ended = done === true;
    } catch (error) {
      this.#ended = true;
      throw error;
    } finally {
      this.#loading = false;
    }
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** Nothing more is wanted. A source that stalls is not waited for. */
  close(): void {
    void this.#source.return();
  }
}
