/** Numbers in sentences of the page: each carries what it stands for, as `/summary.json` has it. */
import { datum } from '../../charts/axes.js';
import { type Markup, markup } from '../../charts/markup.js';

export function told(figure: string, value: unknown, text: string): Markup {
  return markup`<b${datum(figure, value)}>${text}</b>`;
}
