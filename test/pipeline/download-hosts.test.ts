import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Download } from '../../src/pipeline/download.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import { type DownloadOptions, resolveOptions } from '../../src/options/resolve.js';
import type { Outcome } from '../../src/outcome.js';
import { answer, pause, RESET, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const QUICK: RetryPolicy = { tries: 5, baseDelay: 10, maxDelay: 40, maxRetryAfter: 100, patience: 60_000 };

async function run(
  t: TestContext,
  urls: readonly string[],
  retry: Partial<RetryPolicy>,
  options: DownloadOptions = {},
): Promise<Map<string, Outcome>> {
  const resolved = resolveOptions({ ...options, directory: scratch(t) });
  const sources = [{ kind: 'urls', urls, label: 'urls' }] as const;
  const outcomes = new Map<string, Outcome>();
  for await (const outcome of new Download(sources, { ...resolved, retry: { ...QUICK, ...retry } })) {
    assert.ok(!outcomes.has(outcome.url), `${outcome.url} ended twice`);
    outcomes.set(outcome.url, outcome);
  }
  assert.equal(outcomes.size, urls.length);
  return outcomes;
}

function urlsOf(origin: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${origin}/${i}`);
}

test('a server that fails for a while costs no item its tries, however many there are', async (t) => {
  await using server = await startRawServer({ onRequest: ({ number }) => (number <= 60 ? [RESET] : [answer('x')]) });
  const outcomes = await run(t, urlsOf(server.origin, 500), {});
  assert.deepEqual(
    [...outcomes.values()].filter(({ status }) => status !== 'ok'),
    [],
  );
  // Each item was asked for once, but for the 60 that failed.
  assert.equal(server.requests.length, 560);
});

test('items of a server that does not answer at all fail without a request, and those of others are stored', async (t) => {
  await using dead = await startRawServer({ onRequest: () => [RESET] });
  await using alive = await startRawServer({ onRequest: () => [answer('x')] });
  const [lost, good] = [urlsOf(dead.origin, 600), urlsOf(alive.origin, 100)];
  const outcomes = await run(t, [...lost, ...good], { patience: 300 });
  for (const url of good) assert.equal(outcomes.get(url)?.status, 'ok', url);
  let unasked = 0;
  for (const url of lost) {
    const outcome = outcomes.get(url);
    assert.ok(outcome?.status === 'error', url);
    assert.equal(outcome.error.code, 'NET_RESET');
    if (outcome.error.message.includes('has given nothing but failures for')) unasked += 1;
  }
  assert.ok(unasked > 500, `${unasked} of 600`);
  assert.ok(dead.requests.length < 100, `${dead.requests.length} requests`);
});

test('Retry-After is obeyed no longer than its bound', async (t) => {
  await using server = await startRawServer({
    onRequest: ({ number }) => [number === 1 ? answer('', 'Retry-After: 1000000000000\r\n', '503 Busy') : answer('x')],
  });
  const outcomes = await run(t, urlsOf(server.origin, 3), {});
  assert.deepEqual(
    [...outcomes.values()].filter(({ status }) => status !== 'ok'),
    [],
  );
});

test('where a redirect leads to a server that is busy, it is that one which is left alone', async (t) => {
  await using busy = await startRawServer({
    onRequest: ({ number }) => [number === 1 ? answer('', 'Retry-After: 1\r\n', '429 Slow') : answer('x')],
  });
  await using from = await startRawServer({
    onRequest: ({ path }) => [
      path === '/away' ? answer('', `Location: ${busy.origin}/x\r\n`, '302 Found') : answer('own'),
    ],
  });
  const urls = [`${from.origin}/away`, ...urlsOf(from.origin, 5)];
  const started = performance.now();
  const outcomes = await run(t, urls, { maxRetryAfter: 1_000 }, { maxRequests: 1 });
  assert.deepEqual(
    [...outcomes.values()].filter(({ status }) => status !== 'ok'),
    [],
  );
  assert.ok(performance.now() - started >= 1_000, 'asked before the time');
  // The others were not held up: the one that was sent away came last.
  assert.equal(from.requests.at(-1)?.path, '/away');
});

test('a bound of requests to a server holds none up for ever, whatever becomes of them', async (t) => {
  await using server = await startRawServer({
    onRequest: ({ number, path }) =>
      path.endsWith('7') ? [answer('', '', '404 No')] : number % 5 === 0 ? [RESET] : [answer('x')],
  });
  const outcomes = await run(t, urlsOf(server.origin, 300), { tries: 100 }, { maxRequestsPerHost: 3, maxRequests: 8 });
  assert.equal([...outcomes.values()].filter(({ status }) => status === 'ok').length, 270);
});

test('items of another server go on, however many wait for one that named a time', async (t) => {
  await using busy = await startRawServer({ onRequest: () => [answer('', 'Retry-After: 600\r\n', '429 Slow')] });
  await using other = await startRawServer({ onRequest: () => [answer('x')] });
  const urls = [...urlsOf(busy.origin, 6_000), ...urlsOf(other.origin, 100)];
  const resolved = resolveOptions({ directory: scratch(t) });
  const retry = { ...QUICK, maxRetryAfter: 600_000 };
  let stored = 0;
  for await (const outcome of new Download([{ kind: 'urls', urls, label: 'urls' }], { ...resolved, retry })) {
    assert.equal(outcome.status, 'ok', outcome.url);
    stored += 1;
    // The others would wait for ten minutes.
    if (stored === 100) break;
  }
  assert.equal(stored, 100);
  assert.ok(busy.requests.length <= 16, `${busy.requests.length} requests after the server had named a time`);
});

for (const executor of ['pool', 'threads'] as const) {
  test(`a bound of requests to a server holds for those that others redirect to it, with ${executor}`, async (t) => {
    let [running, most] = [0, 0];
    await using target = await startRawServer({
      onRequest: async function* () {
        running += 1;
        most = Math.max(most, running);
        await pause(15);
        running -= 1;
        yield answer('x');
      },
    });
    const urls: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const from = await startRawServer({
        onRequest: ({ path }) => [answer('', `Location: ${target.origin}/${i}${path}\r\n`, '302 Found')],
      });
      t.after(() => from.close());
      urls.push(`${from.origin}/a`, `${from.origin}/b`);
    }
    const outcomes = await run(t, urls, {}, { maxRequestsPerHost: 2, executor });
    assert.deepEqual(
      [...outcomes.values()].filter(({ status }) => status !== 'ok'),
      [],
    );
    assert.equal(target.requests.length, 24);
    assert.equal(most, 2);
  });
}

test('an item that is redirected to a server that named a time waits there without a slot, and is not asked for twice', async (t) => {
  let named = 0;
  /** Of those that could be had, how many were asked for before the time came. */
  let before = 0;
  await using busy = await startRawServer({
    onRequest: ({ number }) => {
      if (number === 1) named = performance.now();
      else assert.ok(performance.now() - named >= 3_000, 'asked before the time');
      if (number === 2) before = from.requests.length;
      return [number === 1 ? answer('', 'Retry-After: 3\r\n', '429 Slow') : answer('x')];
    },
  });
  await using from = await startRawServer({
    onRequest: ({ path }) => [
      path.startsWith('/away') ? answer('', `Location: ${busy.origin}${path}\r\n`, '302 Found') : answer('own'),
    ],
  });
  const away = Array.from({ length: 20 }, (_, i) => `${from.origin}/away/${i}`);
  const own = urlsOf(from.origin, 50);
  const outcomes = await run(
    t,
    [`${busy.origin}/first`, ...away, ...own],
    { maxRetryAfter: 3_000 },
    { maxRequests: 2 },
  );
  assert.deepEqual(
    [...outcomes.values()].filter(({ status }) => status !== 'ok'),
    [],
  );
  assert.equal(from.requests.length, 70);
  assert.equal(busy.requests.length, 22);
  assert.equal(before, 70);
});

test('a server that is only slow is asked once where it may be asked only so often, though others want its slot', async (t) => {
  await using server = await startRawServer({
    host: '0.0.0.0',
    onRequest: async function* ({ head }) {
      await pause(/^host: \S+9:/im.test(head) ? 700 : 5);
      yield answer('x');
    },
  });
  const urls = Array.from({ length: 100 }, (_, i) => `http://127.0.4.${i}:${server.port}/x`);
  const outcomes = await run(t, urls, {}, { maxRequests: 8, ratePerHost: '1/m' });
  assert.ok([...outcomes.values()].every(({ status }) => status === 'ok'));
  assert.equal(server.requests.length, 100);
});

for (const respectRobots of [false, true]) {
  test(`servers that never answer do not take the slots of others, and get their time in the end, with${respectRobots ? '' : 'out'} robots.txt`, async (t) => {
    await using server = await startRawServer({
      host: '0.0.0.0',
      onRequest: async function* ({ head, path }) {
        const [, host = ''] = /^host: (\S+):/im.exec(head) ?? [];
        if (host.endsWith('5')) return;
        await pause(10);
        yield answer(path === '/robots.txt' ? '' : 'x');
      },
    });
    const urls = Array.from({ length: 100 }, (_, i) => `http://127.0.3.${i}:${server.port}/x`);
    const isSound = (url: string): boolean => !/5:/.test(url);
    const outcomes = await run(t, urls, { tries: 1 }, { maxRequests: 8, timeout: 3, respectRobots });
    const order = [...outcomes.values()];
    const firstLost = order.findIndex(({ status }) => status === 'error');
    assert.ok(order.slice(0, firstLost).filter(({ url }) => isSound(url)).length > 75, `${firstLost} came before`);
    for (const outcome of order) {
      if (isSound(outcome.url)) assert.equal(outcome.status, 'ok', outcome.url);
      else assert.ok(outcome.status === 'error' && outcome.error.code === 'NET_TIMEOUT', outcome.url);
    }
    for (const url of urls.filter((candidate) => !isSound(candidate))) {
      const asked = server.requests.filter(({ head }) => head.includes(new URL(url).host)).length;
      assert.ok(asked <= 2, `${url} was asked ${asked} times`);
    }
  });
}
