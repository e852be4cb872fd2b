/**
 * Each limit, measured at the server: what was asked for and what was found, for one server, ten and a thousand; with
 * `npm run test:rates` for a minute each, and for some seconds otherwise.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { download, type DownloadOptions } from '../../../src/index.js';
import { addressOf, type Answers, startCountingServer } from '../../helpers/counting-server.js';
import { untilAborted } from '../../helpers/until-aborted.js';
import { scratch } from '../../helpers/scratch.js';
import { thorough } from '../../helpers/thorough.js';

/** Seconds that are measured, and those before that are not: all servers are to be asked, and sockets to be full. */
const WINDOW = thorough ? 60 : 8;
const BEFORE = 8;
const HOSTS = [1, 10, 1_000];

interface Row {
  readonly what: string;
  readonly options: (hosts: number) => DownloadOptions;
  /** Requests or bytes a second, over all servers. */
  readonly asked: (hosts: number) => number;
  readonly counts: 'tenths' | 'bytes';
  readonly answers?: Answers;
}

/** Of each server, less where there are more, so that one computer can be all of them. */
function share(most: number, hosts: number): number {
  return Math.min(most, 250 / hosts);
}

const ROWS: readonly Row[] = [
  { what: '--rate', options: () => ({ rate: '100/s' }), asked: () => 100, counts: 'tenths' },
  {
    what: '--rate-per-host',
    options: (hosts) => ({ ratePerHost: share(20, hosts) }),
    asked: (hosts) => hosts * share(20, hosts),
    counts: 'tenths',
  },
  {
    what: '--wait-per-host',
    options: (hosts) => ({ waitPerHost: Math.max(0.2, hosts / 250) }),
    asked: (hosts) => hosts / Math.max(0.2, hosts / 250),
    counts: 'tenths',
  },
  {
    what: '--limit-rate, small bodies',
    options: () => ({ limitRate: '500k' }),
    asked: () => 500 << 10,
    counts: 'bytes',
    answers: { size: 5_000 },
  },
  {
    what: '--limit-rate, large bodies',
    options: () => ({ limitRate: '2M', maxRequests: 4 }),
    asked: () => 2 << 20,
    counts: 'bytes',
    answers: { size: 500_000 },
  },
  {
    what: '--limit-rate-per-host, small bodies',
    options: (hosts) => ({ limitRatePerHost: Math.floor(2_048 * share(20, hosts)) }),
    asked: (hosts) => hosts * Math.floor(2_048 * share(20, hosts)),
    counts: 'bytes',
    answers: { size: 2_000 },
  },
];

const table: string[] = [];

describe('at the server', () => {
  for (const row of ROWS) {
    for (const hosts of HOSTS) {
      test(`${row.what} is what was asked for, with ${hosts} servers`, async (t) => {
        const server = await startCountingServer(t, row.answers);
        function* urls(): Generator<string> {
          for (let n = 0; ; n += 1) yield `http://${addressOf(n % hosts)}:${server.port}/${n}`;
        }
        const signal = AbortSignal.timeout(1_000 * (BEFORE + WINDOW + 2));
        const options = { maxRequests: 1_000, executor: 'inline', layout: 'hashed', journal: false } as const;
        // A list without an end is read no further than it has to be: a round of all servers at a time.
        const run = download(paced(urls(), hosts), {
          directory: scratch(t),
          ...options,
          ...row.options(hosts),
          signal,
        });
        await untilAborted(run);
        const counts = (await server.counts())[row.counts];
        const measured = counts.slice(10 * BEFORE, 10 * (BEFORE + WINDOW));
        assert.equal(measured.length, 10 * WINDOW);
        const found = measured.reduce((sum, count) => sum + count, 0) / WINDOW;
        const asked = row.asked(hosts);
        const line = `${row.what}, ${hosts}: asked ${asked.toFixed(1)}, found ${found.toFixed(1)}`;
        table.push(`${line} (${((100 * found) / asked).toFixed(1)}%)`);
        // By chance, a few waits are longer or shorter than on average.
        const tolerance = row.what === '--wait-per-host' ? 0.1 : 0.05;
        assert.ok(Math.abs(found / asked - 1) <= tolerance + 1 / (asked * WINDOW), line);
      });
    }
  }

  test('which makes this table', (t) => {
    for (const line of table) t.diagnostic(line);
  });
});

/** As many as may be asked for in a while, at first and again and again. */
async function* paced(urls: Iterator<string>, hosts: number): AsyncGenerator<string> {
  for (;;) {
    for (let n = 0; n < Math.max(2_000, 4 * hosts); n += 1) yield urls.next().value as string;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
  }
}
