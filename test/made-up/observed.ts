/** All that is seen of a made-up run, as plain data: what the judge looks at. */
import type { ErrorCode } from '../../src/errors.js';
import type { EndRecord, StoredRecord } from '../../src/journal/format.js';
import type { Ended } from './child.js';
import type { Logged } from './origins.js';
import type { Scenario, Stop } from './scenario.js';

/** What `--report` says. */
export interface Report {
  readonly ok: number;
  readonly unproven: number;
  readonly notFound: number;
  readonly errors: number;
  readonly skipped: number;
  readonly duplicates: number;
  readonly bytes: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly failures: readonly ReportedFailure[];
}

export interface ReportedFailure {
  readonly index: number;
  readonly url: string;
  readonly status: 'error' | 'not_found';
  readonly code: ErrorCode;
}

/** What `status --json` says. */
export interface Known {
  readonly stored: number;
  readonly unproven: number;
  readonly bytes: number;
  readonly notFound: number;
  readonly errors: number;
  readonly unfinished: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly run: { readonly complete: boolean };
  readonly running: unknown;
}

/** What lies in the destination, and what its journal says. */
export interface Remains {
  /** Bodies by the names of their items, in files or in shards. */
  readonly bodies: ReadonlyMap<string, Buffer>;
  /** What else lies there, the journal apart; seen from the destination. */
  readonly others: readonly string[];
  /** What was found to be against the format of shards or of journals. */
  readonly broken: readonly string[];
  /** What the journal says last of each item of which it says that it is stored. */
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly end: EndRecord | undefined;
}

export interface ObservedRun {
  readonly stop: Stop | undefined;
  /** Whether the storage is as the scenario has it; it is sound after the first run, but slow for all of them. */
  readonly storageApplies: boolean;
  readonly ended: Ended;
  /** Undefined where none was written. */
  readonly report: Report | undefined;
  /** Undefined where there is no journal. */
  readonly known: Known | undefined;
  /** Exit status of `status`. */
  readonly knownStatus: number | undefined;
  readonly remains: Remains;
  readonly log: readonly Logged[];
  /** Requests for each item in the runs before. */
  readonly askedBefore: ReadonlyMap<string, number>;
  /** What lies in the folder for temporary files. */
  readonly temporary: readonly string[];
  /** What was changed outside of the destination; undefined for nothing. */
  readonly outside: string | undefined;
}

export interface Observed {
  readonly scenario: Scenario;
  readonly runs: readonly ObservedRun[];
}
