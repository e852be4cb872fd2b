/** What outcomes tell of items, and that the journal knows the same of them. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { JOURNAL } from '../../src/journal/open.js';
import { History, type PastOutcome } from '../../src/journal/history.js';
import { download, type DownloadOptions, type Outcome } from '../../src/index.js';
import { scratch } from '../helpers/scratch.js';

const DATE = 'Wed, 21 Oct 2015 07:28:00 GMT';

describe('an outcome', () => {
  let server: Server;
  let origin: string;
  const asked: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      const path = request.url as string;
      asked.push(path);
      if (path === '/moved') response.writeHead(302, { location: '/a.txt' }).end();
      else if (path === '/flaky' && asked.filter((other) => other === path).length === 1) response.writeHead(503).end();
      else if (path === '/gone') response.writeHead(410, { 'content-type': 'text/html' }).end();
      else response.writeHead(200, { 'content-type': 'text/plain', etag: '"1"', 'last-modified': DATE }).end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  async function outcomesOf(paths: readonly string[], options: DownloadOptions): Promise<Map<string, Outcome>> {
    asked.length = 0;
    const outcomes = new Map<string, Outcome>();
    const urls = paths.map((path) => (path.startsWith('/') ? origin + path : path));
    for await (const outcome of download(urls, options)) {
      outcomes.set(outcome.url.replace(origin, ''), outcome);
    }
    return outcomes;
  }

  for (const executor of ['pool', 'threads'] as const) {
    test(`has final URL, status, headers, times and tries, and so has the journal (--executor ${executor})`, async (t) => {
      const directory = scratch(t);
      const start = Date.now();
      const paths = ['/a.txt', '/moved', '/flaky', '/gone', 'http://localhost:1/refused'];
      const outcomes = await outcomesOf(paths, { directory, executor, tries: 2 });
      const learned = (path: string): object => {
        const { answer, tries, status } = outcomes.get(path) as Outcome & { answer?: object; tries?: number };
        return { ...answer, tries, outcome: status };
      };
      const whole = { status: 200, contentType: 'text/plain', etag: '"1"', lastModified: DATE, outcome: 'ok' };
      assert.deepEqual(learned('/a.txt'), { ...whole, url: `${origin}/a.txt`, tries: 1 });
      assert.deepEqual(learned('/moved'), { ...whole, url: `${origin}/a.txt`, tries: 1 });
      assert.deepEqual(learned('/flaky'), { ...whole, url: `${origin}/flaky`, tries: 2 });
      const gone = { status: 410, contentType: 'text/html', etag: '', lastModified: '', outcome: 'not_found' };
      assert.deepEqual(learned('/gone'), { ...gone, url: `${origin}/gone`, tries: 1 });
      assert.deepEqual(learned('http://localhost:1/refused'), { tries: 2, outcome: 'error' });
      for (const outcome of outcomes.values()) {
        if (outcome.status !== 'ok') continue;
        const { asked: first, answered = 0, fetched = 0, stored = 0 } = outcome.times;
        assert.ok(start <= first && first <= answered && answered <= fetched && fetched <= stored);
        assert.ok(stored <= Date.now());
        assert.equal(outcome.path, join(directory, outcome.name));
      }

      const history = (await History.open(join(directory, '.sluice', JOURNAL))) as History;
      const past: PastOutcome[] = [];
      for await (const batch of history.outcomes()) past.push(...batch);
      assert.equal(past.length, paths.length);
      for (const known of past) {
        assert.ok(known.status !== 'unfinished');
        const { answer, times, tries } = outcomes.get(known.item.url.replace(origin, '')) as Partial<
          Outcome & { status: 'ok' }
        >;
        assert.deepEqual(known.learned, { answer, times, tries, checksum: undefined });
      }
    });
  }

  test('comes for what an earlier run has stored, too, with its name, and nothing is requested', async (t) => {
    const directory = scratch(t);
    const paths = ['/a.txt', '/b/a.txt'];
    const first = await outcomesOf(paths, { directory });
    const second = await outcomesOf(paths, { directory });
    assert.deepEqual(asked, []);
    for (const [index, path] of paths.entries()) {
      const { name } = first.get(path) as Outcome & { name: string };
      const { status, ...rest } = second.get(path) as Outcome;
      assert.equal(status, 'skipped');
      assert.deepEqual(rest, { index, url: origin + path, name, columns: undefined, kept: false, unchanged: false });
    }
  });

  test('gives back what the item was made of, the same object, whatever becomes of it', async (t) => {
    const requests = [
      { url: `${origin}/a.txt`, id: 1, own: () => 'anything' },
      { url: `${origin}/gone`, id: 2 },
      { url: 'nonsense', id: 3 },
      { url: `${origin}/a.txt`, id: 4 },
      { url: `${origin}/c.txt`, checksum: { algorithm: 'md5', hex: 'short' } as const, id: 5 },
      { url: `${origin}/d.txt`, columns: { label: 7 }, headers: { 'x-own': '1' }, mirrors: [`${origin}/e`], id: 6 },
    ];
    const directory = scratch(t);
    for (const expected of [
      { 1: 'ok', 2: 'not_found', 3: 'error', 5: 'error', 6: 'ok' },
      { 1: 'skipped', 2: 'not_found', 3: 'error', 5: 'error', 6: 'skipped' },
    ]) {
      const found: Record<number, string> = {};
      for await (const outcome of download(requests, { directory })) {
        const request = outcome.request as (typeof requests)[number];
        assert.equal(requests[outcome.index], request);
        found[request.id] = outcome.status;
        if (request.id === 6) assert.deepEqual(outcome.columns, { label: 7 });
      }
      assert.deepEqual(found, expected);
    }
  });

  test('of an item that is in a shard has the path of the shard', async (t) => {
    const directory = scratch(t);
    const outcomes = await outcomesOf(['/a.txt'], { directory, layout: 'tar' });
    const stored = outcomes.get('/a.txt') as Outcome & { path: string };
    assert.equal(stored.path, join(directory, '00000.tar'));
  });
});
