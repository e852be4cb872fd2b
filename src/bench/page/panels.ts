/** What else was measured of the strategies: a small chart for each figure, all alike. */
import { bar, key, nested, points, stacked, track } from './bars.js';
import { type Figure, FIGURES, shownSpread } from '../figures.js';
import { tickLabels } from '../../charts/axes.js';
import { glyph } from './marks.js';
import { type Markup, markup } from '../../charts/markup.js';
import type { BenchReport, StrategyReport } from '../report.js';
import { number, short, UNKNOWN } from '../../charts/numbers.js';
import { linear, type Scale, scaleFor } from '../../charts/ticks.js';

interface Panel {
  readonly title: string;
  readonly unit: string;
  /** What the marks mean. */
  readonly note: string | readonly Markup[];
  readonly figures: readonly Figure[];
  /** Of what is in the unit that is shown. */
  readonly scale: (strategies: readonly StrategyReport[]) => Scale;
  readonly marks: (of: StrategyReport, scale: Scale) => readonly Markup[];
}

const { cpuMainPerFile, cpuAllPerFile, peakMemory, network, create, write, rename } = FIGURES;
const LOOP = [FIGURES.loopP50, FIGURES.loopP99, FIGURES.loopMax];
const STORE = [FIGURES.storeP50, FIGURES.storeP99];
const STORAGE = [create, write, rename];

const PANELS: readonly Panel[] = [
  {
    title: 'Processor time',
    unit: 'µs a file',
    note: [key('first', 'main thread'), key('third', 'within all threads, their start included')],
    figures: [cpuMainPerFile, cpuAllPerFile],
    scale: (strategies) => linear(mostOf(strategies, [cpuAllPerFile])),
    marks: (of, scale) => nested(of, [cpuMainPerFile, cpuAllPerFile], scale),
  },
  {
    title: 'Peak memory',
    unit: 'MB',
    note: 'resident, Node.js itself included',
    figures: [peakMemory],
    scale: (strategies) => linear(mostOf(strategies, [peakMemory])),
    marks: (of, scale) => bar(of, peakMemory, scale),
  },
  {
    title: 'Event-loop delay',
    unit: 'ms',
    note: [key('p50', 'p50'), key('p99', 'p99'), key('max', 'longest')],
    figures: LOOP,
    scale: (strategies) => scaleFor(mediansOf(strategies, LOOP)),
    marks: (of, scale) => points(of, LOOP, scale),
  },
  {
    title: 'Last byte to stored file',
    unit: 'ms',
    note: [key('p50', 'p50'), key('p99', 'p99')],
    figures: STORE,
    scale: (strategies) => scaleFor(mediansOf(strategies, STORE)),
    marks: (of, scale) => points(of, STORE, scale),
  },
  {
    title: 'Network busy',
    unit: '%',
    note: 'of what the same requests give when nothing is stored',
    figures: [network],
    scale: (strategies) => linear(Math.max(100, mostOf(strategies, [network]))),
    marks: (of, scale) => bar(of, network, scale),
  },
  {
    title: 'Storage time',
    unit: 'ms a file',
    note: [key('first', 'new name'), key('second', 'bytes'), key('third', 'final name')],
    figures: STORAGE,
    scale: (strategies) => linear(Math.max(...strategies.map((of) => sum(mediansOf([of], STORAGE))))),
    marks: (of, scale) => stacked(of, STORAGE, scale),
  },
];

/** Those of which nothing is known are left out. */
export function panels({ strategies }: BenchReport): Markup {
  const known = PANELS.filter(({ figures }) => mediansOf(strategies, figures).length > 0);
  return markup`<section><h2>What it takes</h2><div class="panels wide">${known.map((one) => panel(one, strategies))}</div></section>`;
}

function panel(one: Panel, strategies: readonly StrategyReport[]): Markup {
  const scale = one.scale(strategies);
  const isBelow = mediansOf(strategies, one.figures).some((value) => value < scale.least);
  const logarithmic = isBelow ? `logarithmic; what is below ${short(scale.least)} stands there` : 'logarithmic';
  return markup`<figure class="panel"><h3>${one.title} <span class="unit">${one.unit}</span></h3>
<figcaption>${one.note}${scale.kind === 'log' ? logarithmic : ''}</figcaption>
<div class="bars">${strategies.map((of) => row(one, of, scale))}
<div class="row axis"><span></span><div class="plot">${tickLabels(scale)}</div></div></div></figure>`;
}

function row({ figures, unit, marks }: Panel, of: StrategyReport, scale: Scale): Markup {
  const values = figures.map((figure) => ({ figure, text: number(shownSpread(figure, of)?.median ?? NaN) }));
  const isKnown = values.some(({ text }) => text !== UNKNOWN);
  const label = values.map(({ figure, text }) => `${figure.title} ${text} ${unit}`).join(', ');
  const shown = isKnown ? values.map(({ text }) => text).join(' / ') : 'not measured';
  return markup`<div class="row s-${of.strategy}"><div class="name">${glyph(of.strategy)}${of.strategy}</div>
<div class="plot">${track(of, 24, scale, label, marks(of, scale))}</div><div class="value">${shown}</div></div>`;
}

function mediansOf(strategies: readonly StrategyReport[], figures: readonly Figure[]): number[] {
  return strategies.flatMap((of) => figures.flatMap((figure) => shownSpread(figure, of)?.median ?? []));
}

function mostOf(strategies: readonly StrategyReport[], figures: readonly Figure[]): number {
  return Math.max(...strategies.flatMap((of) => figures.flatMap((figure) => shownSpread(figure, of)?.most ?? [])));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
