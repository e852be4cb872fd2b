/** Counts outcomes for the account of a run. */
import { basename } from 'node:path';
import type { ErrorCode } from '../errors.js';
import { countSame } from '../journal/account.js';
import type { Outcome, Replaced, ReplacedCounts, Summary } from '../outcome.js';

/** What of a summary is counted. */
export type Counts = Omit<Summary, 'waiting' | 'running' | 'total' | 'elapsed' | 'verdict'>;

type Counting = { -readonly [Count in Exclude<keyof Counts, 'causes' | 'replaced'>]: number };

/** What is in other shards now. */
interface Replacing {
  items: number;
  readonly shards: Set<string>;
  readonly before: Set<string>;
}

/** Counts outcomes. */
export class Tally {
  readonly #counts: Counting = {
    ok: 0,
    unproven: 0,
    bent: 0,
    linked: 0,
    saved: 0,
    copies: 0,
    notFound: 0,
    disallowed: 0,
    filtered: 0,
    errors: 0,
    skipped: 0,
    kept: 0,
    unchanged: 0,
    duplicates: 0,
    bytes: 0,
  };
  readonly #causes: Partial<Record<ErrorCode, number>> = {};
  #replaced: Replacing | undefined;

  /** As a summary has them. */
  get counts(): Counts {
    return { ...this.#counts, causes: { ...this.#causes }, replaced: this.#replaced && countsOf(this.#replaced) };
  }

  /** Of the stored files. */
  get bytes(): number {
    return this.#counts.bytes;
  }

  /** A row that has no outcome: another one has it. */
  duplicate(): void {
    this.#counts.duplicates += 1;
  }

  count(outcome: Outcome): void {
    const counts = this.#counts;
    if (outcome.status === 'ok') {
      counts.ok += 1;
      if (outcome.unproven) counts.unproven += 1;
      if (outcome.bent) counts.bent += 1;
      counts.bytes += outcome.size;
      if (outcome.replaces !== undefined) this.#replace(outcome.path, outcome.replaces);
      if (outcome.same !== undefined) countSame(counts, outcome.size, outcome.same);
    } else if (outcome.status === 'skipped') {
      counts.skipped += 1;
      if (outcome.kept) counts.kept += 1;
      if (outcome.unchanged) counts.unchanged += 1;
    } else if (outcome.status === 'not_found') {
      counts.notFound += 1;
    } else if (outcome.status === 'disallowed') {
      counts.disallowed += 1;
    } else if (outcome.status === 'filtered') {
      counts.filtered += 1;
    } else {
      counts.errors += 1;
      this.#causes[outcome.error.code] = (this.#causes[outcome.error.code] ?? 0) + 1;
    }
  }

  #replace(path: string, { shard }: Replaced): void {
    this.#replaced ??= { items: 0, shards: new Set(), before: new Set() };
    this.#replaced.items += 1;
    this.#replaced.shards.add(basename(path));
    this.#replaced.before.add(shard);
  }
}

function countsOf({ items, shards, before }: Replacing): ReplacedCounts {
  return { items, shards: [...shards].toSorted(), before: [...before].toSorted() };
}
