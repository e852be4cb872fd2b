/** Numbers on the page: each carries what it stands for, as `/summary.json` has it. */
import { attributes, type Markup, markup } from '../../charts/markup.js';

/**
 * @param figure where the number stands, such as `run.percent`
 * @param shown in the unit of the chart's axis, for a mark whose place or length it gives
 */
export function datum(figure: string, value: unknown, shown?: number): Markup {
  return attributes({ 'data-figure': figure, 'data-value': JSON.stringify(value), 'data-shown': shown });
}

export function told(figure: string, value: unknown, text: string): Markup {
  return markup`<b${datum(figure, value)}>${text}</b>`;
}
