/** The verdict on real runs: each is held up by one thing, and says so. No time is asserted, only what most of it went to. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { download, type DownloadOptions, type ItemRequest, type Outcome, type Verdict } from '../src/index.js';
import { Download } from '../src/download.js';
import { resolveOptions } from '../src/options.js';
import { type RunningServer } from '../src/server/server.js';
import { serveInThread } from '../src/server/thread.js';
import { noise } from './helpers/bodies.js';
import { flagRequests } from './helpers/flag-requests.js';
import { serveInThread as serveNoise } from './helpers/http-thread.js';
import { longGif } from './helpers/images.js';
import { answer, pause, startRawServer, type Step } from './helpers/raw-server.js';
import { scratch } from './helpers/scratch.js';

type Urls = Iterable<string | ItemRequest> | AsyncIterable<string | ItemRequest>;

/** Runs to the end; `onOutcome` is what the reader does with each. */
async function judge(
  t: TestContext,
  urls: Urls,
  options: DownloadOptions,
  onOutcome: (outcome: Outcome) => unknown = () => undefined,
): Promise<Verdict | undefined> {
  const run = download(urls, { directory: scratch(t), tries: 1, ...options });
  for await (const outcome of run) await onOutcome(outcome);
  t.diagnostic(JSON.stringify(run.summary.verdict ?? 'none'));
  return run.summary.verdict;
}

function stored(outcome: Outcome): void {
  assert.equal(outcome.status, 'ok', JSON.stringify(outcome));
}

function assertBound(verdict: Verdict | undefined, bound: Verdict['bound'], detail: RegExp, advice?: string): void {
  assert.equal(verdict?.bound, bound);
  assert.ok(verdict.share > 0.5 && verdict.share <= 1, String(verdict.share));
  assert.match(verdict.detail, detail);
  assert.equal(verdict.advice, advice);
}

/** The verdict on a run with as many of libuv's threads as the command has, so that one worker can wait for many files. */
async function judgeAsCommand(
  t: TestContext,
  { count, size }: { count: number; size: number },
  options: DownloadOptions,
): Promise<Verdict> {
  const origin = await serveNoise(t);
  const script = `
    import { download } from '${new URL('../src/index.js', import.meta.url).href}';
    const urls = Array.from({ length: ${count} }, (_, n) => '${origin}/noise/' + n + '/${size}');
    const run = download(urls, { directory: process.argv[1], tries: 1, ...${JSON.stringify(options)} });
    for await (const outcome of run) if (outcome.status !== 'ok') throw outcome.error;
    console.log(JSON.stringify(run.summary.verdict));`;
  const args = ['--input-type=module', '-e', script, scratch(t)];
  const env = { ...process.env, UV_THREADPOOL_SIZE: '68' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  t.diagnostic(stdout.trim());
  return JSON.parse(stdout) as Verdict;
}

/** No image, which shows when all of it is decoded: nothing is written. */
const BOMB = answer(gzipSync(Buffer.alloc(10 << 20)), 'Content-Encoding: gzip\r\n');

/** Each body drips. */
function startNarrowServer(): ReturnType<typeof startRawServer> {
  const piece = noise(20_000, 1);
  return startRawServer({
    *onRequest(): Generator<Step> {
      yield `HTTP/1.1 200 OK\r\nContent-Length: ${30 * piece.length}\r\n\r\n`;
      for (let n = 0; n < 30; n += 1) {
        yield pause(25);
        yield piece;
      }
    },
  });
}

describe('the verdict on a run', () => {
  let server: RunningServer;
  before(async () => {
    server = await serveInThread();
  });
  after(() => server.close());

  const flags = (count: number, { port } = server): Iterable<ItemRequest> => flagRequests(count, port);

  const NAMES = { name: 20, write: 0 };
  const WRITES = { name: 0, write: 20 };

  test('slow names: storage, with the writers, what they wait on, and a layout with more folders', async (t) => {
    const verdict = await judge(t, flags(80), { workers: 4, simulatedLatency: NAMES }, stored);
    assertBound(verdict, 'storage', /^4 writers waiting on rename$/, 'try --layout hashed');
  });

  test('slow names in many folders: storage, and a layout with few names', async (t) => {
    const options = { workers: 4, layout: 'hashed', simulatedLatency: NAMES } as const;
    assertBound(await judge(t, flags(200), options, stored), 'storage', /waiting on rename$/, 'try --layout tar');
  });

  test('slow names that one thread waits for: storage', async (t) => {
    const options = { layout: 'hashed', simulatedLatency: { name: 60, write: 0 } } as const;
    const verdict = await judgeAsCommand(t, { count: 600, size: 1_000 }, options);
    assertBound(verdict, 'storage', /^\d\d writers waiting on rename$/, 'try --layout tar');
  });

  test('slow writes: storage, and no layout that would help', async (t) => {
    const verdict = await judge(t, flags(200), { workers: 4, simulatedLatency: WRITES }, stored);
    assertBound(verdict, 'storage', /^4 writers waiting on write$/);
  });

  for (const executor of ['inline', 'libuv'] as const) {
    test(`slow writes with --executor ${executor}: storage as well`, async (t) => {
      const [count, write] = executor === 'inline' ? [40, 20] : [300, 60];
      const verdict = await judge(t, flags(count), { executor, simulatedLatency: { name: 0, write } }, stored);
      assertBound(verdict, 'storage', /^\d+ writers? waiting on write$/);
    });
  }

  test('slow writes into shards: storage', async (t) => {
    const origin = await serveNoise(t);
    const urls = Array.from({ length: 80 }, (_, n) => `${origin}/noise/${n}/200000`);
    const verdict = await judge(t, urls, { layout: 'tar', simulatedLatency: { name: 0, write: 60 } }, stored);
    assertBound(verdict, 'storage', /^1 writer waiting on write$/);
  });

  for (const layout of ['flat', 'tar'] as const) {
    test(`large bodies on slow storage, layout ${layout}: storage, also when a pause is longer than --timeout`, async (t) => {
      const origin = await serveNoise(t);
      const urls = [1, 2].map((n) => `${origin}/noise/${n}/${6 << 20}`);
      const options = { layout, timeout: 0.1, simulatedLatency: { name: 0, write: 150 } };
      assertBound(await judge(t, urls, options, stored), 'storage', /waiting on write$/);
    });
  }

  test('a slow server at the limit of requests: server, and more requests', async (t) => {
    const slow = await serveInThread({ delayMs: 150 });
    t.after(() => slow.close());
    const verdict = await judge(t, flags(48, slow), { maxRequests: 8 }, stored);
    const advice = 'more requests at once: raise --max-requests';
    assertBound(verdict, 'server', /^8 requests waiting for an answer$/, advice);
  });

  test('a slow server with requests to spare: server, and nothing to raise', async (t) => {
    const slow = await serveInThread({ delayMs: 600 });
    t.after(() => slow.close());
    assertBound(await judge(t, flags(8, slow), { maxRequests: 16 }, stored), 'server', /^8 requests /);
  });

  test('bodies that drip: network', async (t) => {
    await using narrow = await startNarrowServer();
    const urls = [1, 2, 3, 4].map((n) => `${narrow.origin}/${n}`);
    assertBound(await judge(t, urls, {}, stored), 'network', /^4 bodies coming in$/);
  });

  test('more writers than bodies that memory has room for: budget, and more memory', async (t) => {
    const options = { memory: '8MiB', simulatedLatency: { name: 0, write: 100 } };
    const verdict = await judgeAsCommand(t, { count: 400, size: 250_000 }, options);
    assertBound(verdict, 'budget', /no room/, 'raise --memory');
  });

  test('a reader that keeps the event loop busy: main thread', async (t) => {
    const verdict = await judge(t, flags(200), { workers: 2 }, (outcome) => {
      stored(outcome);
      for (const end = performance.now() + 4; performance.now() < end;);
    });
    assertBound(verdict, 'main thread', /event loop/);
  });

  test('bodies that swell when they are decoded: cpu', async (t) => {
    await using fast = await startRawServer({ onRequest: () => [BOMB] });
    const urls = Array.from({ length: 120 }, (_, n) => `${fast.origin}/${n}`);
    const verdict = await judge(t, urls, { workers: 2, imageCheck: 'structure' });
    assertBound(verdict, 'cpu', /^[12] writers? busy$/);
  });

  describe('with --executor threads', () => {
    const executor = 'threads';

    test('slow names: storage, with a layout with more folders', async (t) => {
      const options = { executor, maxRequests: 4, simulatedLatency: NAMES } as const;
      const verdict = await judge(t, flags(80), options, stored);
      assertBound(verdict, 'storage', /^[34] writers waiting on rename$/, 'try --layout hashed');
    });

    test('large bodies and slow writes: storage', async (t) => {
      const origin = await serveNoise(t);
      const urls = [1, 2, 3, 4].map((n) => `${origin}/noise/${n}/${3 << 20}`);
      const options = { executor, maxRequests: 2, simulatedLatency: WRITES } as const;
      assertBound(await judge(t, urls, options, stored), 'storage', /^[12] writers? waiting on write$/);
    });

    test('a slow server: server, and more requests', async (t) => {
      const slow = await serveInThread({ delayMs: 150 });
      t.after(() => slow.close());
      const verdict = await judge(t, flags(48, slow), { executor, maxRequests: 4 }, stored);
      const advice = 'more requests at once: raise --max-requests';
      assertBound(verdict, 'server', /^[34] requests waiting for an answer$/, advice);
    });

    test('a server that refuses after a while: server', async (t) => {
      await using slow = await startRawServer({
        onRequest: () => [pause(300), 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
      });
      const urls = [1, 2, 3, 4, 5, 6].map((n) => `${slow.origin}/${n}`);
      assertBound(await judge(t, urls, { executor, maxRequests: 6 }), 'server', /waiting for an answer$/);
    });

    test('bodies that drip: network', async (t) => {
      await using narrow = await startNarrowServer();
      const urls = [1, 2, 3, 4].map((n) => `${narrow.origin}/${n}`);
      assertBound(await judge(t, urls, { executor }, stored), 'network', /^[34] bodies coming in$/);
    });

    test('bodies that swell when they are decoded: cpu', async (t) => {
      await using fast = await startRawServer({ onRequest: () => [BOMB] });
      const urls = Array.from({ length: 60 }, (_, n) => `${fast.origin}/${n}`);
      const verdict = await judge(t, urls, { executor, maxRequests: 2, imageCheck: 'structure' });
      assertBound(verdict, 'cpu', /^[12] writers? busy$/);
    });

    test('images whose pixels are checked: cpu, though other threads do it', async (t) => {
      const image = answer(await longGif(1_000, 1_000, 20));
      await using fast = await startRawServer({ onRequest: () => [image] });
      const urls = Array.from({ length: 20 }, (_, n) => `${fast.origin}/${n}.gif`);
      const options = { executor, maxRequests: 2, imageCheck: 'pixels' } as const;
      assertBound(await judge(t, urls, options, stored), 'cpu', /^[12] writers? busy$/);
    });
  });

  test('a list that comes slowly: list', async (t) => {
    async function* slowly(): AsyncGenerator<ItemRequest> {
      for (const flag of flags(12)) {
        await sleep(60);
        yield flag;
      }
    }
    assertBound(await judge(t, slowly(), {}, stored), 'list', /nothing to request/);
  });

  test('a reader that does not come back for long: reader', async (t) => {
    let read = 0;
    const urls = Array.from({ length: 10_000 }, (_, n) => `no URL ${n}`);
    const verdict = await judge(t, urls, {}, () => {
      read += 1;
      return read % 3_000 === 1 ? sleep(800) : undefined;
    });
    assertBound(verdict, 'reader', /outcomes/);
  });

  describe('the time that the storage took is known', () => {
    const FILES = 32;
    const LATENCY = { name: 40, write: 20 };

    /**
     * Of each name and of each write, in multiples of what it was to take; a timer may be early by a part of a millisecond.
     *
     * @param writers who cannot have spent more than the time that they had
     */
    async function perFile(
      t: TestContext,
      writers: number,
      options: DownloadOptions,
    ): Promise<{ name: number; write: number }> {
      const resolved = resolveOptions({ directory: scratch(t), tries: 1, simulatedLatency: LATENCY, ...options });
      const run = new Download([{ kind: 'urls', urls: flags(FILES), label: 'urls' }], resolved);
      assert.equal(run.operations, undefined);
      for await (const outcome of run) stored(outcome);
      const { create = 0, rename = 0, write = 0 } = run.operations ?? {};
      assert.ok(create > 0 && create + rename + write < 1000 * run.summary.elapsed * writers);
      const each = { name: rename / FILES / LATENCY.name, write: write / FILES / LATENCY.write };
      t.diagnostic(JSON.stringify(each));
      return each;
    }

    const ways: readonly (readonly [writers: number, options: DownloadOptions])[] = [
      [1, { executor: 'inline' }],
      [16, { executor: 'libuv' }],
      [4, { executor: 'pool', workers: 4 }],
      [4, { executor: 'threads', maxRequests: 4 }],
    ];
    for (const [writers, way] of ways) {
      test(`of each name and each write, with --executor ${way.executor}`, async (t) => {
        const { name, write } = await perFile(t, writers, { ...way, layout: 'hashed' });
        assert.ok(name > 0.95 && write > 0.95);
      });
    }

    test('with what a writer waits for its turn', async (t) => {
      const { name } = await perFile(t, 4, { workers: 4, layout: 'flat' });
      // Three others have theirs before, but for those that are at their writes.
      assert.ok(name > 1.5);
    });
  });

  test('a run that is over at once has none', async (t) => {
    assert.equal(await judge(t, flags(3), {}, stored), undefined);
  });
});
