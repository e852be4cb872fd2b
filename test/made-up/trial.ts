/** A seed on trial: its run is made up, played and judged. */
import { judge, type Violation } from './judge.js';
import type { Observed } from './observed.js';
import { ABILITIES, play } from './play.js';
import { describe, makeUp } from './scenario.js';
import { argumentsFor } from './settings.js';

/** What was done. */
export interface Tried {
  /** Runs of the command. */
  readonly runs: number;
  readonly requests: number;
  /** Items. */
  readonly items: number;
}

/** @throws Error that tells what was wrong, and all that is needed to play it by hand */
export async function trySeed(seed: number): Promise<Tried> {
  const scenario = makeUp(seed, ABILITIES);
  const observed = await play(scenario);
  const violations = judge(observed);
  if (violations.length > 0) throw new Error(tell(observed, violations));
  const requests = observed.runs.reduce((sum, { log }) => sum + log.length, 0);
  return { runs: observed.runs.length, requests, items: scenario.items.length };
}

function tell({ scenario, runs }: Observed, violations: readonly Violation[]): string {
  const paths = { directory: 'd', state: 'state', report: 'report.json', lists: ['list.txt'] };
  const command = `sluice ${argumentsFor(scenario.settings, paths).join(' ')}`;
  const found = violations.map(({ run, rule, what }) => `run ${run}: ${what} (${rule})`);
  const said = runs.map(({ ended }, run) => {
    const { status, signal, sent, stderr } = ended;
    return `run ${run} ended with ${status ?? signal}, was sent ${sent.join(' and ') || 'nothing'}, and said:\n${stderr}`;
  });
  return [...found, '', describe(scenario), command, ...said].join('\n');
}
