/** A run at a moment, as `/summary.json` has it: all that the page shows, and nothing that it does not. */
import type { Charged, Summary } from '../outcome.js';
import type { Operation } from '../protocol/times.js';
import type { Layout } from '../protocol/settings.js';
import type { ShownFailure } from './failures.js';
import type { Timeline } from './history.js';
import type { Hosts } from './hosts.js';

/** The state of the run as `--events` has it, and what is known besides. */
export interface Snapshot extends Summary {
  readonly event: 'state' | 'end';
  readonly run: {
    readonly command: string;
    readonly version: string;
    /** Destination, absolute. */
    readonly directory: string;
    readonly layout: Layout;
    /** In UTC, as in ISO 8601. */
    readonly started: string;
    /** Undefined while it goes on; then whether it has come to the end of its list. */
    readonly whole?: boolean;
    /** Entries that are done, and how many they are of a hundred; undefined while nothing tells. */
    readonly done: number;
    readonly percent: number | undefined;
    /** Seconds; undefined while nothing tells. */
    readonly left: number | undefined;
    /** Items a second, from the start. */
    readonly rate: number;
    /** The same, and bytes that were stored a second, of late. */
    readonly recent: { readonly rate: number; readonly bytes: number };
    /** Bodies that were fetched. */
    readonly fetched: number;
    /** Those that store; undefined where none of their own do. */
    readonly writers: number | undefined;
    /** Milliseconds of the run that each held it up. */
    readonly charged: Charged;
    /** Milliseconds that the storage took for each operation, of all writers in all. */
    readonly storage: Readonly<Record<Operation, number>> | undefined;
    readonly timeline: Timeline;
    readonly hosts: Hosts;
    readonly failures: readonly ShownFailure[];
  };
}

/** The line that `--events` has for it. */
export function stateOf({ run: _run, ...state }: Snapshot): object {
  return state;
}
