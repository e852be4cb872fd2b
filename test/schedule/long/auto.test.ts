/** `--max-requests auto` beside the best of some fixed numbers, at servers that bear so much and no more. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { download } from '../../../src/index.js';
import { type Answers, startCountingServer } from '../../helpers/counting-server.js';
import { watchTimers } from '../../helpers/lateness.js';
import { runFor } from '../../helpers/run-for.js';
import { scratch } from '../../helpers/scratch.js';
import { brief, seconds } from '../../helpers/thorough.js';

/** Seconds in which a number is found, and in which it is measured. */
const FINDING = brief ? 15 : 30;
const WINDOW = brief ? 8 : seconds;

interface Found {
  /** Files a second. */
  readonly rate: number;
  /** Share of the answers. */
  readonly refused: number;
  /** The share that may have come too soon one after the other since something else had the processor. */
  readonly crowded: number;
}

/** Milliseconds by which requests may be late, and come with the next ones, at a number that leaves a little room. */
const MADE_UP = 50;

async function measure(t: TestContext, answers: Answers, maxRequests: number | 'auto'): Promise<Found> {
  const server = await startCountingServer(t, answers);
  function* urls(): Generator<string> {
    for (let n = 0; ; n += 1) yield `http://127.0.0.1:${server.port}/${n}`;
  }
  const finding = maxRequests === 'auto' ? FINDING : 3;
  const end = new AbortController();
  const options = { directory: scratch(t), layout: 'hashed', journal: false, signal: end.signal } as const;
  const run = download(urls(), { ...options, maxRequests });
  const stop = watchTimers(1_000 * finding, MADE_UP);
  await runFor(finding + WINDOW + 2, run, end);
  const { lost } = stop();
  const counts = await server.counts();
  const sum = (list: readonly number[]): number =>
    list.slice(10 * finding, 10 * (finding + WINDOW)).reduce((total, count) => total + count, 0);
  const [requests, refused] = [sum(counts.tenths), sum(counts.refused)];
  const crowded = ((answers.most ?? 0) * lost) / 1_000 / requests;
  const found = { rate: (requests - refused) / WINDOW, refused: refused / requests, crowded };
  t.diagnostic(`-m ${maxRequests}: ${found.rate.toFixed(1)} files/s, ${(100 * found.refused).toFixed(2)}% refused`);
  return found;
}

/** Those of a group have a computer do so little that they may be asked at the same time. */
const GROUPS: readonly (readonly [what: string, answers: Answers, fixed: readonly number[]])[][] = [
  [
    ['of a server that answers 429 at 40 requests a second', { latency: 5, most: 40 }, [1, 2, 8]],
    ['of one that slows down above 64 at once', { latency: 250, slowAbove: 64 }, [32, 64, 128]],
  ],
  [['of one that has no limit', { latency: 400 }, [128, 512]]],
];

describe('--max-requests auto brings as much as the best fixed number', () => {
  for (const servers of GROUPS) {
    describe(servers.map(([what]) => what).join(' and '), { concurrency: brief ? servers.length : 1 }, () => {
      for (const [what, answers, fixed] of servers) {
        test(what, async (t) => {
          let best = 0;
          for (const number of fixed) best = Math.max(best, (await measure(t, answers, number)).rate);
          const { rate, refused, crowded } = await measure(t, answers, 'auto');
          t.diagnostic(`auto has ${((100 * rate) / best).toFixed(1)}% of the best`);
          assert.ok(rate >= 0.85 * best, `${rate} of ${best} files a second`);
          assert.ok(
            refused <= 0.02 + crowded,
            `${100 * refused}% refused, of which ${100 * crowded}% may be late ones`,
          );
        });
      }
    });
  }
});
