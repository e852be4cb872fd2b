/** The sentences that answer what the hand-off gains. */
import type { Advice, BenchReport, Ratio, Reference, Storage, Strategy, StrategyReport } from './report.js';
import type { Spread } from './statistics.js';
import { ratioOf } from './summarise.js';
import { DEFAULTS, flagsOf, number } from './text.js';

/** A difference that counts: less is nothing that anybody would notice. */
const NOTICED = 0.05;

const UNCLEAN = 'It was not measured cleanly: see below.';

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
  doubts,
}: Pick<BenchReport, 'strategies' | 'ratios' | 'advice' | 'storage' | 'doubts'>): string[] {
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
  const libuv = of('libuv');
  if (pool !== undefined && libuv !== undefined) {
    sentences.push(`Against fs.promises, the pool is ${times(ratioOf(pool.runs, libuv.runs))} as fast.`);
  }
  const toSequential = ratio('pool', 'sequential');
  if (toSequential !== undefined) {
    sentences.push(`Against one after the other, the pool is ${times(toSequential.ratio)} as fast.`);
  }
  if (pool?.verdict) sentences.push(`The pool was held up by ${pool.verdict.bound} (${pool.verdict.detail}).`);
  // Behind the first one, which is what people repeat.
  return doubts.length === 0 ? sentences : sentences.toSpliced(1, 0, UNCLEAN);
}

function where({ simulated }: Storage): string {
  return simulated === null ? 'On this storage' : 'On storage simulated to be slow';
}

function describeAdvice({ flags, gain }: Advice, storage: Storage): string {
  const what = flags === '' ? 'the pool by itself' : flags;
  if (findingOf(gain) === 'gains') {
    return `${where(storage)}, ${what} gains ${times(gain)} over saving on the main thread.`;
  }
  const fastest = flags === '' ? 'the pool' : `the fastest setting, ${flags},`;
  return `${where(storage)}, handing over does not pay: ${fastest} is ${times(gain)} as fast as saving on the main thread.`;
}

/** Shards are not what everybody wants. */
function describeFiles({ best, tried }: Advice): string[] {
  const [first] = tried
    .filter(({ setting }) => setting.layout !== 'tar')
    .toSorted((a, b) => b.filesPerSecond - a.filesPerSecond);
  if (best.layout !== 'tar' || first === undefined) return [];
  const flags = flagsOf(first.setting, DEFAULTS) || 'the pool by itself';
  return [
    `As files of their own, not in shards, ${flags} was the fastest: ${number(first.filesPerSecond)} files a second.`,
  ];
}

function describePool(ratio: Spread, pool: StrategyReport, inline: StrategyReport, storage: Storage | null): string {
  const begin = storage === null ? 'As asked for' : where(storage);
  const rates = `${number(pool.filesPerSecond.median)} files a second against ${number(inline.filesPerSecond.median)}`;
  const finding = findingOf(ratio);
  if (finding === 'neither') {
    return `${begin}, the pool gains nothing over saving on the main thread: ${times(ratio)}, ${rates}.`;
  }
  return `${begin}, the pool is ${times(ratio)} as fast as saving on the main thread: ${rates}.`;
}

function describeStalls(pool: StrategyReport, inline: StrategyReport): string {
  const longest = ({ loopDelay }: StrategyReport): string => `${number(loopDelay.max.median)} ms`;
  return `The event loop was held up for ${longest(inline)} at the longest when the main thread saved, for ${longest(pool)} with the pool.`;
}

/** `11.3x (10.9 to 11.8)`. */
function times({ median, least, most }: Spread): string {
  return `${number(median)}x (${number(least)} to ${number(most)})`;
}
