/** What of a measurement is not to be trusted, said before somebody trusts it. */
import { NOISE } from './judgement.js';
import type { BenchReport, StrategyReport } from './report.js';
import type { Raced } from './rounds.js';
import { median, widthOf } from './statistics.js';

/** Rounds from which on a median says something of the usual. */
const ENOUGH_ROUNDS = 5;
/** Share of all processors that others may have. */
const OTHERS = 0.1;
/** Share of a processor from which on the embedded server is what the runs wait for. */
const SATURATED = 0.9;
/** Share of a run from which on starting is much of what was measured. */
const STARTING = 0.25;

/** For people, the gravest first. */
export function doubtsOf(
  { strategies, rounds, machine }: Pick<BenchReport, 'strategies' | 'rounds' | 'machine'>,
  raced: readonly Raced[],
  sweeps: number,
): string[] {
  const doubts: string[] = [];
  for (const { strategy, failed, files } of strategies) {
    if (failed > 0) doubts.push(`Of ${files * rounds} files of ${strategy}, ${failed} failed.`);
  }
  if (rounds < ENOUGH_ROUNDS) doubts.push(`Only ${rounds} rounds: give --rounds ${ENOUGH_ROUNDS} or more.`);
  const all = raced.flatMap(({ runs }) => runs);
  const others = median(all.map((run) => run.others).filter((share) => share !== null)) / machine.processors;
  if (others > OTHERS) doubts.push(`Other programs had ${percent(others)} of the processors while it was measured.`);
  const noisy = strategies.filter(({ filesPerSecond }) => widthOf(filesPerSecond) > NOISE);
  if (noisy.length > 0) doubts.push(`Rounds lie far apart: ${noisy.map(describeWidth).join(', ')}.`);
  const starting = strategies.map((of) => [of.strategy, startingOf(of)] as const).filter(([, part]) => part > STARTING);
  if (starting.length > 0) {
    const parts = starting.map(([strategy, part]) => `${percent(part)} of the time of ${strategy}`).join(', ');
    doubts.push(`Starting took ${parts}: give more --files or --seconds.`);
  }
  const saturated = raced.filter(({ runs }) => median(runs.map(({ server }) => server?.busy ?? 0)) > SATURATED);
  if (saturated.length > 0) {
    const names = [...new Set(saturated.map(({ contender }) => contender))];
    doubts.push(`The embedded server had no time left in ${names.join(', ')}: a faster one may show more.`);
  }
  if (sweeps > 0) {
    doubts.push(
      `Files were removed ${sweeps === 1 ? 'once' : `${sweeps} times`} between runs, which may have slowed them.`,
    );
  }
  return doubts;
}

/** As a share of the run. */
function startingOf({ runs }: StrategyReport): number {
  return median(runs.map(({ starting, elapsed }) => starting / elapsed));
}

function describeWidth({ strategy, filesPerSecond }: StrategyReport): string {
  return `${strategy} by ${percent(widthOf(filesPerSecond))} of its median`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
