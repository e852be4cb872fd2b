/** How fast a run is of late: over the last ten seconds. */

interface Point {
  /** Seconds since the start. */
  readonly elapsed: number;
  /** Items that have an outcome, and bytes that are stored. */
  readonly ended: number;
  readonly bytes: number;
}

const SECONDS = 10;

export class Recent {
  #points: Point[] = [{ elapsed: 0, ended: 0, bytes: 0 }];

  note(point: Point): void {
    this.#points.push(point);
    // The first one is where the time begins.
    while ((this.#points[1]?.elapsed ?? Infinity) <= point.elapsed - SECONDS) this.#points.shift();
  }

  /** A second. */
  get rates(): { readonly rate: number; readonly bytes: number } {
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    if (first === undefined || last === undefined || last.elapsed === first.elapsed) return { rate: 0, bytes: 0 };
    const seconds = last.elapsed - first.elapsed;
    return { rate: (last.ended - first.ended) / seconds, bytes: (last.bytes - first.bytes) / seconds };
  }
}
