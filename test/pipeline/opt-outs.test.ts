/** What whose server it is does not want to be taken: `respectRobots` and `respectDirectives`. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { History } from '../../src/journal/history.js';
import { JOURNAL } from '../../src/journal/open.js';
import { type DownloadOptions, resolveOptions } from '../../src/options/resolve.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import type { Outcome, Summary } from '../../src/outcome.js';
import { Download } from '../../src/pipeline/download.js';
import { watchLoop } from '../helpers/lateness.js';
import { answer, type RawRequest, type RawServer, RESET, type Script, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';
import { until } from '../helpers/signals.js';
import { thorough } from '../helpers/thorough.js';

const QUICK: RetryPolicy = { tries: 3, baseDelay: 10, maxDelay: 40, maxRetryAfter: 1_000, patience: 60_000 };
const NOTHING: Script = [];

interface Done {
  readonly summary: Summary;
  /** By URL: the status, and of an error or what is left out the code. */
  readonly ends: ReadonlyMap<string, string>;
  readonly outcomes: readonly Outcome[];
}

async function run(
  t: TestContext,
  urls: readonly string[],
  options: DownloadOptions = {},
  retry: Partial<RetryPolicy> = {},
): Promise<Done> {
  const resolved = resolveOptions({ directory: scratch(t), respectRobots: true, ...options });
  const sources = [{ kind: 'urls', urls, label: 'urls' }] as const;
  const download = new Download(sources, { ...resolved, retry: { ...QUICK, ...retry } });
  const outcomes: Outcome[] = [];
  for await (const outcome of download) outcomes.push(outcome);
  const ends = new Map(
    outcomes.map((outcome) => [outcome.url, 'error' in outcome ? outcome.error.code : outcome.status] as const),
  );
  assert.equal(ends.size, urls.length);
  return { summary: download.summary, ends, outcomes };
}

function urlsOf(origin: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${origin}/${i}`);
}

/** A server that ends with its test. */
async function serve(
  t: TestContext,
  robots: (request: RawRequest) => Script,
  others: (request: RawRequest) => Script = () => [answer('x')],
): Promise<RawServer> {
  const onRequest = (request: RawRequest): Script =>
    request.path === '/robots.txt' ? robots(request) : others(request);
  const server = await startRawServer({ onRequest });
  t.after(() => server.close());
  return server;
}

function asked(server: RawServer): string[] {
  return server.requests.map(({ path }) => path);
}

const robotsTxt = (...lines: readonly string[]): Script => [answer(['User-agent: *', ...lines].join('\n'))];

describe('robots.txt', () => {
  for (const executor of ['pool', 'threads'] as const) {
    test(`is asked for once for each server, before its items, and what it disallows is left out (${executor})`, async (t) => {
      const servers = await Promise.all(
        [1, 2, 3].map(() => serve(t, () => [answer('User-agent: Sluice\nDisallow: /1'), RESET])),
      );
      const urls = servers.flatMap(({ origin }) => urlsOf(origin, 20));
      const { summary, ends, outcomes } = await run(t, urls, { executor });
      for (const server of servers) {
        assert.equal(asked(server)[0], '/robots.txt');
        assert.equal(asked(server).length, 10);
        assert.match(server.requests[0]?.head ?? '', /^user-agent: sluice\//im);
        for (const url of urlsOf(server.origin, 20)) {
          assert.equal(ends.get(url), url.startsWith(`${server.origin}/1`) ? 'ROBOTS_TXT' : 'ok', url);
        }
      }
      assert.deepEqual([summary.ok, summary.disallowed, summary.errors, summary.causes], [27, 33, 0, {}]);
      const left = outcomes.find(({ status }) => status === 'disallowed');
      assert.ok(left?.status === 'disallowed');
      assert.equal(left.error.message, `${left.url}: robots.txt disallows it`);
      assert.equal(left.tries, undefined, 'it was not requested');
    });
  }

  test('is not asked for where nobody wants to know', async (t) => {
    const server = await serve(t, () => robotsTxt('Disallow: /'));
    const { summary } = await run(t, urlsOf(server.origin, 5), { respectRobots: false });
    assert.equal(summary.ok, 5);
    assert.ok(!asked(server).includes('/robots.txt'));
  });

  test('is read by the name that the user agent has', async (t) => {
    const server = await serve(t, () => [answer('User-agent: sluice\nDisallow: /\nUser-agent: mine\nDisallow: /2')]);
    const urls = urlsOf(server.origin, 4);
    assert.equal((await run(t, urls, { userAgent: 'Mine/3.0 (+http://a)' })).summary.disallowed, 1);
    assert.match(server.requests[0]?.head ?? '', /^user-agent: Mine\/3\.0 \(\+http:\/\/a\)\r?$/im);
    assert.equal((await run(t, urls, { headers: ['User-Agent: other'] })).summary.disallowed, 0);
  });

  for (const status of ['404 Not Found', '401 Unauthorized', '410 Gone', '300 Choices']) {
    test(`disallows nothing where the answer is ${status}`, async (t) => {
      const server = await serve(t, () => [answer('User-agent: *\nDisallow: /', '', status)]);
      assert.equal((await run(t, urlsOf(server.origin, 5))).summary.ok, 5);
    });
  }

  const unknown: readonly [what: string, robots: () => Script, code: string, asks: number][] = [
    ['is answered with 500', () => [answer('', '', '500 Oh')], 'HTTP_STATUS', 3],
    ['is answered with 429', () => [answer('', '', '429 Slow')], 'HTTP_STATUS', 3],
    ['is reset', () => [RESET], 'NET_RESET', 3],
    ['breaks off', () => ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nUser-agent', RESET], 'NET_RESET', 3],
    [
      'has an encoding that cannot be undone',
      () => [answer('no gzip at all', 'Content-Encoding: gzip\r\n')],
      'BODY_ENCODING',
      1,
    ],
  ];
  for (const [what, robots, code, asks] of unknown) {
    test(`that ${what} has items fail without being requested, and is not asked for by each`, async (t) => {
      const server = await serve(t, robots);
      const { summary, outcomes } = await run(t, urlsOf(server.origin, 50));
      assert.deepEqual([summary.errors, summary.causes], [50, { [code]: 50 }]);
      assert.deepEqual(asked(server), Array<string>(asks).fill('/robots.txt'));
      const [first] = outcomes;
      assert.ok(first?.status === 'error');
      assert.match(first.error.message, /^nothing was requested, since what robots\.txt says is not known: /);
    });
  }

  test('that comes after some failures costs no item its tries', async (t) => {
    const server = await serve(t, ({ number }) => (number < 3 ? [RESET] : robotsTxt('Disallow: /1')));
    const { summary, outcomes } = await run(t, urlsOf(server.origin, 20));
    assert.deepEqual([summary.ok, summary.disallowed], [9, 11]);
    for (const outcome of outcomes) if (outcome.status === 'ok') assert.equal(outcome.tries, 1);
  });

  test('that hangs holds up nobody else, and no longer than the time-out', async (t) => {
    const hanging = await serve(t, () => NOTHING);
    const dripping = await serve(t, async function* () {
      yield 'HTTP/1.1 200 OK\r\n\r\n';
      for (let i = 0; i < 500; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield '#'.repeat(100);
      }
    });
    const sound = await serve(t, () => robotsTxt('Disallow: /1'));
    const urls = [hanging, dripping, sound].flatMap(({ origin }) => urlsOf(origin, 30));
    const { ends, outcomes } = await run(t, urls, { timeout: 3, maxRequests: 4 }, { tries: 1 });
    const lastSound = outcomes.findLastIndex(({ url }) => url.startsWith(sound.origin));
    assert.equal(lastSound, 29, 'they come first');
    for (const { origin } of [hanging, dripping]) {
      for (const url of urlsOf(origin, 30)) assert.equal(ends.get(url), 'NET_TIMEOUT', url);
    }
    assert.deepEqual([asked(hanging), asked(dripping)], [['/robots.txt'], ['/robots.txt']]);
  });

  test('is read up to 500 KiB, whole lines of it, and broken off there', async (t) => {
    let sent = 0;
    const server = await serve(t, function* () {
      yield 'HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /1\n';
      for (; sent < 5_000; sent += 1) yield `Disallow: /${'a'.repeat(10_000)}`;
    });
    const { summary } = await run(t, urlsOf(server.origin, 20));
    assert.deepEqual([summary.ok, summary.disallowed], [9, 11]);
    assert.ok(sent < 5_000, 'all of it was taken');
  });

  test('is followed to where it is redirected, five times, also to another server, which gets no secrets', async (t) => {
    const there = await serve(
      t,
      () => robotsTxt(),
      ({ path }) => (path === '/rules' ? robotsTxt('Disallow: /1') : [answer('', 'Location: /rules\r\n', '301 Moved')]),
    );
    const from = await serve(t, () => [answer('', `Location: ${there.origin}/a\r\n`, '302 Found')]);
    const { summary } = await run(t, urlsOf(from.origin, 20), { headers: ['X-Secret: 1'] });
    assert.deepEqual([summary.ok, summary.disallowed], [9, 11]);
    assert.match(from.requests[0]?.head ?? '', /x-secret/i);
    assert.doesNotMatch(there.requests.map(({ head }) => head).join(), /x-secret/i);

    const endless = await serve(t, () => [answer('', 'Location: /robots.txt\r\n', '302 Found')]);
    assert.equal((await run(t, urlsOf(endless.origin, 2))).summary.ok, 2);
    assert.equal(asked(endless).filter((path) => path === '/robots.txt').length, 6);
  });

  for (const executor of ['pool', 'threads'] as const) {
    test(`is asked for where a redirect leads, and holds for where one leads on the same server (${executor})`, async (t) => {
      const there = await serve(t, () => robotsTxt('Disallow: /secret'));
      const from = await serve(
        t,
        () => robotsTxt('Disallow: /hidden'),
        ({ path }) => {
          if (path === '/in') return [answer('', 'Location: /hidden/a\r\n', '302 Found')];
          if (path === '/out') return [answer('', `Location: ${there.origin}/secret/a\r\n`, '302 Found')];
          if (path === '/fine') return [answer('', `Location: ${there.origin}/b\r\n`, '302 Found')];
          return [answer('x')];
        },
      );
      const urls = ['/in', '/out', '/fine', '/plain'].map((path) => from.origin + path);
      const { ends } = await run(t, urls, { executor });
      assert.deepEqual(
        urls.map((url) => ends.get(url)),
        ['ROBOTS_TXT', 'ROBOTS_TXT', 'ok', 'ok'],
      );
      assert.deepEqual(asked(there), ['/robots.txt', '/b']);
      assert.ok(!asked(from).includes('/hidden/a'));
    });
  }

  test('says by Crawl-delay how far apart requests begin, and those of other servers go on meanwhile', async (t) => {
    let requests = 0;
    const note = async function* (): AsyncGenerator<Uint8Array> {
      requests += 1;
      // The last one is not answered before all of the other server were asked for.
      if (requests === 5) await until(() => quick.requests.length === 51);
      yield answer('x');
    };
    const slow = await serve(
      t,
      (request) => {
        requests += 1;
        return request.number === 1 ? robotsTxt('Crawl-delay: 0.3') : NOTHING;
      },
      note,
    );
    const quick = await serve(t, () => robotsTxt());
    const lateness = watchLoop();
    const { outcomes, summary } = await run(t, [...urlsOf(slow.origin, 4), ...urlsOf(quick.origin, 50)]);
    assert.deepEqual([requests, summary.ok], [5, 54]);
    const delayed = outcomes.filter(({ url }) => url.startsWith(slow.origin));
    const asked = delayed
      .map((outcome) => (outcome.status === 'ok' ? outcome.times.asked : 0))
      .toSorted((x, y) => x - y);
    for (const [at, time] of asked.slice(1).entries()) {
      // The clock of the times counts whole milliseconds, and is not the one of the delay; and it may be late to look at it.
      const least = 280 - lateness();
      assert.ok(time - (asked[at] as number) > least, `${time - (asked[at] as number)} ms after the one before`);
    }
  });

  test('counts as a request under the bound for its server', async (t) => {
    let [running, most] = [0, 0];
    const slowly = async function* (script: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running -= 1;
      yield* script;
    };
    const server = await serve(
      t,
      () => slowly([answer('User-agent: *\nDisallow: /1')]),
      () => slowly([answer('x')]),
    );
    const { summary } = await run(t, urlsOf(server.origin, 20), { maxRequestsPerHost: 1 });
    assert.deepEqual([summary.ok, summary.disallowed, most], [9, 11, 1]);
  });

  test('that disallows one mirror leaves the others', async (t) => {
    const closed = await serve(t, () => robotsTxt('Disallow: /'));
    const open = await serve(t, () => robotsTxt());
    const resolved = resolveOptions({ directory: scratch(t), respectRobots: true });
    const urls = [{ url: `${closed.origin}/a`, mirrors: [`${open.origin}/a`] }];
    const statuses: string[] = [];
    const download = new Download([{ kind: 'urls', urls, label: 'urls' }], { ...resolved, retry: QUICK });
    for await (const { status } of download) statuses.push(status);
    assert.deepEqual(statuses, ['ok']);
  });

  const skip = !thorough && 'npm run test:rates asks a thousand servers';
  test('of many servers is asked for once each, though they are more than are remembered', { skip }, async (t) => {
    // The same server under many names: addresses of the loopback network.
    const server = await startRawServer({ host: '0.0.0.0', onRequest: () => robotsTxt('Disallow: /1') });
    t.after(() => server.close());
    const origins = Array.from({ length: 1_100 }, (_, i) => `http://127.0.${1 + (i >> 8)}.${i & 255}:${server.port}`);
    const urls = [1, 2].flatMap((n) => origins.map((origin) => `${origin}/${n}`));
    const { summary } = await run(t, urls, { maxRequests: 64 });
    assert.deepEqual([summary.ok, summary.disallowed], [1_100, 1_100]);
    assert.equal(asked(server).filter((path) => path === '/robots.txt').length, 1_100);
  });
});

describe('X-Robots-Tag', () => {
  const tag = (path: string): string => (path.endsWith('7') ? 'X-Robots-Tag: noai\r\n' : '');
  for (const executor of ['pool', 'threads'] as const) {
    test(`has a file left out, once it is asked for, and the journal knows why (${executor})`, async (t) => {
      const server = await serve(
        t,
        () => NOTHING,
        ({ path }) => [answer('x', tag(path))],
      );
      const directory = scratch(t);
      const options = { directory, executor, respectRobots: false, respectDirectives: true } as const;
      const { summary, outcomes } = await run(t, urlsOf(server.origin, 20), options);
      assert.deepEqual([summary.ok, summary.disallowed, summary.errors], [18, 2, 0]);
      assert.equal(server.requests.length, 20);
      const left = outcomes.find(({ status }) => status === 'disallowed');
      assert.ok(left?.status === 'disallowed');
      assert.deepEqual([left.error.code, left.answer?.status, left.tries], ['ROBOTS_TAG', 200, 1]);

      const history = (await History.open(join(directory, '.sluice', JOURNAL))) as History;
      const failures: string[] = [];
      for await (const batch of history.outcomes()) {
        for (const past of batch) if (past.status === 'failed') failures.push(past.failure.status);
      }
      assert.deepEqual(failures, ['disallowed', 'disallowed']);

      // As what is not found, it is asked for again.
      const again = await run(t, urlsOf(server.origin, 20), options);
      assert.deepEqual([again.summary.skipped, again.summary.disallowed], [18, 2]);
      assert.equal(server.requests.length, 22);
    });
  }

  test('sends nobody to the mirrors of a file', async (t) => {
    const server = await serve(
      t,
      () => NOTHING,
      ({ path }) => [answer('x', tag(path))],
    );
    const resolved = resolveOptions({ directory: scratch(t), respectDirectives: ['noai'] });
    const urls = [{ url: `${server.origin}/7`, mirrors: [`${server.origin}/8`] }];
    const statuses: string[] = [];
    for await (const { status } of new Download([{ kind: 'urls', urls, label: 'urls' }], resolved))
      statuses.push(status);
    assert.deepEqual(statuses, ['disallowed']);
  });
});
