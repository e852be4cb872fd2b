/** One row of a chart: the marks of one strategy on the axis that it shares with the others. */
import { type Figure, shownSpread } from '../figures.js';
import { axisData, grid, percent } from '../../charts/axes.js';
import { datum, glyphAt } from './marks.js';
import { type Markup, markup } from '../../charts/markup.js';
import type { StrategyReport } from '../report.js';
import { spread } from '../text.js';
import type { Scale } from '../../charts/ticks.js';

/** A drawing as wide as its column. What it shows is told besides, for those who do not see it. */
export function track(
  of: StrategyReport,
  height: number,
  scale: Scale,
  label: string,
  marks: readonly Markup[],
): Markup {
  return markup`<svg class="track" role="img" aria-label="${of.strategy}: ${label}" width="100%" height="${height}"${axisData(scale)}>${grid(scale)}${marks}</svg>`;
}

/** A bar from 0 to the median; on a logarithmic scale, where lengths mean nothing, a stem with a point. */
export function bar(of: StrategyReport, figure: Figure, scale: Scale): readonly Markup[] {
  const values = shownSpread(figure, of);
  if (values === null) return [];
  if (scale.kind === 'linear') return [...length(of, figure, scale, 'bar'), ...whiskers(of, figure, scale)];
  const point = glyphAt(of.strategy, scale.at(values.median), '50%');
  return [...length(of, figure, scale, 'stem'), ...whiskers(of, figure, scale), point];
}

/** A part drawn over the whole that it is a part of: the figures in this order. */
export function nested(of: StrategyReport, [part, whole]: readonly [Figure, Figure], scale: Scale): readonly Markup[] {
  return [...length(of, whole, scale, 'bar third'), ...length(of, part, scale, 'bar'), ...whiskers(of, whole, scale)];
}

/** Parts one after the other. */
export function stacked(of: StrategyReport, figures: readonly Figure[], scale: Scale): readonly Markup[] {
  const shades = ['bar', 'bar second', 'bar third'];
  let from = 0;
  return figures.flatMap((figure, index) => {
    const rect = length(of, figure, scale, shades[index] ?? 'bar', from);
    from += shownSpread(figure, of)?.median ?? 0;
    return rect;
  });
}

/** Quantiles from left to right, on the line that they span. */
export function points(of: StrategyReport, figures: readonly Figure[], scale: Scale): readonly Markup[] {
  const known = figures.flatMap((figure, index) => {
    const shown = shownSpread(figure, of)?.median;
    const shape = QUANTILES[index];
    return shown === undefined || shape === undefined ? [] : [{ figure, shape, shown, at: percent(scale.at(shown)) }];
  });
  const [first, last] = [known[0]?.at, known.at(-1)?.at];
  if (first === undefined || last === undefined) return [];
  const marks = known.map(({ figure, shape, shown, at }) => {
    const numbers = median(of, figure, shown);
    return shape === 'max'
      ? markup`<line class="max" x1="${at}" x2="${at}" y1="20%" y2="80%"${numbers}>${tooltip(of, figure)}</line>`
      : markup`<circle class="${shape}" cx="${at}" cy="50%" r="4"${numbers}>${tooltip(of, figure)}</circle>`;
  });
  return [markup`<line class="span" x1="${first}" x2="${last}" y1="50%" y2="50%"/>`, ...marks];
}

const QUANTILES = ['p50', 'p99', 'max'] as const;

/** Marks as they look, to say what they mean. */
const SAMPLES = {
  first: markup`<rect class="bar" width="12" height="10" y="1"/>`,
  second: markup`<rect class="bar second" width="12" height="10" y="1"/>`,
  third: markup`<rect class="bar third" width="12" height="10" y="1"/>`,
  p50: markup`<circle class="p50" cx="6" cy="6" r="4"/>`,
  p99: markup`<circle class="p99" cx="6" cy="6" r="4"/>`,
  max: markup`<line class="max" x1="6" x2="6" y1="1" y2="11"/>`,
};

/** A mark and what it means. */
export function key(mark: keyof typeof SAMPLES, meaning: string): Markup {
  return markup`<span class="key"><svg class="sample" width="12" height="12" aria-hidden="true">${SAMPLES[mark]}</svg>${meaning}</span> `;
}

/** The median as a length. */
function length(of: StrategyReport, figure: Figure, scale: Scale, look: string, from = 0): readonly Markup[] {
  const shown = shownSpread(figure, of)?.median;
  if (shown === undefined) return [];
  const start = from === 0 ? 0 : scale.at(from);
  const size = markup`x="${percent(start)}" width="${percent(scale.at(from + shown) - start)}"`;
  return [markup`<rect class="${look}" ${size}${median(of, figure, shown)}>${tooltip(of, figure)}</rect>`];
}

/** From the least to the most of the rounds, in the middle of the height. */
function whiskers(of: StrategyReport, figure: Figure, scale: Scale): readonly Markup[] {
  const values = shownSpread(figure, of);
  const raw = figure.spread(of);
  if (values === null || raw === null) return [];
  const [from, to] = [percent(scale.at(values.least)), percent(scale.at(values.most))];
  const cap = (end: 'least' | 'most', at: string) => {
    const numbers = { strategy: of.strategy, figure: `${figure.path}.${end}`, value: raw[end], shown: values[end] };
    return markup`<line class="whisker" x1="${at}" x2="${at}" y1="-4" y2="4"${datum(numbers)}/>`;
  };
  const line = markup`<line class="halo" x1="${from}" x2="${to}"/><line class="whisker" x1="${from}" x2="${to}"/>`;
  return [markup`<svg y="50%" overflow="visible">${line}${cap('least', from)}${cap('most', to)}</svg>`];
}

function median(of: StrategyReport, { path, spread }: Figure, shown: number): Markup {
  return datum({ strategy: of.strategy, figure: `${path}.median`, value: spread(of)?.median ?? NaN, shown });
}

function tooltip(of: StrategyReport, figure: Figure): Markup {
  const values = shownSpread(figure, of);
  return markup`<title>${of.strategy}, ${figure.title}: ${values === null ? '' : spread(values)} ${figure.unit}</title>`;
}
