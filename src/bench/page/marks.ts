/**
 * The marks of the charts. Places are shares of the width, sizes are pixels: so a chart grows and shrinks with its page
 * and its text does not. Every mark that stands for a number carries it, as the report has it.
 */
import { datum as datumOf, percent } from '../../charts/axes.js';
import { attributes, type Markup, markup } from '../../charts/markup.js';
import type { Strategy } from '../report.js';

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
  return markup`${attributes({ 'data-strategy': strategy })}${datumOf(figure, value, shown)}`;
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
