/** How a run was some time ago, against which it is told how fast it is of late. */

/** A moment of a run, with what is counted of it. */
interface Moment {
  /** Seconds since its start. */
  readonly elapsed: number;
}

/** Seconds between two moments that are remembered at the least. */
const APART = 1;

export class Recent<M extends Moment> {
  readonly #seconds: number;
  /** The first is where the time begins that counts. */
  readonly #moments: [M, ...M[]];

  /** @param seconds how far back it goes */
  constructor(seconds: number, start: M) {
    this.#seconds = seconds;
    this.#moments = [start];
  }

  /** @returns how it was so long ago, or as long ago as it has run */
  since(now: M): M {
    const moments = this.#moments;
    while (moments[1] !== undefined && now.elapsed - moments[1].elapsed >= this.#seconds) moments.shift();
    const [since] = moments;
    if (now.elapsed - (moments.at(-1) ?? since).elapsed >= APART) moments.push(now);
    return since;
  }
}
