import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ThreadDownloads, type ThreadListener, type ThreadRequest } from '../../src/executor/threads.js';
import type { AttemptFailure } from '../../src/fetch/failure.js';
import type { Item } from '../../src/item.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { isStored, type StoreResult } from '../../src/protocol/result.js';
import { simulate } from '../../workers/slow.js';
import { noise } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { serveInThread } from '../helpers/http-thread.js';
import { answer, type RawRequest, startRawServer, type Step } from '../helpers/raw-server.js';
import { storeSettings } from '../helpers/stores.js';
import { until } from '../fetch/recording.js';

type End =
  | { readonly kind: 'stored'; readonly result: StoreResult }
  | { readonly kind: 'not_found'; readonly status: number }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure };

/** Keeps how each item ended; fails when one ends twice, or is stored before its fetch has ended. */
class Ends implements ThreadListener {
  readonly of = new Map<string, End>();
  readonly #fetched = new Set<string>();
  #waiting: { count: number; resolve: () => void } | undefined;

  onAnswer(): void {
    // What was answered is told by its end, too.
  }

  onLarge({ name }: Item): void {
    this.#fetched.add(name);
  }

  readonly onStored = ({ name }: Item, result: StoreResult): void => {
    assert.ok(this.#fetched.has(name));
    this.#end(name, { kind: 'stored', result });
  };

  onNotFound({ name }: Item, status: number): void {
    this.#end(name, { kind: 'not_found', status });
  }

  onFailure({ name }: Item, failure: AttemptFailure): void {
    this.#end(name, { kind: 'failed', failure });
  }

  onBent(): void {
    assert.fail('no answer breaks the rules');
  }

  onUnproven(): void {
    assert.fail('a body without an end of its own');
  }

  onDisallowed(): void {
    assert.fail('a file that is not to be taken');
  }

  onRedirect(): void {
    assert.fail('a redirect to another server');
  }

  async count(count: number): Promise<void> {
    if (this.of.size >= count) return;
    await new Promise<void>((resolve) => {
      this.#waiting = { count, resolve };
    });
  }

  #end(name: string, end: End): void {
    assert.ok(!this.of.has(name), `${name} ended twice`);
    this.of.set(name, end);
    if (this.of.size === this.#waiting?.count) this.#waiting.resolve();
  }
}

const REQUEST: ThreadRequest = {
  headers: [],
  timeout: 20_000,
  maxWhole: 1 << 18,
  strict: false,
  lowestSpeed: 0,
  maxTime: 60_000,
  maxIdle: 2,
};

function start(
  t: TestContext,
  changes: Partial<StoreSettings> = {},
): { downloads: ThreadDownloads; ends: Ends; settings: StoreSettings } {
  const settings = storeSettings(t, changes);
  const ends = new Ends();
  const downloads = new ThreadDownloads(3, REQUEST, settings, ends);
  t.after(() => downloads.close());
  return { downloads, ends, settings };
}

function itemAt(origin: string, path: string, name: string): Item {
  return { index: 0, url: origin + path, origin, path, name };
}

describe('threads that download and store by themselves', () => {
  test('store bodies of all sizes, encoded or not, and tell of each item once', async (t) => {
    const origin = await serveInThread(t);
    const { downloads, ends, settings } = start(t);
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 20 === 0 ? 3_000_000 + i : i * 997));
    for (const [i, size] of sizes.entries()) {
      downloads.start(itemAt(origin, `/${i % 3 === 0 ? 'gzip' : 'noise'}/${i}/${size}`, `${i}`), { timeLeft: 60_000 });
    }
    await ends.count(60);
    await downloads.close();
    for (const [i, size] of sizes.entries()) {
      const end = ends.of.get(`${i}`);
      assert.ok(end?.kind === 'stored' && isStored(end.result) && end.result.size === size, `${i}`);
      assert.ok(readFileSync(join(settings.directory, `${i}`)).equals(noise(size, i)), `${i} differs`);
    }
    assert.equal(filesBelow(settings.directory).length, 60);
  });

  test('tell apart what is not found, what the server refuses and what cannot be stored', async (t) => {
    const origin = await serveInThread(t);
    const { downloads, ends, settings } = start(t, { maxBodySize: 100_000 });
    mkdirSync(join(settings.directory, 'folder'));
    downloads.start(itemAt(origin, '/status/404', 'missing'), { timeLeft: 60_000 });
    downloads.start(itemAt(origin, '/status/503', 'busy'), { timeLeft: 60_000 });
    downloads.start(itemAt(origin, '/noise/1/100', 'folder'), { timeLeft: 60_000 });
    downloads.start(itemAt(origin, '/gzip/1/3000000', 'large'), { timeLeft: 60_000 });
    downloads.start(itemAt('http://127.0.0.1:1', '/', 'refused'), { timeLeft: 60_000 });
    await ends.count(5);
    assert.deepEqual(ends.of.get('missing'), { kind: 'not_found', status: 404 });
    const busy = ends.of.get('busy');
    assert.ok(busy?.kind === 'failed' && busy.failure.status === 503 && busy.failure.retryAfter === '7');
    const refused = ends.of.get('refused');
    assert.ok(refused?.kind === 'failed' && refused.failure.error.code === 'NET_REFUSED');
    for (const [name, code] of [
      ['folder', 'STORE_EXISTS'],
      ['large', 'BODY_TOO_LARGE'],
    ] as const) {
      const end = ends.of.get(name);
      assert.ok(end?.kind === 'stored' && !isStored(end.result) && end.result.code === code, name);
    }
    assert.deepEqual(filesBelow(settings.directory), []);
  });

  test('tell where their time went, once', async (t) => {
    const origin = await serveInThread(t);
    const { downloads, ends } = start(t, { slow: simulate({ name: 10, write: 20 }) });
    // The last one comes in parts.
    for (const [i, size] of [100, 200, 300, 400, 2_000_000].entries()) {
      downloads.start(itemAt(origin, `/noise/${i}/${size}`, `${i}`), { timeLeft: 60_000 });
    }
    await ends.count(5);
    const { wall, run, wait, answer, body, create, write, rename } = downloads.takeTimes();
    const told = JSON.stringify({ wall, run, wait, answer, body, create, write, rename });
    assert.ok(create > 0 && rename >= 5 * 10 && write >= 6 * 20 && answer > 0, told);
    assert.ok(wall >= create + write + rename && wall >= run + wait + answer + body, told);
    assert.ok(Object.values(downloads.takeTimes()).every((time) => time === 0));
  });

  test('an item that is cancelled ends at once, and only once; close() waits for no answer', async (t) => {
    const origin = await serveInThread(t);
    const { downloads, ends } = start(t);
    const error = { code: 'ABORTED', message: 'stopped', hint: 'go on' } as const;
    downloads.start(itemAt(origin, '/hang', 'hanging'), { timeLeft: 60_000 }).cancel(error);
    assert.deepEqual(ends.of.get('hanging'), { kind: 'failed', failure: { error } });
    downloads.start(itemAt(origin, '/noise/1/10', 'quick'), { timeLeft: 60_000 }).cancel(error);
    downloads.start(itemAt(origin, '/noise/1/10', 'other'), { timeLeft: 60_000 });
    await ends.count(3);
    await downloads.close();
    assert.equal(ends.of.size, 3);
    assert.equal(ends.of.get('quick')?.kind, 'failed');
    assert.equal(ends.of.get('other')?.kind, 'stored');
  });

  test('close() removes what a thread was writing beside its final name', async (t) => {
    const origin = await serveInThread(t);
    // Far longer than it takes to see the file.
    const { downloads, settings } = start(t, { layout: 'hashed', slow: simulate({ name: 0, write: 60_000 }) });
    const error = { code: 'ABORTED', message: 'stopped', hint: 'go on' } as const;
    const inFlight = downloads.start(itemAt(origin, '/noise/1/10', '3/a/item'), { timeLeft: 60_000 });
    while (filesBelow(settings.directory).length === 0) await sleep(5);
    assert.match(filesBelow(settings.directory)[0] as string, /^3\/a\/\.sluice-/);
    inFlight.cancel(error);
    await downloads.close();
    assert.deepEqual(filesBelow(settings.directory), []);
  });

  test('an item that is cancelled is requested no longer, in whatever state its request is, nor is its file left', async (t) => {
    await using server = await startRawServer({
      *onRequest({ path }: RawRequest): Generator<Step> {
        if (path === '/silent') return;
        yield 'HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n';
        if (path === '/large') yield noise(2_000_000, 1);
      },
    });
    const { downloads, ends, settings } = start(t);
    const error = { code: 'ABORTED', message: 'stopped', hint: 'go on' } as const;
    const started = ['/silent', '/begun', '/large'].map((path) =>
      downloads.start(itemAt(server.origin, path, path.slice(1)), { timeLeft: 60_000 }),
    );
    await until(() => server.requests.length === 3, 'all were requested');
    await until(() => filesBelow(settings.directory).length === 1, 'the large one was begun');
    for (const each of started) each.cancel(error);
    await until(() => server.open === 0, 'their connections were closed');
    await until(() => filesBelow(settings.directory).length === 0, 'what was unfinished was removed');
    assert.equal(ends.of.size, 3);
    for (const end of ends.of.values()) assert.deepEqual(end, { kind: 'failed', failure: { error } });
    // Nor is one whose time is up, and which its thread ends by itself.
    downloads.start(itemAt(server.origin, '/silent', 'late'), { timeLeft: 1 });
    await ends.count(4);
    await until(() => server.open === 0, 'its connection was closed');
    const late = ends.of.get('late');
    assert.ok(late?.kind === 'failed' && late.failure.error.code === 'NET_TIMEOUT', JSON.stringify(late));
  });

  test('keep no more idle connections than they may', async (t) => {
    const servers = await Promise.all([1, 2, 3, 4, 5].map(() => startRawServer({ onRequest: () => [answer('x')] })));
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const settings = storeSettings(t);
    const ends = new Ends();
    const downloads = new ThreadDownloads(1, { ...REQUEST, maxIdle: 2 }, settings, ends);
    t.after(() => downloads.close());
    for (const [i, { origin }] of servers.entries()) {
      downloads.start(itemAt(origin, '/', `${i}`), { timeLeft: 60_000 });
      await ends.count(i + 1);
    }
    await until(() => servers.filter(({ open }) => open > 0).length === 2, 'the others were closed');
    assert.deepEqual(
      servers.map(({ connections, open }) => [connections, open]),
      [0, 0, 0, 1, 1].map((open) => [1, open]),
    );
  });

  test('an item whose thread is lost fails with WORKER_LOST', async (t) => {
    const { downloads, ends } = start(t);
    downloads.start(itemAt('http://127.0.0.1:1', '/', 'a'), { timeLeft: 60_000 });
    // In the middle of its start.
    await downloads.close();
    await ends.count(1);
    const end = ends.of.get('a');
    assert.ok(end?.kind === 'failed' && end.failure.error.code === 'WORKER_LOST');
  });
});
