/** The report as one page that needs nothing else: no script runs, and nothing is requested. */
import { adviceTable, conditions, figuresTable } from './details.js';
import { data, type Markup, markup, prose } from '../../charts/markup.js';
import { panels } from './panels.js';
import { rates } from './rates.js';
import type { BenchReport } from '../report.js';
import { STYLE } from './style.js';
import { commandOf, describeSimulation } from '../text.js';
import { timelines } from './timeline.js';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** A whole HTML file. The report itself is in it, as JSON, in the element `report`. */
export function toHtml(report: BenchReport): string {
  const title = `sluice bench: ${report.storage.directory}`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="sluice ${report.version}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${opening(report)}
${rates(report)}
${panels(report)}
${timelines(report)}
${adviceTable(report)}
${figuresTable(report)}
${conditions(report)}
</main>
${data('report', report)}
</body>
</html>
`.text;
}

/** What the report says, before how it comes to say so. */
function opening(report: BenchReport): Markup {
  const { answer, doubts, storage } = report;
  const [first = 'Nothing was measured.', ...more] = answer;
  const command = commandOf(report);
  const simulation = describeSimulation(storage);
  return markup`<header><h1>sluice bench <span>${storage.directory}${storage.fileSystem === null ? '' : ` · ${storage.fileSystem}`}</span></h1>
${simulation === undefined ? '' : markup`<p class="simulated"><strong>Simulated</strong> This storage was made slow: the store waited ${simulation} besides.</p>`}
<p class="answer">${prose(first)}</p>
${more.map((sentence) => markup`<p class="more">${prose(sentence)}</p>`)}
${command === undefined ? '' : markup`<pre class="command"><code>${prose(command)}</code></pre>`}
${doubts.length === 0 ? '' : markup`<aside class="doubts"><h2>Not measured cleanly</h2><ul>${doubts.map((doubt) => markup`<li>${prose(doubt)}</li>`)}</ul></aside>`}</header>`;
}
