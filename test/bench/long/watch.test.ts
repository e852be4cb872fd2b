/** The verdict on real runs, where others than the plainest are to be judged. */
import { describe, test } from 'node:test';
import { serveInThread } from '../../../src/server/thread.js';
import { serveFlags } from '../../helpers/flag-requests.js';
import { serveInThread as serveNoise } from '../../helpers/http-thread.js';
import { longGif } from '../../helpers/images.js';
import { answer, pause, startRawServer } from '../../helpers/raw-server.js';
import { assertBound, BOMB, judge, NAMES, startNarrowServer, stored, WRITES } from '../../helpers/verdicts.js';

describe('the verdict on a run', () => {
  const flags = serveFlags();

  test('slow names in many folders: storage, and a layout with few names', async (t) => {
    const options = { workers: 4, layout: 'hashed', simulatedLatency: NAMES } as const;
    assertBound(await judge(t, flags(200), options, stored), 'storage', /waiting on rename$/, 'try --layout tar');
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

  test('a slow server with requests to spare: server, and nothing to raise', async (t) => {
    const slow = await serveInThread({ delayMs: 600 });
    t.after(() => slow.close());
    assertBound(await judge(t, flags(8, slow), { maxRequests: 16 }, stored), 'server', /^8 requests /);
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
});
