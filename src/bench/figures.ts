/** The figures of a strategy: what each is called, its unit, and where it stands in the report. */
import type { StrategyReport } from './report.js';
import type { Spread } from './statistics.js';

export interface Figure {
  /** Where it stands in a {@link StrategyReport}. */
  readonly path: string;
  readonly title: string;
  readonly unit: string;
  /** Null where it was not measured. */
  readonly spread: (of: StrategyReport) => Spread | null;
  /** From the report's unit to the one that is shown. */
  readonly shown: (value: number, of: StrategyReport) => number;
}

/** As it is shown; null where it was not measured. */
export function shownSpread(figure: Figure, of: StrategyReport): Spread | null {
  const measured = figure.spread(of);
  if (measured === null) return null;
  const { median, least, most } = measured;
  return { median: figure.shown(median, of), least: figure.shown(least, of), most: figure.shown(most, of) };
}

type Reader = (of: StrategyReport) => Spread | null;
type Converter = (value: number, of: StrategyReport) => number;

const asIs: Converter = (value) => value;
const millions: Converter = (value) => value / 1e6;
const percent: Converter = (value) => 100 * value;
/** Slow strategies are given fewer files: only what one file takes compares. */
const microsecondsPerFile: Converter = (value, { files }) => (1e6 * value) / files;

function figure(path: string, title: string, unit: string, spread: Reader, shown = asIs): Figure {
  return { path, title, unit, spread, shown };
}

export const FIGURES = {
  filesPerSecond: figure('filesPerSecond', 'throughput', 'files/s', (of) => of.filesPerSecond),
  bytesPerSecond: figure('bytesPerSecond', 'throughput', 'MB/s', (of) => of.bytesPerSecond, millions),
  elapsed: figure('elapsed', 'elapsed', 's', (of) => of.elapsed),
  cpuMain: figure('cpuMain', 'CPU, main thread', 's', (of) => of.cpuMain),
  cpuAll: figure('cpuAll', 'CPU, all threads', 's', (of) => of.cpuAll),
  cpuMainPerFile: figure('cpuMain', 'CPU a file, main thread', 'µs', (of) => of.cpuMain, microsecondsPerFile),
  cpuAllPerFile: figure('cpuAll', 'CPU a file, all threads', 'µs', (of) => of.cpuAll, microsecondsPerFile),
  peakMemory: figure('peakMemory', 'peak memory', 'MB', (of) => of.peakMemory, millions),
  loopP50: figure('loopDelay.p50', 'event-loop delay, p50', 'ms', (of) => of.loopDelay.p50),
  loopP99: figure('loopDelay.p99', 'event-loop delay, p99', 'ms', (of) => of.loopDelay.p99),
  loopMax: figure('loopDelay.max', 'event-loop delay, longest', 'ms', (of) => of.loopDelay.max),
  storeP50: figure('storeDelay.p50', 'last byte to stored, p50', 'ms', (of) => of.storeDelay?.p50 ?? null),
  storeP99: figure('storeDelay.p99', 'last byte to stored, p99', 'ms', (of) => of.storeDelay?.p99 ?? null),
  create: figure('storage.create', 'storage a file: new name', 'ms', (of) => of.storage?.create ?? null),
  write: figure('storage.write', 'storage a file: bytes', 'ms', (of) => of.storage?.write ?? null),
  rename: figure('storage.rename', 'storage a file: final name', 'ms', (of) => of.storage?.rename ?? null),
  network: figure('network', 'network busy', '%', (of) => of.network, percent),
} as const satisfies Readonly<Record<string, Figure>>;
