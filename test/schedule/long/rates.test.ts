/**
 * Each limit, measured at the server: what was asked for and what was found, for one server, ten and a thousand; with
 * `npm run test:rates` for a minute each, and for some seconds and several at once otherwise.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { download, type DownloadOptions } from '../../../src/index.js';
import { addressOf, type Answers, startCountingServer } from '../../helpers/counting-server.js';
import { type Lateness, watchTimers } from '../../helpers/lateness.js';
import { runFor } from '../../helpers/run-for.js';
import { scratch } from '../../helpers/scratch.js';
import { brief, seconds } from '../../helpers/thorough.js';

/** Seconds before those that are measured: all servers are to be asked, and sockets to be full. */
const BEFORE = 8;
const HOSTS = [1, 10, 1_000];

interface Row {
  readonly what: string;
  readonly options: (hosts: number) => DownloadOptions;
  /** Requests or bytes a second, over all servers. */
  readonly asked: (hosts: number) => number;
  readonly counts: 'tenths' | 'bytes';
  /** Seconds from one request to a server to the next, where that is what is bounded. */
  readonly period?: (hosts: number) => number;
  /** Each time between two requests is anything from half to one and a half times the period, and none is made up for. */
  readonly isByChance?: true;
  readonly answers?: Answers;
  /** What may be counted just outside of the window, or just within. Default: one. */
  readonly atEdge?: number;
}

/** Of each server, less where there are more, so that one computer can be all of them. */
function share(most: number, hosts: number): number {
  return Math.min(most, 250 / hosts);
}

/**
 * Seconds that are measured, and those before. All servers are first asked at about the same time, and so they are again, a
 * period later: it is whole periods that are measured, and from the middle of one, for not all to be just in or just out.
 */
function windowOf({ period }: Row, hosts: number): readonly [before: number, window: number] {
  const length = period?.(hosts) ?? 0;
  if (length < 1) return [BEFORE, seconds];
  return [(Math.ceil(BEFORE / length) + 0.5) * length, Math.ceil(seconds / length) * length];
}

/** Large bodies at once: the server has counted all of one when its socket has taken that, which is before anybody reads it. */
const LARGE_AT_ONCE = 4;
/** What may be asked and not found, or found and not asked, as a share. */
const BOUND = 0.05;
/** Milliseconds by which a timer may be late: they are made up for. */
const MADE_UP = 200;
/** Of what is by chance, so many standard deviations: one run in 15,000 is beyond them. */
const DEVIATIONS = 4;

/**
 * The bound, and what chance and the timers of this machine explain: what is at the edges of the window; of waits
 * by chance the deviation of their mean; and the time that is lost where timers are later than what is made up for.
 *
 * @param count requests, or bytes, that are expected in so many seconds
 */
function toleranceOf(
  { isByChance, period, atEdge = 1 }: Row,
  hosts: number,
  count: number,
  window: number,
  late: Lateness,
) {
  const edge = atEdge / count;
  const lost = late.lost / (1_000 * window);
  if (isByChance !== true) return { above: BOUND + edge, below: BOUND + edge + lost };
  const chance = (DEVIATIONS * Math.sqrt(1 / 12)) / Math.sqrt(count);
  // Each wait is longer by how late its timer is.
  const longer = late.mean / (1_000 * (period?.(hosts) ?? Infinity));
  return { above: BOUND + edge + chance, below: BOUND + edge + chance + lost + longer };
}

/** Those of a group are few enough requests to be measured at the same time. */
const GROUPS: readonly (readonly Row[])[] = [
  [
    { what: '--rate', options: () => ({ rate: '100/s' }), asked: () => 100, counts: 'tenths' },
    {
      what: '--limit-rate, large bodies',
      options: () => ({ limitRate: '2M', maxRequests: LARGE_AT_ONCE }),
      asked: () => 2 << 20,
      counts: 'bytes',
      // Of several reads each, and not more than sockets hold at an edge of the window.
      answers: { size: 150_000 },
      atEdge: LARGE_AT_ONCE * 150_000,
    },
  ],
  [
    {
      what: '--rate-per-host',
      options: (hosts) => ({ ratePerHost: share(20, hosts) }),
      asked: (hosts) => hosts * share(20, hosts),
      counts: 'tenths',
      period: (hosts) => 1 / share(20, hosts),
    },
  ],
  [
    {
      what: '--wait-per-host',
      options: (hosts) => ({ waitPerHost: Math.max(0.1, hosts / 250) }),
      asked: (hosts) => hosts / Math.max(0.1, hosts / 250),
      counts: 'tenths',
      period: (hosts) => Math.max(0.1, hosts / 250),
      isByChance: true,
    },
  ],
  [
    {
      what: '--limit-rate, small bodies',
      options: () => ({ limitRate: '500k' }),
      asked: () => 500 << 10,
      counts: 'bytes',
      answers: { size: 5_000 },
    },
  ],
  [
    {
      what: '--limit-rate-per-host, small bodies',
      options: (hosts) => ({ limitRatePerHost: Math.floor(2_048 * share(20, hosts)) }),
      asked: (hosts) => hosts * Math.floor(2_048 * share(20, hosts)),
      counts: 'bytes',
      answers: { size: 2_000 },
      period: (hosts) => 1 / share(20, hosts),
    },
  ],
];

const table: string[] = [];

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

describe('at the server', () => {
  for (const rows of GROUPS) {
    const runs = rows.flatMap((row) => HOSTS.map((hosts) => [row, hosts] as const));
    const names = rows.map(({ what }) => what).join(' and ');
    describe(names, { concurrency: brief ? runs.length : 1 }, () => {
      for (const [row, hosts] of runs) {
        test(`${row.what} is what was asked for, with ${hosts} servers`, async (t) => {
          const [before, window] = windowOf(row, hosts);
          const server = await startCountingServer(t, row.answers);
          function* urls(): Generator<string> {
            for (let n = 0; ; n += 1) yield `http://${addressOf(n % hosts)}:${server.port}/${n}`;
          }
          const end = new AbortController();
          const options = { maxRequests: 1_000, executor: 'inline', layout: 'hashed', journal: false } as const;
          // A list without an end is read no further than it has to be: a round of all servers at a time.
          const run = download(paced(urls()), {
            directory: scratch(t),
            ...options,
            ...row.options(hosts),
            signal: end.signal,
          });
          const stop = watchTimers(1_000 * before, MADE_UP);
          await runFor(before + window + 2, run, end);
          const late = stop();
          const counts = (await server.counts())[row.counts];
          const measured = counts.slice(10 * before, 10 * (before + window));
          assert.equal(measured.length, 10 * window);
          const found = measured.reduce((sum, count) => sum + count, 0) / window;
          const asked = row.asked(hosts);
          const line = `${row.what}, ${hosts}: asked ${asked.toFixed(1)}, found ${found.toFixed(1)}`;
          const { above, below } = toleranceOf(row, hosts, asked * window, window, late);
          const told = `${line} (${((100 * found) / asked).toFixed(1)}% of -${percent(below)} +${percent(above)})`;
          table.push(told);
          assert.ok(found <= asked * (1 + above) && found >= asked * (1 - below), told);
        });
      }
    });
  }

  test('which makes this table', (t) => {
    for (const line of table) t.diagnostic(line);
  });
});

/** As many as 100 a second are in forty seconds, at first and again and again: the pause between is not to bound a rate. */
async function* paced(urls: Iterator<string>): AsyncGenerator<string> {
  for (;;) {
    for (let n = 0; n < 4_000; n += 1) yield urls.next().value as string;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}
