/** How the page of a run looks: by day, in the dark, and in a narrow window. */
import { BASE } from '../../charts/style.js';
import { BOUNDS, slug } from './bounds.js';

/** Each fills what stands for it. */
const FILLS = BOUNDS.map(slug)
  .map((name) => `.c-${name} { fill: var(--${name}); } .b-${name} { fill: url(#p-${name}); }`)
  .join('\n');

/** Colours of Okabe and Ito, as in the page of bench; text is never of these colours. */
export const STYLE = `${BASE}
:root { --own: #0072b2; --storage: #0072b2; --cpu: #b0568d; --budget: #8a6d00; --main-thread: #3a7f9d; --server: #c95700; --network: #00855f; --list: #6e6e6e; --reader: #7a5ab5; --limit: #96403a; }
@media screen and (prefers-color-scheme: dark) {
  :root { --own: #56b4e9; --storage: #56b4e9; --cpu: #dd92c0; --budget: #d8b93c; --main-thread: #7fc4de; --server: #e88b3c; --network: #2fbf93; --list: #a3a3a3; --reader: #b39ddb; --limit: #e08a83; }
}
${FILLS}
.hatch { fill: none; stroke: var(--page); stroke-width: 1.25; }
.b-unknown { fill: none; stroke: var(--rule); }
body > svg { position: absolute; }
h1 { margin-bottom: .75rem; }
.bar { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; margin-bottom: 1.5rem; }
.bar p { margin: 0; color: var(--soft); }
[data-state=lost] .bar p, [data-state=ended] .bar p { padding: .375rem .75rem; background: var(--warn-tint); border-left: 4px solid var(--warn); color: var(--ink); }
[data-state=ended] button { display: none; }
[data-state=lost] #state, [data-state=lost] #flow, [data-state=lost] #figures { opacity: .75; }
button { font: inherit; color: var(--ink); background: var(--tint); border: 1px solid var(--soft); border-radius: 6px; padding: .25rem .875rem; cursor: pointer; }
button[aria-pressed=true] { background: var(--ink); color: var(--page); }
:focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
a { color: inherit; margin-right: 1rem; }
.answer { margin: 0 0 .75rem; font-size: clamp(1.625rem, 1rem + 2.6vw, 2.625rem); font-weight: 650; line-height: 1.18; letter-spacing: -.02em; }
.answer b { font-weight: inherit; }
.more { margin: .75rem 0 0; max-width: 46rem; }
.more b { color: var(--ink); }
.more .warn { color: var(--warn); }
.meter .whole { fill: var(--rule); }
.meter .part { fill: var(--own); }
.line.delay { stroke-width: 1.5; stroke-linejoin: miter; }
.ribbon rect { stroke: var(--page); stroke-width: 1; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .75rem 0 0; padding: 0 0 0 2.75rem; font-size: .9375rem; }
.legend li { white-space: nowrap; }
.legend span { color: var(--soft); }
.swatch { display: inline-block; vertical-align: -.1em; margin-right: .5em; }
dl { grid-template-columns: repeat(auto-fill, minmax(min(10rem, 45%), 1fr)); gap: 1rem 1.5rem; }
dd { font-size: 1.25rem; font-weight: 650; }
h3 { margin-bottom: .25rem; }
.panels { grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); }
.panels > div { min-width: 0; }
.scroll p { margin: 0; color: var(--soft); }
th:first-child, td:first-child { padding-left: 0; }
tbody th { min-width: 9rem; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
@media (max-width: 30rem) { th, td { padding: .4rem .5rem; } tbody th { min-width: 7rem; } .legend { padding-left: 0; } }
#failures { list-style: none; margin: .5rem 0 0; padding: 0; }
#failures li { padding: .5rem 0; border-bottom: 1px solid var(--rule); font-size: .9375rem; }
#failures .url { font-weight: 650; }
#failures small { color: var(--soft); white-space: nowrap; }
footer { margin-top: 3rem; }
footer small { color: var(--soft); }
`;
