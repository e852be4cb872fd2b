/** The report on a terminal, or in a file that a terminal's text is written to. */
import { printable } from '../../shared/printable.js';
import { describeBound } from '../../verdict/verdict.js';
import { type Column, inColumns, wrap } from './columns.js';
import { type Figure, FIGURES, shownSpread } from '../figures.js';
import { judge } from '../judgement.js';
import { axisOf, barOf, sparkline } from './plot.js';
import { type BenchReport, type Reference, REFERENCES, type StrategyReport } from '../report.js';
import { count, number, UNKNOWN } from '../../charts/numbers.js';
import { commandOf, describeSimulation, describeSource, flagsOf, range, spread } from '../text.js';
import { linear, scaleFor } from '../../charts/ticks.js';

/** Plots do not grow with the terminal for ever. */
const WIDEST_BAR = 60;
const WIDEST_LINE = 40;

type Style = 'bold' | 'dim' | 'yellow';
const CODES: Readonly<Record<Style, readonly [number, number]>> = { bold: [1, 22], dim: [2, 22], yellow: [33, 39] };

/**
 * @param columns of the terminal; with 80 all that matters is there
 * @param colours whether to emphasize with escape sequences; without, it is plain text
 */
export function toTerminal(report: BenchReport, columns: number, colours: boolean): string {
  const paint = (style: Style, lines: readonly string[]): string[] =>
    colours ? lines.map((line) => `\u001b[${CODES[style][0]}m${line}\u001b[${CODES[style][1]}m`) : [...lines];
  const { answer, storage, strategies, doubts } = report;
  const simulation = describeSimulation(storage);
  const table = inColumns(tableOf(report), columns);
  const comparison = inColumns(comparisonOf(report, columns), columns);
  const [first = 'Nothing was measured.', ...more] = answer;
  const blocks: readonly (readonly string[])[] = [
    paint('bold', told(first, columns)),
    more.flatMap((sentence) => told(sentence, columns)),
    simulation === undefined
      ? []
      : paint('yellow', told(`SIMULATED: the store waited ${simulation} besides.`, columns)),
    [...paint('dim', table.heads), ...table.rows],
    [...paint('dim', comparison.heads.slice(1)), ...comparison.rows, ...failures(strategies)],
    bars(strategies, columns),
    overTime(strategies, columns),
    doubts.length === 0 ? [] : paint('yellow', ['Not measured cleanly:', ...listed(doubts, columns)]),
    tried(report),
    toUse(report, columns),
    paint('dim', conditions(report, columns)),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function told(text: string, columns: number): string[] {
  return wrap(printable(text, Infinity), columns);
}

function listed(texts: readonly string[], columns: number): string[] {
  return texts.flatMap((text) => wrap(`- ${printable(text, Infinity)}`, columns, '  '));
}

function tableOf({ strategies }: BenchReport): Column[] {
  const column = (head: Column['head'], rank: number, ...figures: readonly Figure[]): Column => ({
    head,
    rank,
    cells: strategies.map((of) => figures.map((figure) => number(shownSpread(figure, of)?.median ?? NaN)).join('/')),
  });
  const { filesPerSecond, bytesPerSecond, elapsed, cpuMainPerFile, cpuAllPerFile } = FIGURES;
  const { peakMemory, loopP50, loopP99, loopMax, storeP50, storeP99, network } = FIGURES;
  const rates = strategies.map((of) => range(of.filesPerSecond));
  return [
    { head: ['', 'strategy'], rank: 0, cells: strategies.map(({ strategy }) => strategy) },
    column(['', 'files/s'], 1, filesPerSecond),
    { head: ['', 'least..most'], rank: 10, cells: rates },
    column(['', 'MB/s'], 4, bytesPerSecond),
    column(['', 's'], 8, elapsed),
    column(['CPU a file', 'main/all µs'], 2, cpuMainPerFile, cpuAllPerFile),
    column(['peak', 'MB'], 5, peakMemory),
    column(['loop', 'p50 ms'], 11, loopP50),
    column(['loop delay', 'p99/max ms'], 3, loopP99, loopMax),
    column(['stored', 'p50 ms'], 12, storeP50),
    column(['stored', 'p99 ms'], 6, storeP99),
    column(['net', '%'], 7, network),
  ];
}

function comparisonOf({ strategies, ratios }: BenchReport, columns: number): Column[] {
  const to = (reference: Reference): string[] =>
    strategies.map(({ strategy }) => {
      const found = ratios.find((one) => one.strategy === strategy && one.to === reference);
      return found === undefined ? UNKNOWN : spread(found.ratio);
    });
  const against = REFERENCES.map((reference, index) => ({
    head: ['', `x ${reference}`] as const,
    rank: index + 1,
    cells: to(reference),
  }));
  const left = { head: ['', 'strategy'] as const, rank: 0, cells: strategies.map(({ strategy }) => strategy) };
  const known = inColumns([left, ...against], columns).rows;
  const room = columns - Math.max(0, ...known.map(({ length }) => length)) - 2;
  const verdicts = strategies.map((of) => heldUp(of, room));
  const width = Math.max(...verdicts.map(({ length }) => length), 0);
  const held = verdicts.map((text) => text.padEnd(width));
  return [left, ...against, { head: ['', 'held up by'.padEnd(width)], rank: 3, cells: held }];
}

function heldUp({ verdict }: StrategyReport, room: number): string {
  if (verdict === null) return UNKNOWN;
  const full = describeBound({ ...verdict, advice: undefined });
  return full.length <= room ? full : `${verdict.bound} ${Math.round(100 * verdict.share)}%`;
}

function failures(strategies: readonly StrategyReport[]): string[] {
  const failed = strategies.filter((of) => of.failed > 0).map((of) => `${of.strategy} ${count(of.failed)}`);
  return failed.length === 0 ? [] : [`downloads that failed: ${failed.join(', ')}`];
}

function bars(strategies: readonly StrategyReport[], columns: number): string[] {
  const scale = scaleFor(strategies.map(({ filesPerSecond }) => filesPerSecond.median));
  const title = scale.kind === 'log' ? 'files/s, on a logarithmic scale' : 'files/s';
  const name = nameWidth(strategies);
  const width = Math.max(8, Math.min(WIDEST_BAR, columns - name - 11));
  const rows = strategies.map(({ strategy, filesPerSecond: { median } }) => {
    return `${strategy.padEnd(name)}  ${barOf(median, scale, width)} ${number(median)}`;
  });
  return [title, ...rows, `${' '.repeat(name + 2)}${axisOf(scale, width)}`];
}

/** The delay of the event loop on one scale for all, and beside it how many files waited. */
function overTime(strategies: readonly StrategyReport[], columns: number): string[] {
  const delays = scaleFor(strategies.flatMap(({ timeline }) => timeline.loopDelay));
  const name = nameWidth(strategies);
  const width = Math.max(8, Math.min(WIDEST_LINE, Math.floor((columns - name - 4 - 2 * 8) / 2)));
  const rows = strategies.flatMap(({ strategy, timeline: { fetched, stored, loopDelay } }) => {
    if (loopDelay.length === 0) return [];
    const waiting = fetched.map((bodies, slot) => Math.max(0, bodies - (stored[slot] ?? 0)));
    const [longest, most] = [Math.max(...loopDelay), Math.max(...waiting)];
    const delay = `${sparkline(loopDelay, delays, width).padEnd(width)} ${number(longest).padEnd(7)}`;
    return [
      `${strategy.padEnd(name)}  ${delay}  ${sparkline(waiting, linear(most), width).padEnd(width)} ${count(most)}`,
    ];
  });
  const title = `loop delay, ms${delays.kind === 'log' ? ' (log)' : ''}`;
  const heads = `${' '.repeat(name)}  ${title.padEnd(width + 8)}  fetched, not stored`;
  return rows.length === 0 ? [] : [heads, ...rows];
}

function nameWidth(strategies: readonly StrategyReport[]): number {
  return Math.max(...strategies.map(({ strategy }) => strategy.length), 0);
}

function tried({ advice }: BenchReport): string[] {
  if (advice === null) return [];
  const { rows } = inColumns(
    [
      { head: ['', ''], rank: 0, cells: advice.tried.map(({ setting }) => `  ${flagsOf(setting)}`) },
      { head: ['', ''], rank: 0, cells: advice.tried.map(({ filesPerSecond }) => `${number(filesPerSecond)} files/s`) },
    ],
    Infinity,
  );
  return [`Tried within ${count(advice.seconds)} seconds:`, ...rows];
}

function toUse(report: BenchReport, columns: number): string[] {
  const { advice } = report;
  if (advice === null) return [];
  const command = commandOf(report);
  if (judge(advice.gain) === 'unclear') {
    const ratio = spread(advice.gain);
    return wrap(`Rounds do not agree whether the best is faster than saved on the main thread: ${ratio}.`, columns);
  }
  const gain = `${spread(advice.gain)} times as many files a second as saved on the main thread`;
  // On a line of its own, however long: it is to be copied.
  if (command !== undefined) return [...wrap(`The best gives ${gain}:`, columns), `  ${command}`];
  const best = advice.flags === '' ? 'The best is what sluice get does by itself:' : 'The best gives';
  return wrap(`${best} ${gain}.`, columns);
}

function conditions({ machine, storage, work, rounds, version }: BenchReport, columns: number): string[] {
  const { processor, processors, system, node } = machine;
  return [
    `${rounds} rounds on ${storage.directory}${storage.fileSystem === null ? '' : ` (${storage.fileSystem})`}; ${describeSource(work)}`,
    `${processors} x ${processor}, ${system}, Node.js ${node.replace(/^v/, '')}, sluice ${version}`,
  ].flatMap((line) => told(line, columns));
}
