/** What of a measurement is not to be trusted, said before somebody trusts it. */
import type { BenchReport, StrategyReport } from './report.js';
import type { Measured } from './rig.js';
import { median, widthOf } from './statistics.js';
import type { Contender } from './strategies.js';

/** Rounds from which on a median says something of the usual. */
const ENOUGH_ROUNDS = 5;
/** How far rounds may lie apart, as a share of the median. */
const NOISE = 0.25;
/** Share of all processors that others may have. */
const OTHERS = 0.1;
/** Share of a processor from which on the embedded server is what the runs wait for. */
const SATURATED = 0.9;
/** Seconds under which starting is much of a run. */
const SHORT = 0.5;

/** For people, the gravest first. */
export function doubtsOf(
  { strategies, rounds, machine }: Pick<BenchReport, 'strategies' | 'rounds' | 'machine'>,
  runs: ReadonlyMap<Contender, readonly Measured[]>,
  sweeps: number,
): string[] {
  const doubts: string[] = [];
  for (const { strategy, failed, files } of strategies) {
    if (failed > 0) doubts.push(`Of ${files * rounds} files of ${strategy}, ${failed} failed.`);
  }
  if (rounds < ENOUGH_ROUNDS) doubts.push(`Only ${rounds} rounds: give --rounds ${ENOUGH_ROUNDS} or more.`);
  const all = [...runs.values()].flat();
  const others = median(all.map((run) => run.others).filter((share) => share !== null)) / machine.processors;
  if (others > OTHERS) doubts.push(`Other programs had ${percent(others)} of the processors while it was measured.`);
  const noisy = strategies.filter(({ filesPerSecond }) => widthOf(filesPerSecond) > NOISE);
  if (noisy.length > 0) doubts.push(`Rounds lie far apart: ${noisy.map(describeWidth).join(', ')}.`);
  const short = strategies.filter(({ elapsed }) => elapsed.median < SHORT).map(({ strategy }) => strategy);
  if (short.length > 0) {
    doubts.push(`Runs of ${short.join(', ')} took less than ${SHORT} s, of which starting is much: give more --files.`);
  }
  const saturated = [...runs].filter(([, own]) => median(own.map(({ server }) => server?.busy ?? 0)) > SATURATED);
  if (saturated.length > 0) {
    doubts.push(
      `The embedded server had no time left in ${saturated.map(([name]) => name).join(', ')}: a faster one may show more.`,
    );
  }
  if (sweeps > 0) {
    doubts.push(
      `Files were removed ${sweeps === 1 ? 'once' : `${sweeps} times`} between runs, which may have slowed them.`,
    );
  }
  return doubts;
}

function describeWidth({ strategy, filesPerSecond }: StrategyReport): string {
  return `${strategy} by ${percent(widthOf(filesPerSecond))} of its median`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}
