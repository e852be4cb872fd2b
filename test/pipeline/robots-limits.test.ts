/** What is asked of robots.txt counts under the limits of a run as all else does: its requests, and its bytes. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { download, type DownloadOptions, type Outcome } from '../../src/index.js';
import { answer, type RawRequest, type RawServer, type Script, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const FOLDED = 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n';

interface Ran {
  readonly outcomes: readonly Outcome[];
  /** Milliseconds from when it was begun to its last request: no less, however late the first one was. */
  readonly elapsed: number;
  readonly requests: number;
}

/** An item of each of some servers, all of which are one: under addresses of the loopback network. */
async function run(
  t: TestContext,
  servers: number,
  robots: (request: RawRequest) => Script,
  options: DownloadOptions,
): Promise<Ran> {
  let [requests, last] = [0, 0];
  await using server: RawServer = await startRawServer({
    host: '0.0.0.0',
    onRequest: (request) => {
      requests += 1;
      last = performance.now();
      return request.path === '/a' ? [answer('x')] : robots(request);
    },
  });
  const urls = Array.from({ length: servers }, (_, n) => `http://127.0.1.${n + 1}:${server.port}/a`);
  const outcomes: Outcome[] = [];
  const began = performance.now();
  const given = { directory: scratch(t), respectRobots: true, layout: 'hashed', ...options } as const;
  for await (const outcome of download(urls, given)) outcomes.push(outcome);
  assert.ok(outcomes.every(({ status }) => status === 'ok'));
  return { outcomes, elapsed: last - began, requests };
}

describe('robots.txt', () => {
  const cases: readonly (readonly [what: string, robots: (request: RawRequest) => Script])[] = [
    [
      'that redirects',
      ({ path }) => [path === '/robots.txt' ? answer('', 'Location: /rules\r\n', '302 Found') : answer('')],
    ],
    ['that has to be asked for once more, since its answer breaks the rules of HTTP', () => [FOLDED]],
  ];
  for (const [what, robots] of cases) {
    test(`${what} counts twice under --rate`, async (t) => {
      const { elapsed, requests } = await run(t, 8, robots, { rate: '20/s' });
      assert.equal(requests, 24);
      // All but the first, and what a fifth of a second is worth, had their time. Two thirds of them would take 750 ms.
      assert.ok(elapsed >= (1000 * (requests - 1)) / 20 - 200 - 50, `${elapsed} ms`);
    });
  }

  test('that redirects counts twice under --rate-per-host', async (t) => {
    const robots: (request: RawRequest) => Script = ({ path }) => [
      path === '/robots.txt' ? answer('', 'Location: /rules\r\n', '302 Found') : answer(''),
    ];
    const { elapsed, requests } = await run(t, 1, robots, { ratePerHost: '2/s' });
    assert.equal(requests, 3);
    assert.ok(elapsed >= 1000 - 200 - 50, `${elapsed} ms`);
  });

  test('counts with its bytes under --limit-rate, and its time-out does not count the wait for them', async (t) => {
    const size = 40_000;
    const robots = (): Script => [answer(`#${'x'.repeat(size - 2)}\n`)];
    const { elapsed } = await run(t, 3, robots, { limitRate: 40_000, timeout: 0.5, maxRequests: 1 });
    // All but the first had their time before the last item was asked for, and a fifth of a second is made up for.
    assert.ok(elapsed >= (1000 * 2 * size) / 40_000 - 200 - 50, `${elapsed} ms`);
  });
});
