/** The verdict on real runs: each is held up by one thing, and says so. No time is asserted, only what most of it went to. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DownloadOptions, ItemRequest } from '../../src/index.js';
import { Download } from '../../src/pipeline/download.js';
import { resolveOptions } from '../../src/options/resolve.js';
import { serveInThread } from '../../src/server/thread.js';
import { serveFlags } from '../helpers/flag-requests.js';
import { startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';
import { assertBound, BOMB, judge, judgeAsCommand, NAMES, startNarrowServer, stored } from '../helpers/verdicts.js';

describe('the verdict on a run', () => {
  const flags = serveFlags();

  test('slow names: storage, with the writers, what they wait on, and a layout with more folders', async (t) => {
    const verdict = await judge(t, flags(80), { workers: 4, simulatedLatency: NAMES }, stored);
    assertBound(verdict, 'storage', /^4 writers waiting on rename$/, 'try --layout hashed');
  });

  test('slow names that one thread waits for: storage', async (t) => {
    // So long that what 64 of them take at once is more than the main thread needs to load what it needs.
    const options = { layout: 'hashed', simulatedLatency: { name: 300, write: 0 } } as const;
    const verdict = await judgeAsCommand(t, { count: 400, size: 1_000 }, options);
    assertBound(verdict, 'storage', /^\d\d writers waiting on rename$/, 'try --layout tar');
  });

  test('a slow server at the limit of requests: server, and more requests', async (t) => {
    const slow = await serveInThread({ delayMs: 150 });
    t.after(() => slow.close());
    const verdict = await judge(t, flags(48, slow), { maxRequests: 8 }, stored);
    const advice = 'more requests at once: raise --max-requests';
    assertBound(verdict, 'server', /^8 requests waiting for an answer$/, advice);
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
    const urls = Array.from({ length: 80 }, (_, n) => `${fast.origin}/${n}`);
    const verdict = await judge(t, urls, { workers: 2, imageCheck: 'structure' });
    assertBound(verdict, 'cpu', /^[12] writers? busy$/);
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
    const FILES = 16;
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
