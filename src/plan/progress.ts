/** How many entries a plan will have: known when it has ended, and before that told by the share of its lists that is read. */
import type { Source } from '../lists/source.js';

export interface Total {
  readonly count: number;
  /** Told by the share that is read; else it is known. */
  readonly isEstimate: boolean;
}

export class PlanProgress {
  /** Entries of sources that are in memory: they are known before they are planned. */
  #known = 0;
  /** Of those of lists, and what share of the lists they are; both of one moment. */
  #listed = 0;
  #share: number | undefined;
  #ended: number | undefined;

  /** What else there is than what is known: lists, of which a share is read, or what nobody can tell. */
  #others: 'none' | 'lists' | 'endless' = 'none';

  /** Of each source, before anything is planned. */
  expect(source: Source): void {
    if (source.kind === 'urls' && Array.isArray(source.urls)) this.#known += source.urls.length;
    else if (source.kind === 'entries') this.#known += source.count;
    else if (source.kind === 'urls' || source.kind === 'items') this.#others = 'endless';
    else if (this.#others === 'none') this.#others = 'lists';
  }

  /**
   * @param planned entries of lists so far
   * @param share of the bytes of all lists, 0 to 1; undefined if they have no end that is known
   */
  note(planned: number, share: number | undefined): void {
    this.#listed = planned;
    this.#share = share;
  }

  /** @param planned entries in all */
  end(planned: number): void {
    this.#ended = planned;
  }

  /** Whether it is known that there are no more. */
  isAtMost(count: number): boolean {
    const { total } = this;
    return total !== undefined && !total.isEstimate && total.count <= count;
  }

  /** Undefined while nothing tells. */
  get total(): Total | undefined {
    if (this.#ended !== undefined) return { count: this.#ended, isEstimate: false };
    if (this.#others === 'none') return { count: this.#known, isEstimate: false };
    if (this.#others === 'endless' || this.#share === undefined || this.#share === 0) return undefined;
    return { count: this.#known + Math.round(this.#listed / this.#share), isEstimate: true };
  }
}
