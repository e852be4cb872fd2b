/** How the page looks: by day, in the dark, on paper and in a narrow window. */
import { Markup } from '../../charts/markup.js';
import { BASE } from '../../charts/style.js';

/**
 * Colours of Okabe and Ito, made darker or lighter where they would not stand out from the page by 3 to 1. Text is
 * never of these colours.
 */
export const STYLE = new Markup(`${BASE}
:root { --sequential: #6e6e6e; --inline: #c95700; --libuv: #b0568d; --threads: #00855f; --pool: #0072b2; }
@media screen and (prefers-color-scheme: dark) {
  :root { --sequential: #a3a3a3; --inline: #e88b3c; --libuv: #dd92c0; --threads: #2fbf93; --pool: #56b4e9; }
}
.answer { margin: 0 0 1rem; max-width: 24em; font-size: clamp(1.625rem, 1rem + 2.6vw, 2.625rem); font-weight: 650; line-height: 1.18; letter-spacing: -.02em; text-wrap: balance; }
.more { margin: 0 0 .5rem; max-width: 46rem; font-size: 1.125rem; }
.option { white-space: nowrap; }
.command { width: fit-content; max-width: 100%; margin: 1.5rem 0 0; padding: .875rem 1rem; background: var(--tint); border: 1px solid var(--rule); border-radius: 6px; white-space: pre-wrap; user-select: all; -webkit-user-select: all; }
.simulated, .doubts { margin: 0 0 1.5rem; padding: .75rem 1rem; background: var(--warn-tint); border-left: 4px solid var(--warn); max-width: 46rem; }
.simulated strong { margin-right: .5em; color: var(--warn); text-transform: uppercase; letter-spacing: .06em; }
.doubts { margin: 1.5rem 0 0; }
.doubts h2 { font-size: 1rem; color: var(--warn); }
.doubts ul { margin: 0; padding-left: 1.2em; }
.s-sequential { --own: var(--sequential); } .s-inline { --own: var(--inline); } .s-libuv { --own: var(--libuv); } .s-threads { --own: var(--threads); } .s-pool { --own: var(--pool); }
.glyph path { fill: var(--own); }
.point path { fill: var(--own); stroke: var(--page); stroke-width: 1.5; }
.bar { fill: var(--own, var(--soft)); y: 25%; height: 50%; }
.stem { fill: var(--own); y: calc(50% - 1.5px); height: 3px; }
.sample .bar { y: 1px; height: 10px; }
.second { fill-opacity: .6; }
.third { fill-opacity: .3; }
.key { margin-right: .75em; white-space: nowrap; }
.key .sample { margin-right: .35em; }
.whisker { stroke: var(--ink); stroke-width: 1.5; }
.halo { stroke: var(--page); stroke-width: 4; stroke-opacity: .75; }
.span { stroke: var(--own); stroke-width: 2; stroke-opacity: .5; }
.p50 { fill: var(--page); stroke: var(--own, var(--soft)); stroke-width: 2; }
.p99 { fill: var(--own, var(--soft)); stroke: var(--own, var(--soft)); stroke-width: 2; }
.max { stroke: var(--own, var(--soft)); stroke-width: 3; }
.line.delay { stroke-width: 1.25; stroke-linejoin: miter; }
.bars { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; column-gap: .75rem; }
.row { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: center; }
.name { display: flex; align-items: center; gap: .45em; }
.value { display: flex; justify-content: flex-end; text-align: right; }
.rates { grid-template-columns: max-content minmax(0, 1fr) repeat(3, max-content); column-gap: 1.5rem; }
.rates .row { align-items: start; }
.rates .row.head { font-size: .8125rem; text-align: right; margin-bottom: .375rem; }
.rates .name { display: grid; grid-template-columns: auto 1fr; gap: 0 .45em; align-items: center; }
.ratios { display: contents; }
.rates .ratio span { display: none; color: var(--soft); font-size: .8125rem; }
.rates .name, .rates .value, .rates .ratio { padding-top: .25rem; line-height: 1.5rem; }
.rates .name small { grid-column: 2; }
.rates .value, .rates .ratio { display: block; text-align: right; }
.rates .value small, .rates .ratio small { display: block; }
.rates .row > .plot { padding-bottom: .875rem; }
.rates .plot small { display: block; margin-top: .125rem; }
.ratio.none { color: var(--soft); }
.panels.wide { grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); }
.panel .row:not(.axis) .plot { min-height: 24px; }
.panel .name, .panel .value { font-size: .875rem; }
.figures td, .figures thead th, .tried td:last-child, .tried th:last-child { text-align: right; white-space: nowrap; }
.figures th:first-child, .tried th:first-child { padding-left: 0; }
.figures th:first-child, .figures td:first-child { position: sticky; left: 0; background: var(--page); min-width: 7.5rem; }
.figures td small { display: block; color: var(--soft); }
.figures thead .glyph { margin-right: .4em; }
.tried th:first-child { width: 55%; }
.tried .meter { min-width: 5rem; vertical-align: middle; }
.tried .bar { y: 0; height: 100%; fill: var(--sequential); }
.best .bar { fill: var(--pool); }
.best b { margin-left: .5em; }
.best code, .best td { font-weight: 650; }
@container (max-width: 24rem) {
  .bars { grid-template-columns: minmax(0, 1fr) max-content; }
  .row > .plot { grid-column: 1 / -1; grid-row: 2; }
  .row.axis > span { display: none; }
  .panel .row + .row { margin-top: .375rem; }
  .panel .row.axis { margin-top: 0; }
  .panel .row:not(.axis) .plot { margin-top: -4px; }
}
@container (max-width: 51rem) {
  .rates { grid-template-columns: minmax(0, 1fr) max-content; column-gap: .75rem; }
  .rates .row { grid-template-columns: minmax(0, 1fr) max-content; padding: .75rem 0 0; border-top: 1px solid var(--rule); }
  .rates .row.head { display: none; }
  .rates .row > .plot { grid-column: 1 / -1; grid-row: 2; padding-bottom: 0; }
  .rates .row.axis { border-top: 0; padding-top: 0; }
  .rates .ratios { display: flex; flex-wrap: wrap; gap: 0 1.25rem; grid-column: 1 / -1; grid-row: 3; padding-bottom: .75rem; }
  .rates .ratio { text-align: left; padding: 0; }
  .rates .ratio.none { display: none; }
  .rates .ratio small { display: inline; margin-left: .4em; }
  .rates .ratio span { display: inline; }
  .tried .meter, .tried thead td { display: none; }
}
@media print {
  @page { size: A4; margin: 14mm; }
  html { font-size: 75%; }
  p { break-inside: avoid; }
  .minor { display: none; }
  main { padding: 0; max-width: none; }
  section { margin-top: 3rem; }
  h2, h3, section > p { break-after: avoid; }
  .rates, .tried, dl, tr, .command, .doubts { break-inside: avoid; }
  .panels { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 2rem 1.5rem; }
  .panels.wide { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures th:first-child, .figures td:first-child { position: static; background: none; }
  .scroll { overflow: visible; }
  th, td { padding: .25rem .5rem; }
}
`);
