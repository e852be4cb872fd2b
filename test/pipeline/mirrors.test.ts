/** Items with more than one URL, and with checksums, through the whole pipeline. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Item, ItemDetails } from '../../src/item.js';
import { JOURNAL } from '../../src/journal/open.js';
import { History } from '../../src/journal/history.js';
import { type DownloadOptions, resolveOptions } from '../../src/options/resolve.js';
import type { Outcome } from '../../src/outcome.js';
import { Download } from '../../src/pipeline/download.js';
import { addressOf } from '../../src/plan/address.js';
import { noise } from '../helpers/bodies.js';
import { version } from '../../src/shared/version.js';
import { scratch } from '../helpers/scratch.js';

const EXECUTORS = ['pool', 'inline', 'libuv', 'threads'] as const;
const NOBODY = 'http://localhost:1';

interface TestServer {
  readonly origin: string;
  readonly asked: { readonly path: string; readonly headers: NodeJS.Dict<string | string[]> }[];
}

async function serve(t: TestContext, answer: RequestListener): Promise<TestServer> {
  const asked: TestServer['asked'] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url as string, headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  t.after(() => server.close());
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, asked };
}

async function run(
  items: readonly [url: string, details: ItemDetails][],
  options: DownloadOptions,
): Promise<readonly Outcome[]> {
  const made = items.map(([url, details], index): Item => {
    return { index, name: `f${index}`, details, ...addressOf(url) };
  });
  const outcomes: Outcome[] = [];
  for await (const outcome of new Download([{ kind: 'items', items: made }], resolveOptions(options))) {
    outcomes.push(outcome);
  }
  return outcomes.toSorted((a, b) => a.index - b.index);
}

function sha256(body: Uint8Array): ItemDetails['checksum'] {
  return { algorithm: 'sha256', hex: createHash('sha256').update(body).digest('hex') };
}

describe('mirrors', () => {
  test('are tried in turn: the first is down, the second answers 404, the third has it, and that is one outcome', async (t) => {
    const { origin, asked } = await serve(t, (request, response) => {
      if (request.url === '/third') response.end('here');
      else response.writeHead(404).end();
    });
    for (const layout of ['flat', 'tar'] as const) {
      asked.length = 0;
      const directory = scratch(t);
      const url = `${NOBODY}/first`;
      const mirrors = [`${origin}/second`, `${origin}/third`];
      const [outcome, ...others] = await run([[url, { mirrors }]], { directory, layout });
      assert.deepEqual(others, []);
      assert.equal(outcome?.status, 'ok');
      assert.deepEqual([outcome.url, outcome.answer?.url], [url, `${origin}/third`]);
      assert.deepEqual(
        asked.map(({ path }) => path),
        ['/second', '/third'],
      );
      // The journal says which one gave it, under the URL that the list has.
      const history = (await History.open(join(directory, '.sluice', JOURNAL))) as History;
      for await (const [past, ...more] of history.outcomes()) {
        if (past === undefined) continue;
        assert.deepEqual(more, []);
        assert.equal(past.item.url, url);
        assert.ok(past.status === 'stored' && past.learned?.answer?.url === `${origin}/third`);
        assert.deepEqual(past.item.details?.mirrors, mirrors);
      }
      // Nothing is asked for again.
      assert.deepEqual(
        (await run([[url, { mirrors }]], { directory, layout })).map(({ status }) => status),
        ['skipped'],
      );
    }
  });

  test('that may recover are tried once more when all have failed, and the item fails with the last of them', async (t) => {
    let busy = 2;
    const { origin, asked } = await serve(t, (request, response) => {
      if (request.url === '/busy' && (busy -= 1) < 0) response.end('at last');
      else response.writeHead(request.url === '/busy' ? 500 : 404).end();
    });
    const directory = scratch(t);
    const [recovered, failed] = await run(
      [
        [`${origin}/busy`, { mirrors: [`${origin}/a`, `${origin}/b`] }],
        [`${origin}/c`, { mirrors: [`${origin}/d`] }],
      ],
      { directory, maxRequests: 1 },
    );
    assert.equal(recovered?.status, 'ok');
    assert.equal(failed?.status, 'not_found');
    const paths = asked.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => path !== '/c' && path !== '/d'),
      ['/busy', '/a', '/b', '/busy', '/busy'],
    );
    assert.deepEqual(
      paths.filter((path) => path === '/c' || path === '/d'),
      ['/c', '/d'],
    );
  });

  test('are gone to at once while a server is down: none of 200 items waits for it', async (t) => {
    const { origin } = await serve(t, (_request, response) => response.end('x'));
    const items = Array.from({ length: 200 }, (_, n): [string, ItemDetails] => {
      return [`${NOBODY}/${n}`, { mirrors: [`${origin}/${n}`] }];
    });
    const outcomes = await run(items, { directory: scratch(t) });
    assert.equal(outcomes.filter(({ status }) => status === 'ok').length, 200);
  });

  test('and the headers of an item go to its own URL and its mirrors, and to no redirect to another server', async (t) => {
    const other = await serve(t, (_request, response) => response.end('x'));
    const { origin, asked } = await serve(t, (request, response) => {
      if (request.url === '/away') response.writeHead(302, { location: `${other.origin}/x` }).end();
      else response.writeHead(request.url === '/here' ? 200 : 404).end();
    });
    const headers = ['Referer', 'http://a/', 'User-Agent', 'mine'];
    const options = { directory: scratch(t), headers: { 'user-agent': 'all', 'x-all': 'yes' } };
    await run(
      [
        [`${origin}/gone`, { mirrors: [`${origin}/here`], headers }],
        [`${origin}/away`, { headers }],
        [`${origin}/plain`, {}],
      ],
      options,
    );
    const sent = (path: string): unknown[] => {
      const found = [...asked, ...other.asked].find((request) => request.path === path)?.headers ?? {};
      return [found['referer'], found['user-agent'], found['x-all']];
    };
    assert.deepEqual(sent('/gone'), ['http://a/', 'mine', 'yes']);
    assert.deepEqual(sent('/here'), ['http://a/', 'mine', 'yes']);
    assert.deepEqual(sent('/away'), ['http://a/', 'mine', 'yes']);
    assert.deepEqual(sent('/x'), [undefined, `sluice/${version}`, undefined]);
    assert.deepEqual(sent('/plain'), [undefined, 'all', 'yes']);
  });
});

describe('checksums', () => {
  const small = Buffer.from('a small body');
  const large = noise(3_000_000, 1);
  const BODIES: Readonly<Record<string, Buffer>> = { '/small': small, '/large': large };

  for (const executor of [...EXECUTORS, 'tar'] as const) {
    const options = executor === 'tar' ? ({ layout: 'tar' } as const) : { executor };
    test(`that match are told, those that do not are fetched once more, then are an error, and no file (${executor})`, async (t) => {
      const { origin, asked } = await serve(t, (request, response) => response.end(BODIES[request.url as string]));
      const directory = scratch(t);
      const items = Object.entries(BODIES).flatMap(([path, body]): [string, ItemDetails][] => [
        [origin + path, { checksum: sha256(body) as NonNullable<ItemDetails['checksum']> }],
        [origin + path, { checksum: sha256(Buffer.from('another')) as NonNullable<ItemDetails['checksum']> }],
      ]);
      const outcomes = await run(items, { directory, ...options });
      assert.deepEqual(
        outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.status)),
        ['ok', 'BODY_CHECKSUM', 'ok', 'BODY_CHECKSUM'],
      );
      assert.equal(asked.length, 6);
      for (const [index, body] of [small, large].entries()) {
        const right = outcomes[2 * index] as Outcome & { status: 'ok' };
        assert.deepEqual(right.checksum, sha256(body));
        if (executor !== 'tar') assert.deepEqual(readFileSync(join(directory, right.name)), body);
        assert.equal(existsSync(join(directory, `f${2 * index + 1}`)), false);
      }
    });

    test(`are computed of all that is stored, where that is asked for, and the journal has them (${executor})`, async (t) => {
      const { origin } = await serve(t, (request, response) => response.end(BODIES[request.url as string]));
      const directory = scratch(t);
      const items = Object.keys(BODIES).map((path): [string, ItemDetails] => [origin + path, {}]);
      const outcomes = await run(items, { directory, computeHash: 'md5', ...options });
      const expected = [small, large].map((body) => createHash('md5').update(body).digest('hex'));
      assert.deepEqual(
        outcomes.map((outcome) => (outcome as { checksum?: unknown }).checksum),
        expected.map((hex) => ({ algorithm: 'md5', hex })),
      );
      const history = (await History.open(join(directory, '.sluice', JOURNAL))) as History;
      const known = new Set<string | undefined>();
      for await (const batch of history.outcomes()) {
        for (const past of batch) if (past.status === 'stored') known.add(past.learned?.checksum?.hex);
      }
      assert.deepEqual(known, new Set(expected));
    });
  }
});
