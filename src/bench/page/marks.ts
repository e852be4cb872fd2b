/**
 * The marks of the charts. Places are shares of the width, sizes are pixels: so a chart grows and shrinks with its page
 * and its text does not. Every mark that stands for a number carries it, as the report has it.
 */
import { attributes, type Markup, markup } from './markup.js';
import type { Strategy } from '../report.js';
import type { Scale } from '../ticks.js';
import { short } from '../text.js';

/** The number that a mark stands for. */
export interface Datum {
  /** Whose; undefined for what is of the whole report. */
  readonly strategy?: Strategy;
  /** Where the number stands: in the report of the strategy, or in the whole one. */
  readonly figure: string;
  readonly value: number | readonly number[];
  /** In the unit of the chart's axis, for a mark whose place or length it gives. */
  readonly shown?: number;
}

export function datum({ strategy, figure, value, shown }: Datum): Markup {
  const data = {
    'data-strategy': strategy,
    'data-figure': figure,
    'data-value': JSON.stringify(value),
    'data-shown': shown,
  };
  return attributes(data);
}

/** Strategies are told apart by shape as well as by colour. */
const SHAPES: Readonly<Record<Strategy, string>> = {
  sequential: 'M-4-4h8v8h-8z',
  inline: 'M-5-4h10l-5 9z',
  libuv: 'M0-5l5 9h-10z',
  threads: 'M0-5.5l5.5 5.5-5.5 5.5-5.5-5.5z',
  pool: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z',
};

export function glyph(strategy: Strategy): Markup {
  return markup`<svg class="glyph" width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true"><path d="${SHAPES[strategy]}"/></svg>`;
}

/** At a place of its own within a chart. */
export function glyphAt(strategy: Strategy, x: number, y: string): Markup {
  return markup`<svg class="point" x="${percent(x)}" y="${y}" overflow="visible"><path d="${SHAPES[strategy]}"/></svg>`;
}

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(3))}%`;
}

/** Upright lines through the ticks. */
export function grid({ ticks, at }: Scale): Markup {
  return markup`<g class="grid">${ticks.map((tick) => markup`<line x1="${percent(at(tick))}" x2="${percent(at(tick))}" y1="0" y2="100%"/>`)}</g>`;
}

/** The ticks' values in a row, the last one with the unit; the outermost stay within the chart. */
export function tickLabels({ ticks, at }: Scale, unit = ''): Markup {
  const labels = ticks.map((tick, index) => {
    const share = at(tick);
    const anchor = share < 0.02 ? 'start' : share > 0.95 ? 'end' : 'middle';
    const look = isMinor(ticks, index) ? markup` class="minor"` : '';
    return markup`<text${look} x="${percent(share)}" y="12" text-anchor="${anchor}">${short(tick)}${index === ticks.length - 1 ? unit : ''}</text>`;
  });
  return markup`<svg class="track" width="100%" height="16" aria-hidden="true"><g class="ticks">${labels}</g></svg>`;
}

/** Every second one, counted from the last, where there are many: it is left out where there is little room. */
export function isMinor(ticks: readonly number[], index: number): boolean {
  return ticks.length > 4 && (ticks.length - 1 - index) % 2 === 1;
}

/** For tests and for scripts: which values the ends of the chart stand for. */
export function axisData({ kind, least, most }: Scale): Markup {
  return attributes({ 'data-scale': kind, 'data-least': least, 'data-most': most });
}
