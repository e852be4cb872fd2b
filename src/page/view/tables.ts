/** Which servers are slow, which fail, and what failed last. All of it is text from elsewhere. */
import { datum } from '../../charts/axes.js';
import { type Markup, markup } from '../../charts/markup.js';
import { count } from '../../charts/numbers.js';
import type { ShownFailure } from '../failures.js';
import type { HostFigures, Hosts } from '../hosts.js';

type Column = readonly [head: string, cell: (of: HostFigures, place: string) => Markup];

const ANSWER: Column = [
  'answers after',
  ({ answer }, place) => cell(`${place}.answer`, answer, answer === null ? '' : `${count(answer)} ms`),
];
const ITEMS: Column = ['items', ({ items }, place) => cell(`${place}.items`, items, count(items))];
const FAILED: Column = ['failed', ({ failed }, place) => cell(`${place}.failed`, failed, count(failed))];
const AGAIN: Column = ['tried again', ({ again }, place) => cell(`${place}.again`, again, count(again))];
const CODE: Column = ['last of them', ({ code }) => markup`<td><code>${code ?? ''}</code></td>`];

export function slowest({ slowest: hosts }: Hosts): Markup {
  return table('slowest', hosts, [ANSWER, ITEMS, AGAIN], 'No server has answered yet.');
}

export function failing({ failing: hosts }: Hosts): Markup {
  return table('failing', hosts, [FAILED, ITEMS, CODE], 'None has failed.');
}

export function failures(shown: readonly ShownFailure[]): Markup {
  if (shown.length === 0) return markup`<li>None.</li>`;
  return markup`${shown.map(
    ({ time, url, code, message, hint }) =>
      markup`<li><code>${code}</code> <span class="url">${url}</span> <small>${time.slice(11, 19)} UTC</small><br>${message}; ${hint}</li>`,
  )}`;
}

function cell(figure: string, value: number | null, text: string): Markup {
  return markup`<td class="number"${datum(figure, value)}>${text}</td>`;
}

function table(name: keyof Hosts, hosts: readonly HostFigures[], columns: readonly Column[], none: string): Markup {
  if (hosts.length === 0) return markup`<p>${none}</p>`;
  const heads = columns.map(
    ([head], index) => markup`<th scope="col"${isText(columns[index]) ? '' : markup` class="number"`}>${head}</th>`,
  );
  const rows = hosts.map(
    (of, index) =>
      markup`<tr><th scope="row">${of.host}</th>${columns.map(([, tell]) => tell(of, `run.hosts.${name}.${index}`))}</tr>`,
  );
  return markup`<table><thead><tr><th scope="col">server</th>${heads}</tr></thead><tbody>${rows}</tbody></table>`;
}

function isText(column: Column | undefined): boolean {
  return column === CODE;
}
