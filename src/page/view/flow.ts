/** The run over time: what was fetched against what was stored, what held it up, and what waited. */
import { datum, percent, tickLabels } from '../../charts/axes.js';
import { between, chart, cumulative, steps } from '../../charts/lines.js';
import { type Markup, markup } from '../../charts/markup.js';
import { count, number } from '../../charts/numbers.js';
import { linear, linearTo, type Scale } from '../../charts/ticks.js';
import type { Bound } from '../../outcome.js';
import { formatBytes } from '../../shared/format.js';
import type { Timeline } from '../history.js';
import type { Snapshot } from '../snapshot.js';
import { slug, swatch } from './bounds.js';

/** Time is told in the largest unit of which there are some. */
const UNITS = [
  { unit: 'h', seconds: 3600 },
  { unit: 'min', seconds: 60 },
  { unit: 's', seconds: 1 },
] as const;
const SOME = 3;

const SIZES = [
  { unit: 'GiB', bytes: 2 ** 30 },
  { unit: 'MiB', bytes: 2 ** 20 },
  { unit: 'KiB', bytes: 2 ** 10 },
] as const;

interface Segment {
  readonly bound: Bound | null;
  /** Slots, and the one behind the last. */
  readonly from: number;
  to: number;
}

export function flow({ run, elapsed }: Snapshot): Markup {
  const { timeline } = run;
  const { interval, stored } = timeline;
  const seconds = (stored.length * interval) / 1000;
  if (seconds === 0) return markup`<p>Nothing to draw yet.</p>`;
  const { unit, seconds: length } = UNITS.find((one) => seconds >= SOME * one.seconds) ?? UNITS[2];
  const time = linearTo(seconds / length);
  return markup`<div class="time"><small>files</small>
${files(timeline, time)}
<small>held up by</small>
${ribbon(timeline, length, unit)}
${waiting(timeline, time)}
${tickLabels(time, ` ${unit}`)}</div>
${legend(run.charged, 1000 * elapsed)}`;
}

function files({ fetched, stored }: Timeline, time: Scale): Markup {
  const scale = linear(Math.max(fetched.at(-1) ?? 0, stored.at(-1) ?? 0), 3);
  const label = `${count(fetched.at(-1) ?? 0)} files fetched and ${count(stored.at(-1) ?? 0)} stored`;
  return chart(label, 176, scale, time, [
    markup`<path class="waiting" d="${between(fetched, stored, scale)}"/>`,
    markup`<path class="line fetched" d="${cumulative(fetched, scale)}"${datum('run.timeline.fetched', fetched)}/>`,
    markup`<path class="line stored" d="${cumulative(stored, scale)}"${datum('run.timeline.stored', stored)}/>`,
  ]);
}

function waiting({ waiting }: Timeline, time: Scale): Markup {
  const most = Math.max(...waiting);
  const { unit, bytes } = SIZES.find((one) => most >= one.bytes) ?? SIZES[2];
  const values = waiting.map((value) => value / bytes);
  const scale = linear(most / bytes, 2);
  const now = formatBytes(waiting.at(-1) ?? 0);
  const line = markup`<path class="line delay" d="${steps(values, scale)}"${datum('run.timeline.waiting', waiting)} data-unit="${bytes}"/>`;
  return markup`<small>waiting for the storage, ${unit}</small>
${chart(`bytes waiting for the storage over time, ${now} now, ${formatBytes(most)} at the most`, 56, scale, time, [line])}`;
}

function ribbon({ bound, interval }: Timeline, length: number, unit: string): Markup {
  const at = (slot: number): string => number((slot * interval) / 1000 / length);
  const segments = segmentsOf(bound);
  const tell = ({ bound: its, from, to }: Segment): string =>
    `${its ?? 'unknown'} from ${at(from)} to ${at(to)} ${unit}`;
  const rects = segments.map((segment) => {
    const { bound: its, from, to } = segment;
    const place = markup`x="${percent(from / bound.length)}" width="${percent((to - from) / bound.length)}"`;
    const look = its === null ? 'b-unknown' : `b-${slug(its)}`;
    return markup`<rect class="${look}" ${place} height="100%" data-from="${from}" data-to="${to}"${datum('run.timeline.bound', its)}><title>${tell(segment)}</title></rect>`;
  });
  const lately = segments.slice(-6).map(tell).join(', ');
  return markup`<svg class="ribbon" role="img" aria-label="What held up the run: ${lately}" width="100%" height="24">${rects}</svg>`;
}

/** What follows one another and is the same, as one. */
function segmentsOf(bounds: readonly (Bound | null)[]): readonly Segment[] {
  const segments: Segment[] = [];
  for (const [slot, bound] of bounds.entries()) {
    const last = segments.at(-1);
    if (last?.bound === bound) last.to = slot + 1;
    else segments.push({ bound, from: slot, to: slot + 1 });
  }
  return segments;
}

function legend(charged: Snapshot['run']['charged'], elapsed: number): Markup {
  const shares = (Object.entries(charged) as [Bound, number][])
    .filter(([, of]) => of > 0)
    .sort(([, a], [, b]) => b - a);
  const keys = shares.map(
    ([bound, of]) =>
      markup`<li>${swatch(bound)}${bound} <span${datum(`run.charged.${bound}`, of)}>${Math.round((100 * of) / elapsed)}%</span></li>`,
  );
  return markup`<ul class="legend">${keys}</ul>`;
}
