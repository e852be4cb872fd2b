/** How pages with charts look, by day and in the dark. */

/** What all of them have in common. */
export const BASE = `
:root { color-scheme: light dark; --page: #fdfdfb; --ink: #1d1d1b; --soft: #5c5c57; --rule: #dcdcd6; --tint: #f3f3ef; --warn: #8a3b00; --warn-tint: #fdf1e3; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #15171a; --ink: #e9e7e2; --soft: #a9a7a1; --rule: #34373c; --tint: #1e2125; --warn: #f0b35e; --warn-tint: #2c2418; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main { max-width: 72rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 4rem) clamp(1rem, 4vw, 3rem) 4rem; }
h1 { margin: 0 0 1.5rem; font-size: 1rem; font-weight: 650; }
h1 span, .unit, small, figcaption, .more, section > p, dt, .row.head { color: var(--soft); }
h1 span { font-weight: 400; margin-left: .4em; }
h2 { margin: 0 0 .25rem; font-size: 1.375rem; font-weight: 650; letter-spacing: -.01em; line-height: 1.25; }
h3 { margin: 0; font-size: 1rem; font-weight: 650; display: flex; align-items: center; gap: .4em; }
.unit { font-weight: 400; }
small { font-size: .8125rem; line-height: 1.35; }
section { margin-top: clamp(3rem, 7vw, 4.5rem); container-type: inline-size; }
section > p { margin: 0 0 1.5rem; max-width: 46rem; }
section > p b { color: var(--ink); }
code { font: .875rem/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
svg { display: block; overflow: visible; }
svg.glyph, svg.sample { display: inline-block; flex: none; vertical-align: -.08em; }
svg text { font-size: .75rem; fill: var(--soft); }
.grid line { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges; }
.line { fill: none; stroke: var(--own, var(--ink)); stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.line.fetched { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 5 3; }
.waiting { fill: var(--own); fill-opacity: .16; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 2.75rem 3rem; margin-top: 1.25rem; }
.panel { margin: 0; min-width: 0; break-inside: avoid; container-type: inline-size; }
figcaption { margin-bottom: .5rem; font-size: .8125rem; }
.time { padding-left: 2.75rem; }
.time small { display: block; margin: .75rem 0 .5rem -2.75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; overflow-wrap: normal; }
th { text-align: left; font-weight: 400; }
thead th { font-weight: 650; }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--rule); vertical-align: baseline; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem 3rem; margin: 1rem 0 0; }
dt { font-size: .8125rem; }
dd { margin: 0; }
`;
