/** Failures of a run for who watches: the first of them, the first of each cause, and at the end how many there were of each. */
import { count } from '../shared/format.js';
import type { Failed, NotFound } from '../outcome.js';

/** Shown one by one, whatever they come from. */
export const SHOWN_ERRORS = 10;
/** Causes of which one is shown after that, and those that are told of at the end. */
const SHOWN_CAUSES = 20;

interface Cause {
  times: number;
  /** URL of the first of them. */
  readonly example: string;
}

type Failure = NotFound | Failed;

export class Failures {
  #count = 0;
  readonly #causes = new Map<string, Cause>();

  /**
   * @param url safe to print
   * @returns whether it is one to be shown
   */
  note(failure: Failure, url: string): boolean {
    this.#count += 1;
    const cause = causeOf(failure);
    const known = this.#causes.get(cause);
    if (known !== undefined) known.times += 1;
    else if (this.#causes.size < SHOWN_CAUSES) this.#causes.set(cause, { times: 1, example: url });
    return this.#count <= SHOWN_ERRORS || (known === undefined && this.#causes.get(cause)?.times === 1);
  }

  get count(): number {
    return this.#count;
  }

  /** By cause, the most first; nothing where all were shown one by one. */
  describe(): string {
    if (this.#count <= SHOWN_ERRORS) return '';
    const causes = [...this.#causes].toSorted(([, a], [, b]) => b.times - a.times);
    const told = causes.reduce((sum, [, { times }]) => sum + times, 0);
    const lines = causes.map(([cause, { times, example }]) => `  ${times} ${cause}, such as ${example}`);
    if (told < this.#count) lines.push(`  ${this.#count - told} of other causes`);
    return `${count(this.#count, 'item')} failed:\n${lines.join('\n')}\n`;
  }
}

/** Its code, and of answers their status. */
function causeOf({ error: { code, message } }: Failure): string {
  const [, status] = code === 'HTTP_STATUS' ? (/\banswered (\d{3})\b/.exec(message) ?? []) : [];
  return status === undefined ? code : `${code} ${status}`;
}
