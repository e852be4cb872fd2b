/** Runs -> what the report says of a strategy. */
import type { Ratio, Reference, RunFigures, Strategy, StrategyReport } from './report.js';
import { REFERENCES } from './report.js';
import type { Measured } from './harness.js';
import { median, type Spread, spreadOf } from './statistics.js';

/**
 * @param network runs of the same rounds that store nothing
 */
export function summarise(
  strategy: Strategy,
  measured: readonly Measured[],
  network: readonly Measured[],
): StrategyReport {
  const runs = measured.map((run, index) => figuresOf(run, index + 1, network[index]));
  const spread = (figure: (run: RunFigures) => number): Spread => spreadOf(runs.map(figure));
  const all = <T>(figure: (run: RunFigures) => T | null): T[] | null => {
    const values = runs.map(figure).filter((value) => value !== null);
    return values.length === runs.length ? values : null;
  };
  const cpuMain = all(({ cpuMain }) => cpuMain);
  const storeDelay = all(({ storeDelay }) => storeDelay);
  const storage = all(({ storage }) => storage);
  const middle = median(runs.map(({ elapsed }) => elapsed));
  const typical = measured.toSorted(
    (a, b) => Math.abs(a.result.elapsed - middle) - Math.abs(b.result.elapsed - middle),
  )[0] as Measured;
  return {
    strategy,
    files: typical.files,
    failed: runs.reduce((sum, { failed }) => sum + failed, 0),
    filesPerSecond: spread(rateOf),
    bytesPerSecond: spread(({ bytes, elapsed }) => bytes / elapsed),
    elapsed: spread(({ elapsed }) => elapsed),
    cpuMain: cpuMain && spreadOf(cpuMain),
    cpuAll: spread(({ cpuAll }) => cpuAll),
    peakMemory: spread(({ peakMemory }) => peakMemory),
    loopDelay: {
      p50: spread(({ loopDelay }) => loopDelay.p50),
      p99: spread(({ loopDelay }) => loopDelay.p99),
      max: spread(({ loopDelay }) => loopDelay.max),
    },
    storeDelay: storeDelay && {
      p50: spreadOf(storeDelay.map(({ p50 }) => p50)),
      p99: spreadOf(storeDelay.map(({ p99 }) => p99)),
    },
    storage: storage && {
      create: spreadOf(storage.map(({ create }) => create)),
      write: spreadOf(storage.map(({ write }) => write)),
      rename: spreadOf(storage.map(({ rename }) => rename)),
    },
    network: spread(({ network: share }) => share),
    verdict: mostFrequent(runs),
    timeline: typical.result.timeline,
    runs,
  };
}

function rateOf({ stored, elapsed }: Pick<RunFigures, 'stored' | 'elapsed'>): number {
  return stored / elapsed;
}

function figuresOf({ result }: Measured, round: number, network: Measured | undefined): RunFigures {
  const { failures, timeline: _timeline, ...figures } = result;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { round, failed, ...figures, network: network === undefined ? 0 : rateOf(result) / rateOf(network.result) };
}

/** The bound of most rounds, as it was in the middle one of them. */
function mostFrequent(runs: readonly RunFigures[]): StrategyReport['verdict'] {
  const verdicts = runs.map(({ verdict }) => verdict).filter((verdict) => verdict !== null);
  const bounds = [...new Set(verdicts.map(({ bound }) => bound))];
  const byBound = bounds.map((bound) => verdicts.filter((verdict) => verdict.bound === bound));
  const most = byBound.toSorted((a, b) => b.length - a.length)[0];
  return most?.toSorted((a, b) => a.share - b.share)[Math.floor(most.length / 2)] ?? null;
}

/** Of every strategy but the reference itself, round by round. */
export function ratiosOf(strategies: readonly StrategyReport[]): Ratio[] {
  return REFERENCES.flatMap((to: Reference) => {
    const reference = strategies.find(({ strategy }) => strategy === to);
    if (reference === undefined) return [];
    return strategies
      .filter(({ strategy }) => strategy !== to)
      .map(({ strategy, runs }) => ({ strategy, to, ratio: ratioOf(runs, reference.runs) }));
  });
}

/** How often as fast the first are, in pairs of the same round. */
export function ratioOf(
  runs: readonly Pick<RunFigures, 'stored' | 'elapsed'>[],
  others: readonly Pick<RunFigures, 'stored' | 'elapsed'>[],
): Spread {
  return spreadOf(runs.map((run, index) => rateOf(run) / rateOf(others[index] ?? { stored: 0, elapsed: 0 })));
}
