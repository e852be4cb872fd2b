/** The sentences that answer what the hand-off gains. */
import { judge } from './judgement.js';
import type { Advice, BenchReport, Ratio, Reference, Storage, Strategy, StrategyReport } from './report.js';
import type { Spread } from './statistics.js';
import { ratioOf } from './summarise.js';
import { number } from '../charts/numbers.js';
import { DEFAULTS, flagsOf, sameSetting } from './text.js';
import { isInShards } from '../protocol/layouts.js';

const UNCLEAN = 'It was not measured cleanly: see below.';

export function answerOf({
  strategies,
  ratios,
  advice,
  storage,
  work,
  doubts,
}: Pick<BenchReport, 'strategies' | 'ratios' | 'advice' | 'storage' | 'work' | 'doubts'>): string[] {
  const of = (name: Strategy): StrategyReport | undefined => strategies.find(({ strategy }) => strategy === name);
  const ratio = (strategy: Strategy, to: Reference): Ratio | undefined =>
    ratios.find((candidate) => candidate.strategy === strategy && candidate.to === to);
  const pool = of('pool');
  const inline = of('inline');
  const sentences: string[] = [];
  if (advice !== null) sentences.push(describeAdvice(advice, storage), ...describeFiles(advice));
  const toInline = ratio('pool', 'inline');
  if (pool !== undefined && inline !== undefined && toInline !== undefined) {
    // Where the best is what was asked for, the advice has said it: of the same rounds.
    const isSaid = advice !== null && sameSetting(advice.best, work.setting);
    if (!isSaid) sentences.push(describePool(toInline.ratio, pool, inline, advice === null ? storage : null));
    sentences.push(describeStalls(pool, inline));
  }
  const libuv = of('libuv');
  if (pool !== undefined && libuv !== undefined) {
    sentences.push(describeOther('fs.promises', ratioOf(pool.runs, libuv.runs)));
  }
  const toSequential = ratio('pool', 'sequential');
  if (toSequential !== undefined) sentences.push(describeOther('one after the other', toSequential.ratio));
  if (pool?.verdict) sentences.push(`The pool was held up by ${pool.verdict.bound} (${pool.verdict.detail}).`);
  // Behind the first one, which is what people repeat.
  return doubts.length === 0 ? sentences : sentences.toSpliced(1, 0, UNCLEAN);
}

function where({ simulated }: Storage): string {
  return simulated === null ? 'On this storage' : 'On storage simulated to be slow';
}

function describeAdvice({ flags, gain }: Advice, storage: Storage): string {
  const what = flags === '' ? 'the pool by itself' : flags;
  const judgement = judge(gain);
  if (judgement === 'faster') return `${where(storage)}, ${what} gains ${times(gain)} over saving on the main thread.`;
  if (judgement === 'unclear') {
    return `${where(storage)}, nobody can tell whether handing over pays: rounds do not agree, ${what} was ${times(gain)} as fast as saving on the main thread.`;
  }
  const fastest = flags === '' ? 'the pool' : `the fastest setting, ${flags},`;
  return `${where(storage)}, handing over does not pay: ${fastest} is ${times(gain)} as fast as saving on the main thread.`;
}

/** Shards are not what everybody wants. */
function describeFiles({ best, tried }: Advice): string[] {
  const [first] = tried
    .filter(({ setting }) => !isInShards(setting.layout))
    .toSorted((a, b) => b.filesPerSecond - a.filesPerSecond);
  if (!isInShards(best.layout) || first === undefined) return [];
  const flags = flagsOf(first.setting, DEFAULTS) || 'the pool by itself';
  return [
    `As files of their own, not in shards, ${flags} gave the most that was tried: ${number(first.filesPerSecond)} files a second.`,
  ];
}

function describePool(ratio: Spread, pool: StrategyReport, inline: StrategyReport, storage: Storage | null): string {
  const begin = storage === null ? 'As asked for' : where(storage);
  const rates = `${number(pool.filesPerSecond.median)} files a second against ${number(inline.filesPerSecond.median)}`;
  const judgement = judge(ratio);
  if (judgement === 'unclear') {
    return `${begin}, nobody can tell whether the pool gains over saving on the main thread: rounds do not agree, ${times(ratio)}.`;
  }
  if (judgement === 'same') {
    return `${begin}, the pool gains nothing over saving on the main thread: ${times(ratio)}, ${rates}.`;
  }
  return `${begin}, the pool is ${times(ratio)} as fast as saving on the main thread: ${rates}.`;
}

function describeOther(other: string, ratio: Spread): string {
  return judge(ratio) === 'unclear'
    ? `Against ${other}, rounds do not agree whether the pool is faster: ${times(ratio)}.`
    : `Against ${other}, the pool is ${times(ratio)} as fast.`;
}

function describeStalls(pool: StrategyReport, inline: StrategyReport): string {
  const longest = ({ loopDelay }: StrategyReport): string => `${number(loopDelay.max.median)} ms`;
  return `The event loop was held up for ${longest(inline)} at the longest when the main thread saved, for ${longest(pool)} with the pool.`;
}

/** `11.3x (10.9 to 11.8)`. */
function times({ median, least, most }: Spread): string {
  return `${number(median)}x (${number(least)} to ${number(most)})`;
}
