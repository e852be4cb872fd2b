/** What the report is about: files a second of the strategies, side by side, and how they compare. */
import { describeBound } from '../../verdict/verdict.js';
import { bar, track } from './bars.js';
import { FIGURES } from '../figures.js';
import { tickLabels } from '../../charts/axes.js';
import { datum, glyph } from './marks.js';
import { type Markup, markup } from '../../charts/markup.js';
import { type BenchReport, type Ratio, REFERENCES, type StrategyReport } from '../report.js';
import { number, short, UNKNOWN } from '../../charts/numbers.js';
import { DESCRIPTIONS, range, spread } from '../text.js';
import { type Scale, scaleFor } from '../../charts/ticks.js';

export function rates({ strategies, ratios, rounds }: BenchReport): Markup {
  const scale = scaleFor(strategies.flatMap(({ filesPerSecond: { least, most } }) => [least, most]));
  const far = scale.kind === 'log' ? ' The scale is logarithmic: each line is ten times the one before.' : '';
  const isBelow = strategies.some(({ filesPerSecond }) => filesPerSecond.least < scale.least);
  const below = isBelow ? ` What is below ${short(scale.least)} stands there.` : '';
  const heads = REFERENCES.map((to) => markup`<span class="ratio">against ${to}</span>`);
  return markup`<section><h2>Files a second</h2>
<p>Medians of ${rounds} rounds; whiskers reach from the slowest round to the fastest.${far}${below}</p>
<div class="bars rates">
<div class="row head"><span></span><span></span><span class="value">files/s</span>${heads}</div>
${strategies.map((of) => row(of, ratios, scale))}
<div class="row axis"><span></span><div class="plot">${tickLabels(scale)}</div></div>
</div></section>`;
}

function row(of: StrategyReport, ratios: readonly Ratio[], scale: Scale): Markup {
  const { strategy, verdict, filesPerSecond } = of;
  const bound = verdict === null ? undefined : describeBound({ ...verdict, advice: undefined });
  const held = bound === undefined ? 'too short to tell what held it up' : `held up by ${bound}`;
  const drawing = track(
    of,
    32,
    scale,
    `${spread(filesPerSecond)} files a second`,
    bar(of, FIGURES.filesPerSecond, scale),
  );
  return markup`<div class="row s-${strategy}"><div class="name">${glyph(strategy)}<b>${strategy}</b><small>${DESCRIPTIONS[strategy]}</small></div>
<div class="plot">${drawing}<small>${held}</small></div>
<div class="value"><b>${number(filesPerSecond.median)}</b><small>${range(filesPerSecond)}</small></div>
<div class="ratios">${REFERENCES.map((to) => ratioTo(to, ratios, of))}</div></div>`;
}

function ratioTo(to: Ratio['to'], ratios: readonly Ratio[], { strategy }: StrategyReport): Markup {
  const index = ratios.findIndex((one) => one.strategy === strategy && one.to === to);
  const ratio = ratios[index]?.ratio;
  if (ratio === undefined || !Number.isFinite(ratio.median)) return markup`<div class="ratio none">${UNKNOWN}</div>`;
  const numbers = datum({ figure: `ratios.${index}.ratio.median`, value: ratio.median });
  return markup`<div class="ratio"${numbers}><span>against ${to} </span>${number(ratio.median)}×<small>${range(ratio)}</small></div>`;
}
