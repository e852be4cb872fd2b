/** The last items that failed. */
import type { ErrorCode } from '../errors.js';
import type { Outcome } from '../outcome.js';
import { printable, withoutPassword, withoutUrl } from '../shared/printable.js';

export interface ShownFailure {
  /** In UTC, as in ISO 8601. */
  readonly time: string;
  /** Without the password, safe to print. */
  readonly url: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

type Failure = Extract<Outcome, { readonly status: 'error' | 'not_found' }>;

interface Noted {
  /** In milliseconds since 1970. */
  readonly time: number;
  readonly of: Failure;
}

const SHOWN = 20;
/** Characters of a text that are shown. */
const LONGEST = 500;

export class LastFailures {
  readonly #failures: Noted[] = [];
  #next = 0;

  /** Made to be shown only when somebody looks. */
  note(of: Failure): void {
    this.#failures[this.#next] = { time: Date.now(), of };
    this.#next = (this.#next + 1) % SHOWN;
  }

  /** The last one first. */
  get shown(): readonly ShownFailure[] {
    const { length } = this.#failures;
    const newest = (this.#next + length - 1) % Math.max(1, length);
    return this.#failures.map((_, index) => {
      const { time, of } = this.#failures[(newest - index + length) % length] as Noted;
      const { code, message, hint } = of.error;
      return {
        time: new Date(time).toISOString(),
        url: printable(withoutPassword(of.url), LONGEST),
        code,
        message: printable(withoutUrl(message, of.url), LONGEST),
        hint: printable(hint, LONGEST),
      };
    });
  }
}
