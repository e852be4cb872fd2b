/** One run before the judge, with what came before it. */
import type { Line, MadeItem, Scenario } from '../scenario.js';
import type { ObservedRun } from '../observed.js';

export interface Case {
  readonly scenario: Scenario;
  readonly run: ObservedRun;
  /** The runs before it. */
  readonly earlier: readonly ObservedRun[];
}

/** Says what is wrong, in a sentence for each. */
export type Rule = (one: Case) => Iterable<string>;

/** The lines that are to be accounted for: each has the number by which reports call it. */
export function entriesOf({ lines }: Scenario): Exclude<Line, { kind: 'blank' }>[] {
  return lines.filter((line) => line.kind !== 'blank');
}

/** Items with their numbers. */
export function* itemsOf(scenario: Scenario): Generator<[index: number, item: MadeItem]> {
  for (const [index, line] of entriesOf(scenario).entries()) if (line.kind === 'item') yield [index, line.item];
}

/** It went through its lists. */
export function isWhole({ ended: { status } }: ObservedRun): boolean {
  return status === 0 || status === 1;
}

/** It could not end as it would have: somebody ended it at once. */
export function wasKilled({ ended: { signal, sent, late } }: ObservedRun): boolean {
  return late || signal !== undefined || sent.length > 1;
}

/** The first run on a storage that is full, or fails. */
export function isOnBadStorage({ scenario: { storage }, run }: Case): boolean {
  return run.storageApplies && storage.kind !== 'plain' && storage.kind !== 'slow';
}

/** A file that is somebody else's, and is to stay as it is. */
export function isForeign({ settings }: Scenario, { taken }: MadeItem): boolean {
  return taken && !settings.overwrite;
}

/** Somewhere on the way there was no time: what takes too long may have been this machine. */
export function wasHeldUp({ scenario: { settings }, run }: Case): boolean {
  return run.ended.stall > (settings.timeout * 1_000) / 4;
}

/** What was there was forgotten, to be replaced. */
export function beganAnew({ scenario: { settings }, earlier }: Case): boolean {
  return settings.overwrite && earlier.some((run) => run.remains.end?.complete === true);
}
