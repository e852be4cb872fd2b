/** The sentences that answer what the hand-off gains. */
import { DEFAULTS, flagsOf } from './advice.js';
import type { Advice, BenchReport, Ratio, Reference, Storage, Strategy, StrategyReport } from './report.js';
import type { Spread } from './statistics.js';

/** A difference that counts: less is nothing that anybody would notice. */
const NOTICED = 0.05;

/** Whether rounds agree that one is faster or slower, and by how much it matters. */
type Finding = 'gains' | 'loses' | 'neither';

export function findingOf({ median, least, most }: Spread): Finding {
  if (least > 1 && median >= 1 + NOTICED) return 'gains';
  if (most < 1 && median <= 1 - NOTICED) return 'loses';
  return 'neither';
}

export function answerOf({
  strategies,
  ratios,
  advice,
  storage,
}: Pick<BenchReport, 'strategies' | 'ratios' | 'advice' | 'storage'>): string[] {
  const of = (name: Strategy): StrategyReport | undefined => strategies.find(({ strategy }) => strategy === name);
  const ratio = (strategy: Strategy, to: Reference): Ratio | undefined =>
    ratios.find((candidate) => candidate.strategy === strategy && candidate.to === to);
  const pool = of('pool');
  const inline = of('inline');
  const sentences: string[] = [];
  if (advice !== null) sentences.push(describeAdvice(advice, storage), ...describeFiles(advice));
  const toInline = ratio('pool', 'inline');
  if (pool !== undefined && inline !== undefined && toInline !== undefined) {
    sentences.push(describePool(toInline.ratio, pool, inline, advice === null ? storage : null));
    sentences.push(describeStalls(pool, inline));
  }
  const toSequential = ratio('pool', 'sequential');
  if (toSequential !== undefined) {
    sentences.push(`Against one after the other, the pool is ${times(toSequential.ratio)} as fast.`);
  }
  if (pool?.verdict) sentences.push(`The pool was held up by ${pool.verdict.bound} (${pool.verdict.detail}).`);
  return sentences;
}

function where({ simulated }: Storage): string {
  return simulated === null ? 'On this storage' : 'On storage simulated to be slow';
}

function describeAdvice({ flags, gain }: Advice, storage: Storage): string {
  const what = flags === '' ? 'the pool by itself' : flags;
  const finding = findingOf(gain);
  if (finding === 'neither') {
    return `${where(storage)}, handing over does not pay: the fastest setting (${what}) is ${times(gain)} as fast as saving on the main thread.`;
  }
  return `${where(storage)}, ${what} ${finding} ${times(gain)} over saving on the main thread.`;
}

/** Shards are not what everybody wants. */
function describeFiles({ best, tried }: Advice): string[] {
  const [first] = tried
    .filter(({ setting }) => setting.layout !== 'tar')
    .toSorted((a, b) => b.filesPerSecond - a.filesPerSecond);
  if (best.layout !== 'tar' || first === undefined) return [];
  const flags = flagsOf(first.setting, DEFAULTS) || 'the pool by itself';
  return [
    `As files of their own, not in shards, ${flags} was the fastest: ${count(first.filesPerSecond)} files a second.`,
  ];
}

function describePool(ratio: Spread, pool: StrategyReport, inline: StrategyReport, storage: Storage | null): string {
  const begin = storage === null ? 'As asked for' : where(storage);
  const rates = `${rate(pool)} files a second against ${rate(inline)}`;
  const finding = findingOf(ratio);
  if (finding === 'neither') {
    return `${begin}, the pool gains nothing over saving on the main thread: ${times(ratio)}, ${rates}.`;
  }
  return `${begin}, the pool is ${times(ratio)} as fast as saving on the main thread: ${rates}.`;
}

function describeStalls(pool: StrategyReport, inline: StrategyReport): string {
  const longest = ({ loopDelay }: StrategyReport): string => milliseconds(loopDelay.max.median);
  return `The event loop was held up for ${longest(inline)} at the longest when the main thread saved, for ${longest(pool)} with the pool.`;
}

function rate({ filesPerSecond }: StrategyReport): string {
  return count(filesPerSecond.median);
}

function count(median: number): string {
  return median >= 100 ? Math.round(median).toLocaleString('en-US') : median.toFixed(1);
}

/** `11.3x (10.9 to 11.8)`. */
function times({ median, least, most }: Spread): string {
  const digits = median >= 100 ? 0 : median >= 10 ? 1 : 2;
  return `${median.toFixed(digits)}x (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

function milliseconds(value: number): string {
  return value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}
