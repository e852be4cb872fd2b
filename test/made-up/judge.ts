/** Judges what was seen of a made-up run. Pure: what it sees is all that it knows. */
import * as account from './judge/account.js';
import type { Rule } from './judge/case.js';
import * as items from './judge/items.js';
import * as limits from './judge/limits.js';
import * as process from './judge/process.js';
import type { Observed } from './observed.js';

const { FOREIGN: _, ...ofItems } = items;

/** By name. */
export const RULES: Readonly<Record<string, Rule>> = { ...process, ...account, ...ofItems, ...limits };

export interface Violation {
  /** From 0. */
  readonly run: number;
  /** The name of the rule. */
  readonly rule: string;
  readonly what: string;
}

export function judge({ scenario, runs }: Observed): Violation[] {
  return runs.flatMap((run, number) =>
    Object.entries(RULES).flatMap(([rule, apply]) =>
      [...apply({ scenario, run, earlier: runs.slice(0, number) })].map((what) => ({ run: number, rule, what })),
    ),
  );
}
