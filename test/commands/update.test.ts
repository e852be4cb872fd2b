/** `sluice get --update`: what is stored is asked for once more, and replaced where it has changed. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ran, sluice, warmSluice } from '../helpers/cli.js';
import { FAILING, failing, serveEditions } from '../helpers/editions-server.js';
import { filesBelow } from '../helpers/folders.js';
import { asAfterKill } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';

interface Report {
  readonly ok: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly errors: number;
  readonly notFound: number;
}

describe('sluice get --update', () => {
  const server = serveEditions();

  const get = async (cwd: string, paths: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requests = [];
    const urls = paths.map((path) => server.origin + path);
    return warmSluice(['get', ...urls, '-d', 'd', '--tries', '1', '--report', 'r', ...args], { cwd });
  };
  const report = (cwd: string): Report => JSON.parse(readFileSync(join(cwd, 'r'), 'utf8')) as Report;
  const read = (cwd: string, name: string): string => readFileSync(join(cwd, 'd', name), 'utf8');
  const stamp = (cwd: string, name: string): string => {
    const { ino, mtimeMs, size } = statSync(join(cwd, 'd', name));
    return `${ino} ${mtimeMs} ${size}`;
  };

  for (const layout of ['flat', 'hashed']) {
    test(`${layout}: what has not changed is not touched, what has changed is replaced`, async (t) => {
      const cwd = scratch(t);
      const paths = Array.from({ length: 100 }, (_, at) => `/${at}.txt`);
      assert.equal((await get(cwd, paths, '--layout', layout)).status, 0);
      const files = filesBelow(join(cwd, 'd'));
      const before = new Map(files.map((file) => [file, stamp(cwd, file)]));
      const same = await get(cwd, paths, '--layout', layout, '--update', '--verbose');
      assert.equal(same.status, 0, same.stderr);
      assert.deepEqual(server.statuses(), { 304: 100 });
      assert.match(same.stderr, /^0 files downloaded.*\n100 files have not changed\.$/m);
      assert.match(same.stdout, /^7\.txt: not changed$|^.*\/7\.txt: not changed$/m);
      assert.deepEqual([report(cwd).ok, report(cwd).skipped, report(cwd).unchanged], [0, 100, 100]);
      for (const file of files) assert.equal(stamp(cwd, file), before.get(file));

      server.change('/7.txt', '/70.txt');
      const changed = await get(cwd, paths, '--layout', layout, '--update');
      assert.equal(changed.status, 0, changed.stderr);
      assert.deepEqual(server.statuses(), { 200: 2, 304: 98 });
      const moved = filesBelow(join(cwd, 'd')).filter((file) => stamp(cwd, file) !== before.get(file));
      const names = moved.map((file) => file.slice(file.lastIndexOf('/') + 1));
      assert.deepEqual(names.toSorted(), ['7.txt', '70.txt']);
      for (const file of moved) assert.match(read(cwd, file), /^edition 2/);
      await get(cwd, paths, '--layout', layout, '--update');
      assert.deepEqual(server.statuses(), { 304: 100 });
    });
  }

  test('the tag is asked for first, a weak one, too, and the date where there is no tag', async (t) => {
    const cwd = scratch(t);
    server.etag = (path, edition) => (path === '/c' ? undefined : path === '/b' ? `W/"${edition}"` : `"${edition}"`);
    await get(cwd, ['/a', '/b', '/c']);
    assert.equal((await get(cwd, ['/a', '/b', '/c'], '--update')).status, 0);
    const asked = server.requests.toSorted((a, b) => a.path.localeCompare(b.path));
    assert.deepEqual(
      asked.map(({ etag, since, status }) => [etag, since, status]),
      [
        ['"1"', 'Wed, 01 Jan 2020 00:00:00 GMT', 304],
        ['W/"1"', 'Wed, 01 Jan 2020 00:00:00 GMT', 304],
        [undefined, 'Wed, 01 Jan 2020 00:00:00 GMT', 304],
      ],
    );
  });

  test('what is not there, has another size, or has no validators is fetched as it is', async (t) => {
    const cwd = scratch(t);
    server.etag = (path) => (path === '/none' ? undefined : `"${path}"`);
    server.modified = () => undefined;
    await get(cwd, ['/gone', '/cut', '/none', '/same']);
    rmSync(join(cwd, 'd/gone'));
    writeFileSync(join(cwd, 'd/cut'), 'x');
    const { status, stderr } = await get(cwd, ['/gone', '/cut', '/none', '/same', '/new'], '--update');
    assert.equal(status, 0, stderr);
    const asked = server.requests.filter(({ etag, since }) => etag !== undefined || since !== undefined);
    assert.deepEqual([asked.map(({ path }) => path), server.statuses()], [['/same'], { 200: 4, 304: 1 }]);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['cut', 'gone', 'new', 'none', 'same']);
    assert.equal(read(cwd, 'cut'), 'edition 1 of /cut');
  });

  for (const durable of [[], ['--durable']]) {
    test(`a failure leaves what was there, on the storage and in the journal ${durable.join('')}`, async (t) => {
      const cwd = scratch(t);
      const paths = [...FAILING, '/good'];
      server.body = (path, edition) =>
        path === '/large' ? Buffer.alloc(3 << 20, String(edition)) : `${edition} ${path}`;
      await get(cwd, paths, ...durable);
      const before = new Map(paths.map((path) => [path, stamp(cwd, path.slice(1))]));
      server.change(...paths);
      server.instead = failing;
      const failed = await get(cwd, paths, '--update', ...durable);
      assert.equal(failed.status, 1, failed.stderr);
      const { ok, errors, notFound, unchanged } = report(cwd);
      assert.deepEqual([ok, errors, notFound, unchanged], [1, 4, 1, 0]);
      for (const path of paths.slice(0, 5)) assert.equal(stamp(cwd, path.slice(1)), before.get(path), path);
      assert.equal(read(cwd, 'good'), '2 /good');
      const { stdout } = await warmSluice(['status', 'd', '--json'], { cwd });
      assert.equal((JSON.parse(stdout) as { stored: number }).stored, 6, stdout);
      assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /6 files right/);

      server.instead = undefined;
      const next = await get(cwd, paths, '--update', ...durable);
      assert.equal(next.status, 0, next.stderr);
      assert.deepEqual(server.statuses(), { 200: 5, 304: 1 });
      assert.ok(server.requests.every(({ etag, path }) => etag === `"${path}-${path === '/good' ? 2 : 1}"`));
      assert.equal(read(cwd, 'cut'), '2 /cut');
      assert.deepEqual([read(cwd, 'large').length, read(cwd, 'large')[0]], [3 << 20, '2']);
      await get(cwd, paths, ...durable);
      assert.deepEqual(server.requests, []);
    });
  }

  test('a journal that tells of no validators, as those of older builds, is gone on with', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['/a', '/b']);
    asAfterKill(join(cwd, 'd/.sluice/journal'));
    const { status } = await get(cwd, ['/a', '/b'], '--update');
    assert.deepEqual([status, server.statuses()], [0, { 200: 2 }]);
    assert.ok(server.requests.every(({ etag, since }) => etag === undefined && since === undefined));
    await get(cwd, ['/a', '/b'], '--update');
    assert.deepEqual(server.statuses(), { 304: 2 });
  });

  test('after a run that was killed, what it had stored is asked for, too', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['/a', '/b']);
    asAfterKill(join(cwd, 'd/.sluice/journal'), { stored: false });
    const { status } = await get(cwd, ['/a', '/b'], '--update');
    assert.deepEqual([status, server.statuses()], [0, { 200: 2 }]);
  });

  test('kill -9 while what has changed comes in leaves what was there, and the next run goes on', async (t) => {
    const cwd = scratch(t);
    server.body = (path, edition) => Buffer.alloc(path === '/large' ? 3 << 20 : 10, String(edition));
    await get(cwd, ['/large', '/a']);
    server.change('/large', '/a');
    let pid = 0;
    server.instead = (request, response) => {
      if (request.url !== '/large') return false;
      response.writeHead(200, { 'content-length': 3 << 20, etag: '"new"' });
      response.write(Buffer.alloc(2 << 20, 'x'), () => setTimeout(() => process.kill(pid, 'SIGKILL'), 300));
      return true;
    };
    const args = ['get', `${server.origin}/large`, `${server.origin}/a`, '-d', 'd', '--update'];
    await sluice(args, { cwd, onStart: (started) => (pid = started) });
    assert.equal(read(cwd, 'large'), '1'.repeat(3 << 20));
    server.instead = undefined;
    const { status, stderr } = await get(cwd, ['/large', '/a'], '--update');
    assert.equal(status, 0, stderr);
    assert.deepEqual([read(cwd, 'large'), read(cwd, 'a')], ['2'.repeat(3 << 20), '2'.repeat(10)]);
    await get(cwd, ['/large', '/a'], '--update');
    assert.deepEqual(server.statuses(), { 304: 2 });
  });

  test('names that answers give stay, and so do marks', async (t) => {
    const cwd = scratch(t);
    const paths = ['/x/a', '/y/a', '/z/a'];
    server.instead = (_request, response) => {
      response.setHeader('content-disposition', 'attachment; filename="given.txt"');
      return false;
    };
    await get(cwd, paths, '-J');
    const files = filesBelow(join(cwd, 'd'));
    server.change('/y/a');
    const { status, stderr } = await get(cwd, paths.toReversed(), '-J', '--update');
    assert.equal(status, 0, stderr);
    assert.deepEqual([server.statuses(), filesBelow(join(cwd, 'd'))], [{ 200: 1, 304: 2 }, files]);
    assert.deepEqual(files.filter((file) => read(cwd, file).startsWith('edition 2')).length, 1);
  });

  test('the tag goes where it came from: behind redirects, and to no other place', async (t) => {
    const cwd = scratch(t);
    let to = '/v1/file';
    server.instead = (request, response) => {
      if (request.url !== '/latest') return false;
      response.writeHead(302, { location: to }).end();
      return true;
    };
    server.etag = () => '"same-for-all"';
    await get(cwd, ['/latest']);
    await get(cwd, ['/latest'], '--update');
    assert.deepEqual(
      server.requests.map(({ path, etag, status }) => [path, etag, status]),
      [
        ['/latest', undefined, 302],
        ['/v1/file', '"same-for-all"', 304],
      ],
    );
    to = '/v2/file';
    await get(cwd, ['/latest'], '--update');
    assert.deepEqual(server.statuses(), { 200: 1, 302: 1 });
    assert.equal(read(cwd, 'latest'), 'edition 1 of /v2/file');
  });

  test('a tag of 10 KB is not asked for, and does no harm', async (t) => {
    const cwd = scratch(t);
    server.etag = () => `"${'e'.repeat(10_000)}"`;
    await get(cwd, ['/a']);
    const { status, stderr } = await get(cwd, ['/a'], '--update');
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      server.requests.map(({ etag, since, status: answered }) => [etag, since, answered]),
      [[undefined, 'Wed, 01 Jan 2020 00:00:00 GMT', 304]],
    );
  });

  test('304 to who has not asked by anything is a failure', async (t) => {
    const cwd = scratch(t);
    server.instead = (_request, response) => {
      response.writeHead(304).end();
      return true;
    };
    const { status, stderr } = await get(cwd, ['/a'], '--update');
    assert.equal(status, 1);
    assert.match(stderr, /304/);
    assert.equal(existsSync(join(cwd, 'd/a')), false);
  });

  test('files that no run has stored are no business of it', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['/a']);
    writeFileSync(join(cwd, 'd/b'), 'mine');
    const { status } = await get(cwd, ['/a', '/b'], '--update');
    assert.deepEqual([status, read(cwd, 'b'), server.statuses()], [1, 'mine', { 304: 1 }]);
  });

  for (const [args, message] of [
    [['--no-journal'], /--update does not go with --no-journal/],
    [['--overwrite'], /--update does not go with --overwrite/],
    [['--executor', 'threads'], /--update does not go with --executor threads/],
  ] as const) {
    test(`with ${args.join(' ')} it is refused`, async (t) => {
      const { status, stderr } = await get(scratch(t), ['/a'], '--update', ...args);
      assert.equal(status, 2);
      assert.match(stderr, message);
      assert.deepEqual(server.requests, []);
    });
  }
});
