/**
 * Hands out what is planned one by one, without waiting, and gets more when there is none; with an admission between, so
 * many ahead that nobody waits for it.
 */

/** What becomes of a batch before it is handed out; batches are handed out in order, whenever each is admitted. */
export type Admit<T, U> = (batch: readonly T[]) => readonly U[] | Promise<readonly U[]>;

export class ReadAhead<T, U> {
  readonly #source: AsyncGenerator<readonly T[], void, undefined>;
  readonly #admit: Admit<T, U>;
  readonly #ahead: number;
  #primed: Promise<IteratorResult<readonly T[], void>> | undefined;
  #values: readonly U[] = [];
  #next = 0;
  /** Admitted, and behind those that are handed out. */
  readonly #admitted: (readonly U[])[] = [];
  /** Values that came from the source and are not handed out. */
  #held = 0;
  /** The admissions so far, one after the other. */
  #admissions: Promise<void> = Promise.resolve();
  #filling = false;
  #sourceEnded = false;
  #inFlight = 0;
  #failure: { readonly error: unknown } | undefined;
  /** Who waits for a value or the end. */
  #woken: (() => void)[] = [];

  /** @param ahead values that are got from the source before they are needed */
  constructor(source: AsyncGenerator<readonly T[], void, undefined>, admit: Admit<T, U>, ahead = 0) {
    this.#source = source;
    this.#admit = admit;
    this.#ahead = ahead;
  }

  /** The next value; undefined when more has to be loaded first. */
  get first(): U | undefined {
    return this.#values[this.#next];
  }

  /** Nothing is left and nothing will come. */
  get ended(): boolean {
    return this.#sourceEnded && this.#inFlight === 0 && this.#admitted.length === 0 && this.first === undefined;
  }

  /** Waiting for the source. */
  get loading(): boolean {
    return this.#filling && this.first === undefined && this.#inFlight === 0;
  }

  dropFirst(): void {
    this.#next += 1;
    this.#held -= 1;
    if (this.#next === this.#values.length) this.#turnOver();
    if (this.#held < this.#ahead / 2) void this.#fill();
  }

  /**
   * Gets the first batch and keeps it.
   *
   * @throws what the source throws
   */
  async prime(): Promise<void> {
    this.#primed = this.#source.next();
    await this.#primed;
  }

  /**
   * Returns when there is a value, or none will come.
   *
   * @throws what the source or an admission throws, once; the feed has ended then
   */
  async load(): Promise<void> {
    while (this.first === undefined && !this.ended && this.#failure === undefined) {
      const woken = new Promise<void>((resolve) => {
        this.#woken.push(resolve);
      });
      if (this.#inFlight === 0) void this.#fill();
      await woken;
    }
    if (this.first !== undefined || this.#failure === undefined) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  /** Nothing more is wanted. A source that stalls is not waited for. */
  close(): void {
    void this.#source.return();
  }

  async #fill(): Promise<void> {
    if (this.#filling || this.#sourceEnded) return;
    this.#filling = true;
    try {
      do {
        const { done, value } = await (this.#primed ?? this.#source.next());
        this.#primed = undefined;
        if (done === true) this.#sourceEnded = true;
        else this.#take(value);
      } while (!this.#sourceEnded && this.#held < this.#ahead);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#filling = false;
      this.#tell();
    }
  }

  #take(batch: readonly T[]): void {
    const admitted = this.#admit(batch);
    this.#held += batch.length;
    if (this.#inFlight === 0 && !(admitted instanceof Promise)) {
      this.#add(admitted, batch.length);
      return;
    }
    this.#inFlight += 1;
    const add = async (): Promise<void> => {
      const values = await admitted;
      this.#inFlight -= 1;
      this.#add(values, batch.length);
    };
    // An admission that fails before its turn is not lost: its turn will come.
    if (admitted instanceof Promise) admitted.catch(() => undefined);
    this.#admissions = this.#admissions.then(add).catch((error: unknown) => {
      this.#inFlight -= 1;
      this.#fail(error);
    });
  }

  /** @param length of the batch, of which some may not have been admitted */
  #add(values: readonly U[], length: number): void {
    this.#held -= length - values.length;
    if (values.length > 0) this.#admitted.push(values);
    if (this.first === undefined) this.#turnOver();
    this.#tell();
    // Where nothing of it was admitted, nobody drops anything.
    if (this.#held < this.#ahead / 2) void this.#fill();
  }

  #turnOver(): void {
    this.#values = this.#admitted.shift() ?? [];
    this.#next = 0;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#sourceEnded = true;
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#woken.splice(0)) wake();
  }
}
