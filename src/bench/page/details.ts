/** The tables of the page: all figures, what the advice tried, and under which conditions it was measured. */
import { FIGURES, shownSpread } from '../figures.js';
import { type Markup, markup, prose } from '../../charts/markup.js';
import { percent } from '../../charts/axes.js';
import { datum, glyph } from './marks.js';
import { judge } from '../judgement.js';
import type { Advice, BenchReport, StrategyReport } from '../report.js';
import { count, number, UNKNOWN } from '../../charts/numbers.js';
import { bytes, describeSimulation, describeSource, flagsOf, range, sameSetting } from '../text.js';
import { linear } from '../../charts/ticks.js';

/** A row for each figure, a column for each strategy: medians, and below them the least and the most of the rounds. */
export function figuresTable({ strategies, rounds }: BenchReport): Markup {
  const heads = strategies.map(
    ({ strategy }) => markup`<th scope="col" class="s-${strategy}">${glyph(strategy)}${strategy}</th>`,
  );
  const rows = Object.values(FIGURES).map(
    (figure) =>
      markup`<tr><th scope="row">${figure.title} <span class="unit">${figure.unit}</span></th>${strategies.map((of) => {
        const raw = figure.spread(of);
        const shown = shownSpread(figure, of);
        if (raw === null || shown === null) return markup`<td>${UNKNOWN}</td>`;
        const mark = datum({ strategy: of.strategy, figure: `${figure.path}.median`, value: raw.median });
        return markup`<td${mark}>${number(shown.median)}<small>${range(shown)}</small></td>`;
      })}</tr>`,
  );
  const counts = (title: string, read: (of: StrategyReport) => number) =>
    markup`<tr><th scope="row">${title}</th>${strategies.map((of) => markup`<td>${count(read(of))}</td>`)}</tr>`;
  return markup`<section><h2>All figures</h2><p>Medians of ${rounds} rounds, and below them the least and the most.</p>
<div class="scroll" role="region" aria-label="All figures" tabindex="0"><table class="figures">
<thead><tr><td></td>${heads}</tr></thead><tbody>${rows}${counts('files in each round', ({ files }) => files)}${counts('failed, of all rounds', ({ failed }) => failed)}</tbody></table></div></section>`;
}

/** What was tried, in order, and what came of it. */
export function adviceTable({ advice }: BenchReport): Markup {
  if (advice === null) return markup``;
  const { tried, best, seconds } = advice;
  const scale = linear(Math.max(...tried.map(({ filesPerSecond }) => filesPerSecond)));
  const rows = tried.map(({ setting, filesPerSecond }, index) => {
    const chosen = sameSetting(setting, best);
    const mark = datum({
      figure: `advice.tried.${index}.filesPerSecond`,
      value: filesPerSecond,
      shown: filesPerSecond,
    });
    return markup`<tr${chosen ? markup` class="best"` : ''}><th scope="row"><code>${prose(flagsOf(setting))}</code>${chosen ? markup` <b>best</b>` : ''}</th>
<td class="meter"><svg width="100%" height="14" aria-hidden="true" data-scale="linear" data-least="0" data-most="${scale.most}"><rect class="bar" width="${percent(scale.at(filesPerSecond))}"${mark}/></svg></td><td>${number(filesPerSecond)}</td></tr>`;
  });
  return markup`<section><h2>What the advice tried</h2><p>${tried.length} settings within ${count(seconds)} seconds. ${gainOf(advice)}</p>
<table class="tried"><thead><tr><th scope="col">setting</th><td></td><th scope="col">files/s</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

function gainOf({ gain, flags }: Advice): Markup {
  const ratio = markup`<b>${number(gain.median)}×</b> (${range(gain)})`;
  if (judge(gain) === 'unclear') {
    return markup`Rounds do not agree whether the best one is faster than saving on the main thread: ${ratio}.`;
  }
  const byItself = flags === '' ? ' It is what sluice get does by itself.' : '';
  return markup`The best one gives ${ratio} as many files a second as saving on the main thread.${byItself}`;
}

/** Where, with what and when. */
export function conditions(report: BenchReport): Markup {
  const { machine, storage, work, rounds, started, ended, version } = report;
  const simulation = describeSimulation(storage);
  const entries: readonly (readonly [string, string])[] = [
    ['Storage', `${storage.directory}${storage.fileSystem === null ? '' : ` (${storage.fileSystem})`}`],
    ...(simulation === undefined ? [] : [['Simulated', `the store waited besides: ${simulation}`] as const]),
    ['Machine', `${machine.processor}, ${machine.processors} processors, ${bytes(machine.memory)}`],
    ['System', `${machine.system}, Node.js ${machine.node.replace(/^v/, '')}`],
    ['Downloads', describeSource(work)],
    [
      'Settings',
      `${flagsOf(work.setting)} --memory ${bytes(work.memory).replace(' ', '')} --image-check ${work.imageCheck}`,
    ],
    ['Rounds', `${rounds}, the strategies in turn`],
    ['Measured', `${moment(started)} to ${moment(ended)} UTC`],
    ['sluice', version],
  ];
  return markup`<section><h2>How it was measured</h2><dl>${entries.map(([term, text]) => markup`<div><dt>${term}</dt><dd>${prose(text)}</dd></div>`)}</dl></section>`;
}

/** `2026-11-21 10:02`. */
function moment(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
