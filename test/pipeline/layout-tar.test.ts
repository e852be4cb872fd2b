/** The layout `tar` from the command line and the library, through the whole pipeline. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { download } from '../../src/index.js';
import { SluiceError } from '../../src/errors.js';
import { noise } from '../helpers/bodies.js';
import { warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { bodiesIn, shardsIn } from '../helpers/tars.js';

describe('the layout tar', () => {
  let origin: string;
  /** Answers `/SIZE/NAME` with as many bytes, the same each time. */
  const server = createServer((request, response) => {
    const [, size, name] = request.url?.split('/') ?? [];
    response.setHeader('ETag', `"${name}"`);
    response.end(noise(Number(size), 1));
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  function urls(count: number, size: number): string[] {
    return Array.from({ length: count }, (_, i) => `${origin}/${size}/${i}.jpg`);
  }

  function bodiesBelow(directory: string): ReturnType<typeof bodiesIn> {
    return bodiesIn(shardsIn(directory).map((path) => readFileSync(path)));
  }

  test('sluice get puts files into shards, and a second run what is new into further ones', async (t) => {
    const cwd = scratch(t);
    const args = ['get', ...urls(3, 500), `${origin}/5000000/large.bin`, '-d', 'd', '--layout', 'tar'];
    const first = await warmSluice([...args, '--shard-size', '1MiB'], { cwd });
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /^4 files downloaded/m);
    const directory = join(cwd, 'd');
    const bodies = bodiesBelow(directory);
    assert.deepEqual([...bodies.keys()].toSorted(), ['0.jpg', '1.jpg', '2.jpg', 'large.bin']);
    assert.ok(bodies.get('large.bin')?.body.equals(noise(5_000_000, 1)));
    assert.equal(bodies.get('1.jpg')?.description.headers['etag'], '"1.jpg"');
    assert.equal(bodies.get('1.jpg')?.description.url, `${origin}/500/1.jpg`);
    const before = shardsIn(directory);
    const same = await warmSluice(args, { cwd });
    assert.match(same.stderr, /^4 files of an earlier run are there/m);
    assert.deepEqual(shardsIn(directory), before);
    const second = await warmSluice([...args, `${origin}/500/more.jpg`], { cwd });
    assert.equal(second.status, 0, second.stderr);
    assert.deepEqual(shardsIn(directory).slice(0, before.length), before);
    assert.ok(shardsIn(directory).length > before.length);
    assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
  });

  test('a shard size below the least, and an executor that cannot, are usage errors', async (t) => {
    const cwd = scratch(t);
    const small = await warmSluice(['get', origin, '--layout', 'tar', '--shard-size', '10KB'], { cwd });
    assert.equal(small.status, 2);
    assert.match(small.stderr, /--shard-size 10KB is too small: give at least 1MiB/);
    const inline = await warmSluice(['get', origin, '--layout', 'tar', '--executor', 'inline'], { cwd });
    assert.equal(inline.status, 2);
    assert.match(inline.stderr, /tar needs the pool/);
  });

  test('a shard may be larger than the budget', { timeout: 120_000 }, async (t) => {
    const directory = scratch(t);
    const run = download(urls(150, 200_000), { directory, layout: 'tar', shardSize: '64MiB', memory: '8MiB' });
    for await (const outcome of run) assert.equal(outcome.status, 'ok');
    assert.equal(run.summary.ok, 150);
    assert.equal(run.summary.waiting, 0);
    assert.equal(shardsIn(directory).length, 1);
    assert.equal(bodiesBelow(directory).size, 150);
  });

  test('an interrupted run seals what is written, and tells of just that', async (t) => {
    const directory = scratch(t);
    const controller = new AbortController();
    const options = { directory, layout: 'tar', shardSize: '1MiB', signal: controller.signal } as const;
    const told = new Set<string>();
    await assert.rejects(
      async () => {
        for await (const outcome of download(urls(3_000, 11_000), options)) {
          assert.equal(outcome.status, 'ok');
          told.add(outcome.name);
          if (told.size === 200) controller.abort();
        }
      },
      (error: unknown) => error instanceof SluiceError && error.code === 'ABORTED',
    );
    assert.ok(told.size < 3_000);
    assert.deepEqual([...bodiesBelow(directory).keys()].toSorted(), [...told].toSorted());
    assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
  });

  test('a reader that leaves early leaves whole shards and nothing unfinished', async (t) => {
    const directory = scratch(t);
    for await (const outcome of download(urls(1_000, 11_000), { directory, layout: 'tar', shardSize: '1MiB' })) {
      assert.equal(outcome.status, 'ok');
      break;
    }
    assert.ok(bodiesBelow(directory).size > 0);
    assert.deepEqual(readdirSync(join(directory, '.sluice')), ['journal']);
  });
});
