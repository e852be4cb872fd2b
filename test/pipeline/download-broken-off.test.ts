/** Bodies that break off, one after the other, while the storage is slow: what is held of them has a bound, too. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Executor } from '../../src/executor/executor.js';
import { PoolExecutor } from '../../src/executor/pool.js';
import { LargeBodySender } from '../../src/executor/large.js';
import { TarExecutor } from '../../src/executor/tar.js';
import { download } from '../../src/index.js';
import type { Layout } from '../../src/protocol/settings.js';
import { END, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const MIB = 1 << 20;
const MEMORY = 8 * MIB;
const COUNT = 60;

const KEPT = 'ETag: "a"\r\n';
const WAYS: readonly [layout: Layout, headers: string][] = [
  ['flat', KEPT],
  ['hashed', KEPT],
  ['tar', ''],
];

describe('bodies that break off while the storage is slow', () => {
  for (const [layout, headers] of WAYS) {
    test(`hold no more than the budget in all, with the layout ${layout}`, async (t) => {
      const opened = [PoolExecutor, TarExecutor].map(({ prototype }) =>
        t.mock.method(prototype as Executor, 'storeLarge'),
      );
      const settled = t.mock.method(LargeBodySender.prototype, 'settled');
      let most = 0;
      const held = (): number => {
        const over = new Set(settled.mock.calls.map((call) => call.this));
        const calls = opened.flatMap(({ mock }) => mock.calls).filter(({ result }) => !over.has(result));
        return calls.reduce((sum, { arguments: [{ window }] }) => sum + window, 0);
      };
      // 0.4 of 1 MB, as from a server that is restarted.
      const head = `HTTP/1.1 200 OK\r\n${headers}Content-Length: 1000000\r\n\r\n`;
      await using server = await startRawServer({
        onRequest: () => {
          most = Math.max(most, held());
          return [head, Buffer.alloc(400_000), END];
        },
      });
      const urls = Array.from({ length: COUNT }, (_, i) => `${server.origin}/${i}`);
      const directory = join(scratch(t), 'd');
      const options = { directory, layout, memory: MEMORY, maxRequests: 8, tries: 1, workers: 1 };
      let errors = 0;
      for await (const { status } of download(urls, { ...options, simulatedLatency: { name: 0, write: 10 } })) {
        errors += status === 'error' ? 1 : 0;
      }
      assert.equal(errors, COUNT);
      assert.equal(server.requests.length, COUNT);
      assert.ok(most > 0 && most <= MEMORY, `${most} bytes were held`);
      assert.equal(held(), 0);
    });
  }
});
