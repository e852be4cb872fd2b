/** Counts outcomes for the account of a run. */
import type { ErrorCode } from '../errors.js';
import type { Outcome, Summary } from '../outcome.js';

/** Counts outcomes. */
export class Tally {
  ok = 0;
  unproven = 0;
  bent = 0;
  notFound = 0;
  disallowed = 0;
  filtered = 0;
  errors = 0;
  skipped = 0;
  kept = 0;
  unchanged = 0;
  duplicates = 0;
  bytes = 0;
  readonly causes: Partial<Record<ErrorCode, number>> = {};

  /** As a summary has them. */
  get counts(): Omit<Summary, 'waiting' | 'running' | 'total' | 'elapsed' | 'verdict'> {
    const {
      ok,
      unproven,
      bent,
      notFound,
      disallowed,
      filtered,
      errors,
      skipped,
      kept,
      unchanged,
      duplicates,
      bytes,
      causes,
    } = this;
    return {
      ok,
      unproven,
      bent,
      notFound,
      disallowed,
      filtered,
      errors,
      skipped,
      kept,
      unchanged,
      duplicates,
      bytes,
      causes: { ...causes },
    };
  }

  count(outcome: Outcome): void {
    if (outcome.status === 'ok') {
      this.ok += 1;
      if (outcome.unproven) this.unproven += 1;
      if (outcome.bent) this.bent += 1;
      this.bytes += outcome.size;
    } else if (outcome.status === 'skipped') {
      this.skipped += 1;
      if (outcome.kept) this.kept += 1;
      if (outcome.unchanged) this.unchanged += 1;
    } else if (outcome.status === 'not_found') {
      this.notFound += 1;
    } else if (outcome.status === 'disallowed') {
      this.disallowed += 1;
    } else if (outcome.status === 'filtered') {
      this.filtered += 1;
    } else {
      this.errors += 1;
      this.causes[outcome.error.code] = (this.causes[outcome.error.code] ?? 0) + 1;
    }
  }
}
