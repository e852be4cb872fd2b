/** What changes on the page, by the elements that it is in. */
import { datum, percent } from '../../charts/axes.js';
import { type Markup, markup } from '../../charts/markup.js';
import { count, number } from '../../charts/numbers.js';
import { formatBytes, formatDuration } from '../../shared/format.js';
import { describeBound } from '../../verdict/verdict.js';
import type { Snapshot } from '../snapshot.js';
import { told } from './figure.js';
import { flow } from './flow.js';
import { failing, failures, slowest } from './tables.js';

const PARTS = {
  title: (of: Snapshot) => markup`${headline(of)} · sluice ${of.run.command}`,
  state: opening,
  flow,
  figures,
  slowest: ({ run }: Snapshot) => slowest(run.hosts),
  failing: ({ run }: Snapshot) => failing(run.hosts),
  failures: ({ run }: Snapshot) => failures(run.failures),
} satisfies Readonly<Record<string, (of: Snapshot) => Markup>>;

export type Part = keyof typeof PARTS;

export function partOf(part: Part, of: Snapshot): Markup {
  return PARTS[part](of);
}

/** All of them as text, for a page that has them already. */
export function partsOf(of: Snapshot): Readonly<Record<Part, string>> {
  const entries = (Object.keys(PARTS) as Part[]).map((part) => [part, partOf(part, of).text]);
  return Object.fromEntries(entries) as Record<Part, string>;
}

/** How far it is, in a few words. */
function headline({ run: { percent, done, whole } }: Snapshot): string {
  if (whole !== undefined) return whole ? 'Ended' : 'Stopped';
  return percent === undefined ? `${count(done)} done` : `${percent}%`;
}

function opening(of: Snapshot): Markup {
  const { run, total, ok, bytes, errors, notFound, verdict } = of;
  const all = total === undefined ? '' : ` of ${total.isEstimate ? 'about ' : ''}${count(total.count)}`;
  const failed = errors + notFound;
  return markup`<p class="answer">${answer(of)}</p>${meter(run.percent)}
<p class="more">${told('run.done', run.done, count(run.done))}${all} done, ${told('ok', ok, count(ok))} files stored, ${told('bytes', bytes, formatBytes(bytes))}${failed === 0 ? '' : markup`, <b class="warn">${count(failed)} failed</b>`}.</p>
${verdict === undefined ? '' : markup`<p class="more">Held up by ${told('verdict', verdict, describeBound(verdict))}${verdict.advice === undefined ? '' : `; ${verdict.advice}`}.</p>`}`;
}

function answer({ run, elapsed, total }: Snapshot): Markup {
  if (run.whole === true) return markup`The run has ended, after ${formatDuration(elapsed)}.`;
  if (run.whole === false) return markup`The run was stopped, after ${formatDuration(elapsed)}.`;
  const left =
    run.left === undefined
      ? ''
      : markup`, ${total?.isEstimate === true ? 'about ' : ''}${told('run.left', run.left, formatDuration(run.left))} left`;
  if (run.percent === undefined) return markup`Running for ${formatDuration(elapsed)}`;
  return markup`${told('run.percent', run.percent, `${run.percent}%`)} done${left}`;
}

function meter(done: number | undefined): Markup {
  if (done === undefined) return markup``;
  return markup`<svg class="meter" role="img" aria-label="${done}% of all entries are done" width="100%" height="14" data-scale="linear" data-least="0" data-most="100"><rect class="whole" width="100%" height="100%"/><rect class="part" width="${percent(done / 100)}" height="100%"${datum('run.percent', done, done)}/></svg>`;
}

function figures(of: Snapshot): Markup {
  const { run, waiting, running, elapsed, notFound, errors, skipped, duplicates, disallowed, filtered } = of;
  const entries: readonly (readonly [term: string, figure: string, value: number | undefined, text: string])[] = [
    ['files a second, of late', 'run.recent.rate', run.recent.rate, number(run.recent.rate)],
    ['stored a second, of late', 'run.recent.bytes', run.recent.bytes, formatBytes(run.recent.bytes)],
    ['files a second, of all', 'run.rate', run.rate, number(run.rate)],
    ['waiting for the storage', 'waiting', waiting, formatBytes(waiting)],
    ['requests in flight', 'running', running, count(running)],
    ['writers', 'run.writers', run.writers, count(run.writers ?? 0)],
    ['bodies fetched', 'run.fetched', run.fetched, count(run.fetched)],
    ['errors', 'errors', errors, count(errors)],
    ['not found', 'notFound', notFound, count(notFound)],
    ['there before', 'skipped', skipped || undefined, count(skipped)],
    ['duplicates', 'duplicates', duplicates || undefined, count(duplicates)],
    ['disallowed', 'disallowed', disallowed || undefined, count(disallowed)],
    ['filtered', 'filtered', filtered || undefined, count(filtered)],
    ['running for', 'elapsed', elapsed, formatDuration(elapsed)],
  ];
  return markup`${entries.flatMap(([term, figure, value, text]) =>
    value === undefined ? [] : [markup`<div><dt>${term}</dt><dd${datum(figure, value)}>${text}</dd></div>`],
  )}`;
}
