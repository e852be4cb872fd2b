/** Lines over time. */
import { axisData, grid, isMinor, percent } from './axes.js';
import { type Markup, markup } from './markup.js';
import { short } from './numbers.js';
import type { Scale } from './ticks.js';

/** Units of the drawings that are stretched to their charts. */
const UNIT = 1000;

/** Lines in a drawing that is stretched to its place, on a grid with the values to the left of it. */
export function chart(label: string, height: number, scale: Scale, time: Scale, lines: readonly Markup[]): Markup {
  const ticks = scale.ticks.map((tick, index) => {
    const y = percent(1 - scale.at(tick));
    const text = markup`<text x="-6" y="${y}" dy="4" text-anchor="end">${short(tick)}</text>`;
    return markup`<line x1="0" x2="100%" y1="${y}" y2="${y}"/>${isMinor(scale.ticks, index) ? '' : text}`;
  });
  return markup`<svg class="track" role="img" aria-label="${label}" width="100%" height="${height}"${axisData(scale)}>${grid(time)}<g class="grid ticks">${ticks}</g>
<svg viewBox="0 0 ${UNIT} ${UNIT}" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">${lines}</svg></svg>`;
}

/** In a sentence that tells of a line. */
export function sample(kind: 'fetched' | 'stored'): Markup {
  return markup`<svg class="sample" width="26" height="10" aria-hidden="true"><line class="line ${kind}" x1="1" x2="25" y1="5" y2="5"/></svg>`;
}

/** Of counts by the end of each slot, from nothing. */
export function cumulative(counts: readonly number[], scale: Scale): string {
  return `M${places(counts, scale).join('L')}`;
}

export function between(upper: readonly number[], lower: readonly number[], scale: Scale): string {
  return `M${[...places(upper, scale), ...places(lower, scale).toReversed()].join('L')}z`;
}

function places(counts: readonly number[], scale: Scale): string[] {
  return [0, ...counts].map((value, slot) => `${x(slot, counts.length)} ${y(value, scale)}`);
}

/** One step for each slot. */
export function steps(values: readonly number[], scale: Scale): string {
  const path = values.map((value, slot) => `V${y(value, scale)}H${x(slot + 1, values.length)}`).join('');
  return `M0 ${y(values[0] ?? 0, scale)}${path}`;
}

function x(slot: number, slots: number): number {
  return Number(((UNIT * slot) / slots).toFixed(1));
}

function y(value: number, scale: Scale): number {
  return Number((UNIT * (1 - scale.at(value))).toFixed(1));
}
