/** A run over time: what was fetched against what was stored, and how long events waited meanwhile. */
import { axisData, type Datum, datum, glyph, grid, isMinor, percent, tickLabels } from './marks.js';
import { type Markup, markup } from './markup.js';
import type { BenchReport, StrategyReport } from '../report.js';
import { count, number, short } from '../text.js';
import { linear, type Scale, scaleFor } from '../ticks.js';

/** Units of the drawings that are stretched to their charts. */
const UNIT = 1000;

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
  const round = linear(seconds, 3);
  // Time ends where the run does, not at the next round number.
  const time = {
    ...round,
    most: seconds,
    at: (value: number) => value / seconds,
    ticks: round.ticks.filter((tick) => tick <= seconds),
  };
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

/** Lines in a drawing that is stretched to its place, on a grid with the values to the left of it. */
function chart(label: string, height: number, scale: Scale, time: Scale, lines: readonly Markup[]): Markup {
  const ticks = scale.ticks.map((tick, index) => {
    const y = percent(1 - scale.at(tick));
    const text = markup`<text x="-6" y="${y}" dy="4" text-anchor="end">${short(tick)}</text>`;
    return markup`<line x1="0" x2="100%" y1="${y}" y2="${y}"/>${isMinor(scale.ticks, index) ? '' : text}`;
  });
  return markup`<svg class="track" role="img" aria-label="${label}" width="100%" height="${height}"${axisData(scale)}>${grid(time)}<g class="grid ticks">${ticks}</g>
<svg viewBox="0 0 ${UNIT} ${UNIT}" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">${lines}</svg></svg>`;
}

function line(numbers: Datum, path: string, kind: 'fetched' | 'stored' | 'delay'): Markup {
  return markup`<path class="line ${kind}" d="${path}"${datum(numbers)}><title>${numbers.strategy}: ${kind}</title></path>`;
}

/** Of counts by the end of each slot, from nothing. */
function cumulative(counts: readonly number[], scale: Scale): string {
  return `M${places(counts, scale).join('L')}`;
}

function between(upper: readonly number[], lower: readonly number[], scale: Scale): string {
  return `M${[...places(upper, scale), ...places(lower, scale).toReversed()].join('L')}z`;
}

function places(counts: readonly number[], scale: Scale): string[] {
  return [0, ...counts].map((value, slot) => `${x(slot, counts.length)} ${y(value, scale)}`);
}

/** One step for each slot. */
function steps(values: readonly number[], scale: Scale): string {
  const path = values.map((value, slot) => `V${y(value, scale)}H${x(slot + 1, values.length)}`).join('');
  return `M0 ${y(values[0] ?? 0, scale)}${path}`;
}

function x(slot: number, slots: number): number {
  return Number(((UNIT * slot) / slots).toFixed(1));
}

function y(value: number, scale: Scale): number {
  return Number((UNIT * (1 - scale.at(value))).toFixed(1));
}

function sample(kind: 'fetched' | 'stored'): Markup {
  return markup`<svg class="sample" width="26" height="10" aria-hidden="true"><line class="line ${kind}" x1="1" x2="25" y1="5" y2="5"/></svg>`;
}
