/** The account of a run that has done nothing yet. */
import type { Summary } from '../../src/outcome.js';

export const NOTHING_DONE: Summary = {
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
  waiting: 0,
  running: 0,
  total: undefined,
  elapsed: 0,
  causes: {},
  verdict: undefined,
};
