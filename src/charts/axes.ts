/** The lines, labels and data of the axes of charts. */
import { attributes, type Markup, markup } from './markup.js';
import { short } from './numbers.js';
import type { Scale } from './ticks.js';

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

/**
 * What a mark or a text stands for.
 *
 * @param figure where the number stands in what is shown, such as `run.percent`
 * @param shown in the unit of the chart's axis, for a mark whose place or length it gives
 */
export function datum(figure: string, value: unknown, shown?: number): Markup {
  return attributes({ 'data-figure': figure, 'data-value': JSON.stringify(value), 'data-shown': shown });
}
