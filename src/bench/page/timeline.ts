/** A run over time: what was fetched against what was stored, and how long events waited meanwhile. */
import { tickLabels } from '../../charts/axes.js';
import { between, chart, cumulative, sample, steps } from '../../charts/lines.js';
import { type Datum, datum, glyph } from './marks.js';
import { type Markup, markup } from '../../charts/markup.js';
import type { BenchReport, StrategyReport } from '../report.js';
import { count, number } from '../../charts/numbers.js';
import { linear, linearTo, type Scale, scaleFor } from '../../charts/ticks.js';

/** A chart of each strategy; the delays on one scale for all, so that they compare. */
export function timelines({ strategies }: BenchReport): Markup {
  const delays = scaleFor(strategies.flatMap(({ timeline }) => timeline.loopDelay));
  return markup`<section><h2>From the network to the storage</h2>
<p>The ${sample('fetched')} dashed line counts bodies that were fetched, the ${sample('stored')} solid one files that were stored; what lies between them waited in memory. Below, the longest that an event waited for the event loop${delays.kind === 'log' ? ', on a logarithmic scale' : ''}. Each chart has its own scales of files and of time, of the round that took the median time; the delays share theirs.</p>
<div class="panels">${strategies.map((of) => timeline(of, delays))}</div></section>`;
}

function timeline(of: StrategyReport, delays: Scale): Markup {
  const { strategy, timeline } = of;
  const { interval, fetched, stored } = timeline;
  const seconds = (stored.length * interval) / 1000;
  const drawing = seconds === 0 ? markup`` : charts(of, seconds, delays);
  const caption =
    seconds === 0 ? 'too short to be drawn' : `${count(stored.at(-1) ?? 0)} files in ${number(seconds)} s`;
  const waiting = Math.max(0, ...fetched.map((bodies, slot) => bodies - (stored[slot] ?? 0)));
  return markup`<figure class="panel s-${strategy}"><h3>${glyph(strategy)}${strategy}</h3>
<figcaption>${caption}${seconds === 0 ? '' : `, ${count(waiting)} waited at most`}</figcaption>${drawing}</figure>`;
}

function charts(
  { strategy, timeline: { fetched, stored, loopDelay } }: StrategyReport,
  seconds: number,
  delays: Scale,
): Markup {
  const files = linear(Math.max(fetched.at(-1) ?? 0, stored.at(-1) ?? 0), 3);
  const time = linearTo(seconds, 3);
  const longest = number(Math.max(...loopDelay));
  const bodies = [
    markup`<path class="waiting" d="${between(fetched, stored, files)}"/>`,
    line({ strategy, figure: 'timeline.fetched', value: fetched }, cumulative(fetched, files), 'fetched'),
    line({ strategy, figure: 'timeline.stored', value: stored }, cumulative(stored, files), 'stored'),
  ];
  const delay = line({ strategy, figure: 'timeline.loopDelay', value: loopDelay }, steps(loopDelay, delays), 'delay');
  return markup`<div class="time"><small>files</small>
${chart(`${strategy}: files fetched and files stored over ${number(seconds)} seconds`, 132, files, time, bodies)}
<small>event-loop delay, ms; longest ${longest}</small>
${chart(`${strategy}: event-loop delay over time, ${longest} milliseconds at the most`, 60, delays, time, [delay])}
${tickLabels(time, ' s')}</div>`;
}

function line(numbers: Datum, path: string, kind: 'fetched' | 'stored' | 'delay'): Markup {
  return markup`<path class="line ${kind}" d="${path}"${datum(numbers)}><title>${numbers.strategy}: ${kind}</title></path>`;
}
