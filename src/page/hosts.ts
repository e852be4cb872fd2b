/** Which servers are slow and which fail: of some hundred at the most, those that are worst. */
import type { ErrorCode } from '../errors.js';
import type { Outcome } from '../outcome.js';
import { printable } from '../shared/printable.js';

export interface HostFigures {
  /** With its port, where that is not the usual one. */
  readonly host: string;
  /** Items that have an outcome. */
  readonly items: number;
  /** Of these, those that failed. */
  readonly failed: number;
  /** Requests that were tried again. */
  readonly again: number;
  /** Milliseconds until an answer began, of late; null where none did. */
  readonly answer: number | null;
  /** Of the last failure; null where there was none. */
  readonly code: ErrorCode | null;
}

export interface Hosts {
  readonly slowest: readonly HostFigures[];
  readonly failing: readonly HostFigures[];
  /** Servers were left out that were quicker and failed less. */
  readonly isPartial: boolean;
}

interface Figures {
  readonly host: string;
  items: number;
  failed: number;
  again: number;
  answer: number | null;
  /** Answers that were timed, as far as that matters. */
  timed: number;
  code: ErrorCode | null;
}

/** Servers that are known at the most, and how many are left when they would be more. */
const MOST = 512;
const LEFT = 256;
/** Servers that are shown of each kind. */
const SHOWN = 10;
/** Answers that a mean reaches back. */
const LATE = 32;
/** Characters of a name that are shown. */
const LONGEST = 200;

export class HostTable {
  readonly #hosts = new Map<string, Figures>();
  /** Lists often have many items of one server one after the other. */
  #last: Figures | undefined;
  #isPartial = false;

  note(outcome: Outcome): void {
    const { status, url } = outcome;
    if (status === 'skipped' || status === 'disallowed' || status === 'filtered') return;
    // A line that is no URL may have a password anywhere.
    const host = status === 'error' && outcome.error.code === 'LIST_LINE' ? undefined : hostOf(url);
    if (host === undefined) return;
    const figures = this.#last?.host === host ? this.#last : this.#of(host);
    this.#last = figures;
    figures.items += 1;
    figures.again += Math.max(0, (outcome.tries ?? 1) - 1);
    const { times } = outcome;
    if (times?.answered !== undefined) {
      figures.timed = Math.min(LATE, figures.timed + 1);
      const before = figures.answer ?? 0;
      figures.answer = before + (Math.max(0, times.answered - times.asked) - before) / figures.timed;
    }
    if (status === 'ok') return;
    figures.failed += 1;
    figures.code = outcome.error.code;
  }

  /** Servers that are known. */
  get size(): number {
    return this.#hosts.size;
  }

  get worst(): Hosts {
    const all = [...this.#hosts.values()];
    return {
      slowest: all
        .filter(({ answer }) => answer !== null)
        .sort(bySlowness)
        .slice(0, SHOWN)
        .map(plain),
      failing: all
        .filter(({ failed }) => failed > 0)
        .sort(byFailures)
        .slice(0, SHOWN)
        .map(plain),
      isPartial: this.#isPartial,
    };
  }

  #of(host: string): Figures {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    if (this.#hosts.size >= MOST) this.#prune();
    const figures = { host, items: 0, failed: 0, again: 0, answer: null, timed: 0, code: null };
    this.#hosts.set(host, figures);
    return figures;
  }

  /** Those stay that fail most, and of the others the slowest. */
  #prune(): void {
    this.#isPartial = true;
    const all = [...this.#hosts.values()];
    const failing = all
      .filter(({ failed }) => failed > 0)
      .sort(byFailures)
      .slice(0, LEFT / 2);
    const stay = new Set(failing);
    for (const figures of all.sort(bySlowness)) if (stay.size < LEFT) stay.add(figures);
    for (const figures of all) if (!stay.has(figures)) this.#hosts.delete(figures.host);
  }
}

function bySlowness(a: Figures, b: Figures): number {
  return (b.answer ?? 0) - (a.answer ?? 0);
}

function byFailures(a: Figures, b: Figures): number {
  return b.failed - a.failed;
}

function plain({ host, items, failed, again, answer, code }: Figures): HostFigures {
  return {
    host: printable(host, LONGEST),
    items,
    failed,
    again,
    answer: answer === null ? null : Math.round(answer),
    code,
  };
}

/** Of what is no URL there is none. It is asked of every item, so nothing is parsed. */
function hostOf(url: string): string | undefined {
  const scheme = url.startsWith('https://') ? 8 : url.startsWith('http://') ? 7 : 0;
  if (scheme === 0) return undefined;
  const slash = url.indexOf('/', scheme);
  const authority = slash === -1 ? url.slice(scheme) : url.slice(scheme, slash);
  return authority.slice(authority.lastIndexOf('@') + 1);
}
