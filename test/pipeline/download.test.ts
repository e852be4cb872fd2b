import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  download,
  type DownloadOptions,
  FetchError,
  type ItemRequest,
  SluiceError,
  UsageError,
} from '../../src/index.js';
import { type RunningServer } from '../../src/server/server.js';
import { serveInThread } from '../../src/server/thread.js';
import { flagRequests } from '../helpers/flag-requests.js';
import { scratch } from '../helpers/scratch.js';
import { filesBelow } from '../helpers/folders.js';

describe('download', () => {
  let server: RunningServer;
  before(async () => {
    server = await serveInThread();
  });
  after(() => server.close());

  const requests = (count: number): Iterable<ItemRequest> => flagRequests(count, server.port);

  test('yields an outcome for each item as it completes, and its file is there by then', async (t) => {
    const directory = scratch(t);
    const run = download(requests(300), { directory, maxRequests: 8 });
    const seen = new Set<number>();
    for await (const outcome of run) {
      assert.equal(outcome.status, 'ok');
      const { name, size, index } = outcome;
      assert.equal(readFileSync(join(directory, name)).length, size);
      seen.add(index);
    }
    assert.equal(seen.size, 300);
    const { ok, notFound, errors, running, waiting } = run.summary;
    assert.deepEqual(
      { ok, notFound, errors, running, waiting },
      { ok: 300, notFound: 0, errors: 0, running: 0, waiting: 0 },
    );
    assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
  });

  test('failures are outcomes with a code, a hint, a cause and the item', async (t) => {
    const urls = [`http://localhost:${server.port}/flags/xx/xx.gif`, 'http://localhost:1/a', 'nonsense'];
    const outcomes = new Map<string, { status: string; error: FetchError }>();
    for await (const outcome of download(urls, { directory: scratch(t), tries: 1 })) {
      assert.ok('error' in outcome);
      outcomes.set(outcome.url, outcome);
    }
    assert.deepEqual(
      urls.map((url) => outcomes.get(url)?.status),
      ['not_found', 'error', 'error'],
    );
    assert.deepEqual(
      urls.map((url) => outcomes.get(url)?.error.code),
      ['HTTP_STATUS', 'NET_REFUSED', 'LIST_LINE'],
    );
    for (const { error } of outcomes.values()) {
      assert.ok(error instanceof FetchError && error instanceof SluiceError);
      assert.ok(error.hint.length > 0);
    }
    const refused = outcomes.get('http://localhost:1/a')?.error;
    assert.equal(refused?.item.name, 'a');
    assert.equal((refused.cause as { code: string }).code, 'ECONNREFUSED');
  });

  test('options out of bounds are refused before anything is done', () => {
    const wrong: DownloadOptions[] = [
      { maxRequests: 0 },
      { memory: '1KB' },
      { workers: 65 },
      { tries: 0 },
      { timeout: 0 },
    ];
    for (const options of wrong) assert.throws(() => download([], options), UsageError);
  });

  test('an empty run ends at once', async (t) => {
    const run = download([], { directory: scratch(t) });
    for await (const outcome of run) assert.fail(outcome.url);
    assert.equal(run.summary.ok, 0);
  });

  test('a reader that leaves early stops the run and leaves nothing unfinished', async (t) => {
    const directory = scratch(t);
    const run = download(requests(5_000), { directory, maxRequests: 8 });
    for await (const outcome of run) {
      assert.equal(outcome.status, 'ok');
      break;
    }
    assert.ok(run.summary.ok < 5_000);
    assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
    assert.equal(filesBelow(directory).length, run.summary.ok);
  });

  test('a signal stops the run with ABORTED and its reason; what was stored was told', async (t) => {
    const directory = scratch(t);
    const controller = new AbortController();
    const run = download(requests(5_000), { directory, maxRequests: 8, signal: controller.signal });
    let told = 0;
    await assert.rejects(
      async () => {
        for await (const outcome of run) {
          assert.equal(outcome.status, 'ok');
          told += 1;
          if (told === 10) controller.abort('enough');
        }
      },
      (error: unknown) => error instanceof SluiceError && error.code === 'ABORTED' && error.cause === 'enough',
    );
    assert.equal(filesBelow(directory).length, told);
    assert.equal(run.summary.ok, told);
    assert.ok(told < 5_000);
  });

  test('a reader that is slow slows the run down: outcomes do not pile up without bound', async (t) => {
    const count = 6_000;
    // Their outcomes pile up as all do, and nothing has to be stored for them.
    const missing = Array.from({ length: count }, (_, n) => `http://localhost:${server.port}/missing/${n}`);
    const run = download(missing, { directory: scratch(t), maxRequests: 64, memory: '8MiB' });
    let read = 0;
    for await (const outcome of run) {
      assert.equal(outcome.status, 'not_found');
      read += 1;
      if (read > 1) continue;
      // Until no new requests start, not just none at the moment.
      let waiting = 0;
      while (run.summary.running + run.summary.waiting > 0 || run.summary.notFound > waiting) {
        waiting = run.summary.notFound;
        await sleep(300);
      }
      t.diagnostic(`${waiting} outcomes wait`);
      assert.ok(waiting < count, `${waiting} outcomes wait`);
    }
    assert.equal(read, count);
  });

  test('the bytes between socket and disk stay within --memory while the storage is slow', async (t) => {
    const memory = 8 * 2 ** 20;
    let most = 0;
    // Slower, where the machine is too busy to fetch faster than that.
    for (let write = 2; write < 100 && most <= memory / 4; write *= 4) {
      const options = { maxRequests: 16, memory, workers: 2, simulatedLatency: { name: 0, write } };
      const run = download(requests(1_000), { ...options, directory: scratch(t) });
      for await (const outcome of run) {
        assert.equal(outcome.status, 'ok');
        most = Math.max(most, run.summary.waiting);
      }
      t.diagnostic(`at most ${(most / 2 ** 20).toFixed(2)} MiB waited for writes of ${write} ms`);
      assert.ok(most <= memory);
    }
    assert.ok(most > memory / 4, 'the storage was slow enough to be waited for');
  });

  test('a signal stops a run whose source gives nothing; what opens late is closed, for another run to have', async (t) => {
    const directory = scratch(t);
    async function readAll(outcomes: AsyncIterable<unknown>): Promise<void> {
      for await (const outcome of outcomes) assert.ok(outcome);
    }
    // oxlint-disable-next-line require-yield
    async function* silent(): AsyncGenerator<string> {
      await new Promise(() => undefined);
    }
    for (const patience of [0, 50]) {
      const stop = new AbortController();
      const run = download(silent(), { directory, signal: stop.signal });
      const ended = readAll(run);
      await sleep(patience);
      stop.abort('enough');
      await assert.rejects(ended, { code: 'ABORTED', cause: 'enough' });
    }
    /** Nobody waits long for what is still opening, and holds the destination until it is closed. */
    const whenFree = async (run: () => Promise<void>): Promise<void> => {
      for (const started = performance.now(); ;) {
        try {
          return await run();
        } catch (error) {
          const isBusy = error instanceof SluiceError && error.code === 'STORE_BUSY';
          if (!isBusy || performance.now() - started > 60_000) throw error;
          await sleep(20);
        }
      }
    };
    // At any moment of the start.
    for (let turns = 0; turns < 12; turns += 1) {
      const stopped = whenFree(async () => {
        const stop = new AbortController();
        const ended = readAll(download(requests(2), { directory, signal: stop.signal }));
        ended.catch(() => undefined);
        for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        stop.abort('enough');
        await ended;
      });
      await assert.rejects(stopped, { code: 'ABORTED' });
    }
    await whenFree(async () => {
      for await (const outcome of download(requests(2), { directory })) assert.equal(outcome.status, 'ok');
    });
    assert.deepEqual(
      filesBelow(directory).filter((path) => path.startsWith('.sluice')),
      [],
    );
  });
});
