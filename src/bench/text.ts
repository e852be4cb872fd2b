/** Numbers and settings as people read them. */
import { number, short, UNKNOWN } from '../charts/numbers.js';
import { printable } from '../shared/printable.js';
import { judge } from './judgement.js';
import type { Bodies, BenchReport, ServerSettings, Setting, Strategy } from './report.js';
import type { Spread } from './statistics.js';

/** What each strategy does, in a few words. */
export const DESCRIPTIONS: Readonly<Record<Strategy, string>> = {
  sequential: 'one download after the other',
  inline: 'saved on the main thread',
  libuv: 'saved through fs.promises',
  threads: 'each worker downloads and saves',
  pool: 'saved by a pool of workers',
};

/** `1.10..1.15`. */
export function range({ least, most }: Spread): string {
  return `${number(least)}..${number(most)}`;
}

/** `1.13 (1.10..1.15)`. */
export function spread(of: Spread): string {
  return Number.isFinite(of.median) ? `${number(of.median)} (${range(of)})` : UNKNOWN;
}

/** `256 KiB`: of memory and of bodies, as options take them. */
export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${Number((value / 1024 ** power).toPrecision(3)).toLocaleString('en-US')} ${units[power] as string}`;
}

/** What `sluice get` does where it is not told. */
export const DEFAULTS: Setting = { layout: 'flat', requests: 16, workers: 'auto' };

/** `--layout flat --max-requests 16 --workers auto`: all of a setting, or what is not as in another one. */
export function flagsOf({ layout, requests, workers }: Setting, other?: Setting): string {
  return [
    ...(layout === other?.layout ? [] : [`--layout ${layout}`]),
    ...(requests === other?.requests ? [] : [`--max-requests ${requests}`]),
    ...(workers === other?.workers ? [] : [`--workers ${workers}`]),
  ].join(' ');
}

export function sameSetting(one: Setting, other: Setting): boolean {
  return flagsOf(one, other) === '';
}

/** What to type for the advice; undefined where nothing is proven to gain, or where `sluice get` does it by itself. */
export function commandOf({ advice, storage, work }: BenchReport): string | undefined {
  if (advice === null || advice.flags === '' || judge(advice.gain) !== 'faster') return undefined;
  return `sluice get ${advice.flags} -d ${quoted(storage.directory, 'DIR')} -i ${quoted(work.list ?? '', 'LIST')}`;
}

/** For a shell; a word in its place where there is nothing, or what cannot be shown and so not be copied. */
function quoted(text: string, otherwise: string): string {
  if (text === '' || printable(text, Infinity) !== text) return otherwise;
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What was downloaded from where. */
export function describeSource({ server, list }: BenchReport['work']): string {
  if (server === null) return `the list ${list ?? ''}`;
  return `${describeBodies(server.bodies)} from a server of its own: ${describeServer(server).join(', ')}`;
}

function describeBodies(bodies: Bodies): string {
  if (bodies.kind === 'flags') return 'flags, GIFs of 1 to 36 KB';
  if (bodies.kind === 'fixed') return `bodies of ${bytes(bodies.size)}`;
  return `bodies of ${bytes(bodies.least)} to ${bytes(bodies.most)}, as many of each order of magnitude`;
}

function describeServer({ encoding, latency, errorRate, bandwidth, seed }: ServerSettings): string[] {
  return [
    `answers after ${short(latency)} ms`,
    encoding === 'identity' ? 'not encoded' : `encoded with ${encoding}`,
    ...(errorRate > 0 ? [`${short(100 * errorRate)}% of the requests fail`] : []),
    ...(bandwidth > 0 ? [`${short(bandwidth / 1e6)} MB/s at the most`] : []),
    `seed ${seed}`,
  ];
}

/** `5 ms for a name and 5 ms for a write`; undefined where nothing was simulated. */
export function describeSimulation({ simulated }: BenchReport['storage']): string | undefined {
  if (simulated === null) return undefined;
  return `${short(simulated.name)} ms for each name and ${short(simulated.write)} ms for each write`;
}
