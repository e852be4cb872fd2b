/**
 * The run as metrics, in the text format of OpenMetrics 1.0. prom-client keeps registries of counters that change; here all
 * is known at once and is only written down, which is a page of code.
 */
import type { Snapshot } from './snapshot.js';

export const METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | undefined];

interface Family {
  /** Ends with the unit, where there is one. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'info';
  readonly unit?: 'bytes' | 'seconds' | 'ratio';
  readonly help: string;
  /** Those whose value is undefined are left out. */
  readonly samples: readonly Sample[];
}

/** What samples have behind the name of their family. */
const SUFFIXES = { counter: '_total', gauge: '', info: '_info' } as const;
const PREFIX = 'sluice_';

export function toOpenMetrics(snapshot: Snapshot): string {
  return `${familiesOf(snapshot).map(describe).join('')}# EOF\n`;
}

function describe({ name, type, unit, help, samples }: Family): string {
  const full = PREFIX + name;
  const lines = samples.flatMap(([labels, value]) =>
    value === undefined ? [] : [`${full}${SUFFIXES[type]}${describeLabels(labels)} ${value}\n`],
  );
  if (lines.length === 0) return '';
  const head = `# TYPE ${full} ${type}\n${unit === undefined ? '' : `# UNIT ${full} ${unit}\n`}# HELP ${full} ${help}\n`;
  return head + lines.join('');
}

function describeLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, escaped)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(character: string): string {
  return character === '\n' ? String.raw`\n` : `\\${character}`;
}

function familiesOf(snapshot: Snapshot): readonly Family[] {
  const { ok, notFound, disallowed, filtered, errors, skipped, total, run, elapsed } = snapshot;
  const { charged, storage } = run;
  const outcomes = { ok, not_found: notFound, disallowed, filtered, error: errors, skipped };
  const one = (value: number | undefined): readonly Sample[] => [[{}, value]];
  const each = (label: string, values: Readonly<Record<string, number>>, by = 1): readonly Sample[] =>
    Object.entries(values).map(([name, value]) => [{ [label]: name }, value / by]);
  return [
    { name: 'build', type: 'info', help: 'The program.', samples: [[{ version: run.version }, 1]] },
    { name: 'run', type: 'info', help: 'The run.', samples: [[{ command: run.command, layout: run.layout }, 1]] },
    { name: 'items', type: 'counter', help: 'Items that have an outcome.', samples: each('outcome', outcomes) },
    { name: 'errors', type: 'counter', help: 'Errors by their code.', samples: each('code', snapshot.causes) },
    {
      name: 'duplicates',
      type: 'counter',
      help: 'Entries that name what others name.',
      samples: one(snapshot.duplicates),
    },
    {
      name: 'entries',
      type: 'gauge',
      help: 'Entries of all lists.',
      samples: [[{ estimated: String(total?.isEstimate) }, total?.count]],
    },
    { name: 'fetched_items', type: 'counter', help: 'Bodies that were fetched.', samples: one(run.fetched) },
    {
      name: 'stored_bytes',
      type: 'counter',
      unit: 'bytes',
      help: 'Bytes of stored files.',
      samples: one(snapshot.bytes),
    },
    {
      name: 'waiting_bytes',
      type: 'gauge',
      unit: 'bytes',
      help: 'Bytes that are fetched and wait for the storage.',
      samples: one(snapshot.waiting),
    },
    { name: 'requests_in_flight', type: 'gauge', help: 'Requests that run.', samples: one(snapshot.running) },
    { name: 'writers', type: 'gauge', help: 'Writers to the storage.', samples: one(run.writers) },
    { name: 'elapsed_seconds', type: 'gauge', unit: 'seconds', help: 'Since the start.', samples: one(elapsed) },
    {
      name: 'left_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Until the end, as it goes.',
      samples: one(run.left),
    },
    {
      name: 'bound_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Time for which each held up the run.',
      samples: each('bound', charged, 1000),
    },
    {
      name: 'bound_ratio',
      type: 'gauge',
      unit: 'ratio',
      help: 'The same as shares of the time of the run.',
      samples: each('bound', charged, 1000 * Math.max(elapsed, Number.MIN_VALUE)),
    },
    {
      name: 'storage_seconds',
      type: 'counter',
      unit: 'seconds',
      help: 'Time of all writers in all that the storage took for each operation.',
      samples: each('operation', storage ?? {}, 1000),
    },
  ];
}
