/** The page: one file that needs no other. Its style and its script are named by their hashes, and nothing else may run. */
import { createHash } from 'node:crypto';
import { sample } from '../../charts/lines.js';
import { Markup, markup } from '../../charts/markup.js';
import type { Snapshot } from '../snapshot.js';
import { patterns } from './bounds.js';
import { live } from './live.js';
import { type Part, partOf } from './parts.js';
import { STYLE } from './style.js';

const SCRIPT = `(${live.toString()})();`;

export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src '${hash(SCRIPT)}'`,
  `style-src '${hash(STYLE)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** As the run is now; its script keeps it so. */
export function pageOf(of: Snapshot): string {
  const { command, directory, version } = of.run;
  const part = (name: Part): Markup => partOf(name, of);
  const scroll = (name: 'slowest' | 'failing', title: string): Markup =>
    markup`<div><h3>${title}</h3><div class="scroll" id="${name}" role="region" aria-label="${title} servers" tabindex="0">${part(name)}</div></div>`;
  return markup`<!doctype html>
<html lang="en" data-state="live">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sluice ${version}">
<link rel="icon" href="data:,">
<title id="title">${part('title')}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${patterns()}
<main>
<header><h1>sluice ${command} <span>${directory}</span></h1>
<div class="bar"><p id="status" role="status">As it was when it was loaded.</p><button id="pause" type="button" aria-pressed="false">Pause</button></div>
<div id="state">${part('state')}</div></header>
<section><h2>From the network to the storage</h2>
<p>The ${sample('fetched')} dashed line counts bodies that were fetched, the ${sample('stored')} solid one files that were stored; what lies between them waits in memory, or failed. The ribbon says what held up the run.</p>
<div id="flow">${part('flow')}</div></section>
<section><h2>Now</h2><dl id="figures">${part('figures')}</dl></section>
<section><h2>Servers</h2><div class="panels">${scroll('slowest', 'Slowest')}${scroll('failing', 'Failing')}</div></section>
<section><h2>Last failures</h2><ol id="failures">${part('failures')}</ol></section>
<footer><a href="summary.json">summary.json</a> <a href="metrics">metrics</a> <a href="events">events</a> <small>sluice ${version}</small></footer>
</main>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}
