/** Runs that keep to rates, as the server sees them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { download, type Summary } from '../../src/index.js';
import { addressOf, type Counts, startCountingServer } from '../helpers/counting-server.js';
import { scratch } from '../helpers/scratch.js';
import { run } from './counted.js';

/**
 * No window of a tenth of a second has more than so many, nor all of them together.
 *
 * @param starts milliseconds from when a request may go until it goes
 */
function assertRate({ tenths, requests, elapsed, late: seen }: Counts, perSecond: number, starts = 20): void {
  // And until it is seen.
  const late = starts + seen;
  const most = (perSecond * (300 + late)) / 1_000 + 2;
  assert.ok(Math.max(...tenths) <= most, `${Math.max(...tenths)} in a tenth of a second`);
  assert.ok(requests - 1 <= (perSecond * (elapsed + 200 + late)) / 1_000, `${requests} in ${elapsed} ms`);
}

/** Says so, and gives no advice; unless other tests have the processor, which then holds it up as well: see `politeness.timing.ts`. */
function assertHeldBack({ verdict }: Summary, option: string): void {
  if (verdict?.bound === 'cpu' || verdict?.bound === 'main thread') return;
  const { bound, detail, advice } = verdict ?? {};
  assert.deepEqual([bound, detail, advice], ['limit', `held back by ${option}`, undefined]);
}

describe('a run', () => {
  test('keeps --rate over all servers, redirects and further tries included', async (t) => {
    const ran = await run(t, { redirects: 1, failsFirst: true }, { count: 40, hosts: 8, rate: '100/s' });
    // The first time each ends with a failure after its redirect.
    assert.equal(ran.requests, 160);
    assertRate(ran, 100);
  });

  test('keeps --rate-per-host at each server, redirects and further tries included', async (t) => {
    const ran = await run(t, { redirects: 2, failsFirst: true }, { count: 30, hosts: 3, ratePerHost: '40/s' });
    assert.equal(ran.requests, 180);
    assertRate(ran, 120);
    assert.deepEqual(new Set(Object.values(ran.hosts)), new Set([60]));
  });

  test('keeps rates with threads that download, too', async (t) => {
    const ran = await run(t, { redirects: 1 }, { count: 30, ratePerHost: 40, executor: 'threads', maxRequests: 4 });
    assert.equal(ran.requests, 60);
    // A thread that starts has the first of them until it has.
    assertRate(ran, 40, 1_000);
  });

  test('waits between the requests to a server, and says that this is what it waited for', async (t) => {
    const ran = await run(t, {}, { count: 30, hosts: 2, waitPerHost: 0.1 });
    const total = ran.gaps.reduce((sum, gap) => sum + gap, 0);
    // Each is anything from 50 to 150 ms: of two in ten million such runs the average of 28 is less than this.
    assert.ok(total / ran.gaps.length >= 72 - ran.late / ran.gaps.length, `${total / ran.gaps.length} ms on average`);
    assertHeldBack(ran.summary, '--wait-per-host');
  });

  test('reads no more bytes a second than --limit-rate says, of small bodies', async (t) => {
    const ran = await run(t, { size: 5_000 }, { count: 100, hosts: 10, limitRate: '200k' });
    const bytes = ran.bytes.reduce((sum, each) => sum + each, 0);
    // All but the last of them, and a fifth of a second, had their time.
    assert.ok(
      ran.elapsed + ran.late >= (1_000 * (bytes - 60_000)) / (200 << 10),
      `${bytes} bytes in ${ran.elapsed} ms`,
    );
    assertHeldBack(ran.summary, '--limit-rate');
  });

  test('takes no body for a slow one that waits for its bytes to have their time, nor the storage for what it waits for', async (t) => {
    const options = { limitRatePerHost: '800k', timeout: 0.4, lowestSpeed: '1G', tries: 1 } as const;
    const ran = await run(t, { size: 1_000_000 }, { count: 2, ...options });
    assert.ok(ran.summary.elapsed > 2, `${ran.summary.elapsed} s`);
    assertHeldBack(ran.summary, '--limit-rate-per-host');
  });

  test('holds up no server by the limit of another one', async (t) => {
    const server = await startCountingServer(t);
    const at = (host: string, n: number): string => `http://${host}:${server.port}/${host}/${n}`;
    const urls = Array.from({ length: 300 }, (_, n) => (n < 8 ? at('127.0.0.1', n) : at(addressOf(n), n)));
    const stop = new AbortController();
    const options = { executor: 'inline', ratePerHost: '1/m', maxRequests: 4, signal: stop.signal } as const;
    const left = new Set(urls.slice(8));
    await assert.rejects(async () => {
      for await (const outcome of download(urls, { directory: scratch(t), ...options })) {
        left.delete(outcome.url);
        // The first of the list would wait for their server for minutes more.
        if (left.size === 0) stop.abort();
      }
    }, /interrupted/);
  });

  test('with --max-requests auto begins with four requests to a server', async (t) => {
    const ran = await run(t, { latency: 1_000 }, { count: 8, maxRequests: 'auto' });
    assert.equal(ran.atOnce, 4);
  });

  test('ends when its list does, however long the next request would have had to wait', async (t) => {
    const ran = await run(t, {}, { count: 1, hosts: 1, rate: '1/h', ratePerHost: '1/h', limitRate: 1 });
    assert.equal(ran.requests, 1);
  });
});
