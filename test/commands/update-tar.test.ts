/** `sluice get --update` of the layout tar: what has changed goes into new shards, and old ones stay as they are. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { mulberry32 } from '../../src/server/random.js';
import { type Ran, signalTo, sluice, warmSluice } from '../helpers/cli.js';
import { FAILING, failing, serveEditions } from '../helpers/editions-server.js';
import { scratch } from '../helpers/scratch.js';
import { bodiesIn, membersOf, shardsIn } from '../helpers/tars.js';
import { thorough } from '../helpers/thorough.js';

const seed = Number(process.env['SLUICE_SEED'] ?? 1);
const KILLS = thorough ? 12 : 2;

interface Place {
  readonly shard: string;
  readonly key: string;
}

interface Report {
  readonly ok: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly errors: number;
  readonly notFound: number;
  readonly replaced?: {
    readonly items: number;
    readonly shards: readonly string[];
    readonly before: readonly string[];
    readonly list: readonly { readonly url: string; readonly name: string; readonly shard: string; before: Place }[];
  };
}

interface Row {
  readonly url: string;
  readonly name: string;
  readonly status: string;
  readonly shard: string;
  readonly etag: string;
  readonly replaces?: string;
}

describe('sluice get --update --layout tar', () => {
  const server = serveEditions();
  const flags = ['-d', 'd', '--layout', 'tar', '--tries', '1', '--report', 'r'];

  const get = async (cwd: string, paths: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requests = [];
    writeFileSync(join(cwd, 'list'), paths.map((path) => `${server.origin}${path}\n`).join(''));
    return warmSluice(['get', '-i', 'list', ...flags, ...args], { cwd });
  };
  const report = (cwd: string): Report => JSON.parse(readFileSync(join(cwd, 'r'), 'utf8')) as Report;
  const shards = (cwd: string): string[] => shardsIn(join(cwd, 'd')).map((path) => path.slice(-'00000.tar'.length));
  const stamps = (cwd: string): string[] =>
    shardsIn(join(cwd, 'd')).map((path) => {
      const { ino, mtimeMs, size } = statSync(path);
      return `${path} ${ino} ${mtimeMs} ${size}`;
    });
  const rows = async (cwd: string): Promise<Row[]> => {
    const { status, stdout, stderr } = await warmSluice(['export', 'd', '--format', 'jsonl'], { cwd });
    assert.equal(status, 0, stderr);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
  };
  /** Each item is in the table once, and its body in the shard that the table names. */
  const check = async (cwd: string, paths: readonly string[]): Promise<Row[]> => {
    const table = await rows(cwd);
    assert.deepEqual(table.map(({ url }) => url).toSorted(), paths.map((path) => server.origin + path).toSorted());
    const bodies = new Map(shards(cwd).map((name) => [name, bodiesIn([readFileSync(join(cwd, 'd', name))])]));
    for (const { url, name, status, shard } of table) {
      const path = url.slice(server.origin.length);
      assert.equal(status, 'ok', url);
      const body = bodies.get(shard)?.get(name)?.body;
      assert.equal(body?.toString(), String(server.body(path, server.editions.get(path) ?? 1)), `${name} in ${shard}`);
    }
    const keys = shards(cwd).flatMap((name) => [...membersOf(readFileSync(join(cwd, 'd', name))).keys()]);
    assert.equal(new Set(keys).size, keys.length, 'a key is there twice');
    assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, new RegExp(`${paths.length} files right`));
    return table;
  };

  test('1,000 items that have not changed cost 1,000 answers of 304 and no shard; of 1% that has, 10 are in a new one', async (t) => {
    const cwd = scratch(t);
    const paths = Array.from({ length: 1000 }, (_, at) => `/${at}.txt`);
    assert.equal((await get(cwd, paths)).status, 0);
    const before = stamps(cwd);
    const same = await get(cwd, paths, '--update');
    assert.equal(same.status, 0, same.stderr);
    assert.deepEqual(server.statuses(), { 304: 1000 });
    assert.match(same.stderr, /^0 files downloaded.*\n1000 files have not changed\.$/m);
    assert.deepEqual([report(cwd).ok, report(cwd).unchanged, report(cwd).replaced], [0, 1000, undefined]);
    assert.deepEqual(stamps(cwd), before);

    const changed = paths.filter((_, at) => at % 100 === 7);
    server.change(...changed);
    const other = await get(cwd, paths, '--update', '--events', 'e');
    assert.equal(other.status, 0, other.stderr);
    assert.deepEqual(server.statuses(), { 200: 10, 304: 990 });
    assert.match(other.stderr, /^10 changed ones in a new shard: 00001\.tar; the old ones stay in 00000\.tar\.$/m);
    assert.deepEqual(stamps(cwd).slice(0, 1), before);
    assert.deepEqual(shards(cwd), ['00000.tar', '00001.tar']);
    assert.equal(bodiesIn([readFileSync(join(cwd, 'd/00001.tar'))]).size, 10);
    const table = await check(cwd, paths);
    const moved = table.filter(({ shard }) => shard === '00001.tar');
    assert.deepEqual(moved.map(({ url }) => url.slice(server.origin.length)).toSorted(), changed.toSorted());
    assert.ok(moved.every(({ etag, replaces }) => etag.endsWith('-2"') && replaces?.startsWith('00000.tar/')));
    assert.equal(table.filter(({ replaces }) => replaces !== undefined && replaces !== null).length, 10);

    const { replaced } = report(cwd);
    assert.deepEqual([replaced?.items, replaced?.shards, replaced?.before], [10, ['00001.tar'], ['00000.tar']]);
    const seven = replaced?.list.find(({ name }) => name === '7.txt');
    assert.deepEqual([seven?.shard, seven?.before], ['00001.tar', { shard: '00000.tar', key: '000000007' }]);
    const events = readFileSync(join(cwd, 'e'), 'utf8').trimEnd().split('\n');
    const told = events
      .map((line) => JSON.parse(line) as { name?: string; replaces?: Place })
      .filter((e) => e.replaces);
    assert.equal(told.length, 10);
    assert.deepEqual(told.find(({ name }) => name === '7.txt')?.replaces, { shard: '00000.tar', key: '000000007' });

    const after = stamps(cwd);
    await get(cwd, paths, '--update');
    assert.deepEqual(server.statuses(), { 304: 1000 });
    assert.equal(server.requests.filter(({ etag }) => etag?.endsWith('-2"')).length, 10);
    assert.deepEqual(stamps(cwd), after);
    await get(cwd, paths);
    assert.deepEqual(server.requests, []);
    const { stdout } = await warmSluice(['status', 'd', '--json'], { cwd });
    assert.equal((JSON.parse(stdout) as { stored: number }).stored, 1000);

    server.change('/7.txt');
    const again = await get(cwd, paths, '--update');
    assert.match(again.stderr, /^1 changed one in a new shard: 00002\.tar; the old one stays in 00001\.tar\.$/m);
    assert.deepEqual(shards(cwd), ['00000.tar', '00001.tar', '00002.tar']);
    await check(cwd, paths);
  });

  test('new rows of the list go into the new shard, too, and have keys of their own', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['/a', '/b', '/c']);
    server.change('/b');
    const { status, stderr } = await get(cwd, ['/new', '/c', '/b', '/a', '/newer'], '--update');
    assert.equal(status, 0, stderr);
    assert.deepEqual(server.statuses(), { 200: 3, 304: 2 });
    const table = await check(cwd, ['/a', '/b', '/c', '/new', '/newer']);
    assert.equal(table.find(({ name }) => name === 'b')?.shard, '00001.tar');
  });

  for (const durable of [[], ['--durable']]) {
    test(`a failure leaves what was there as stored ${durable.join('')}`, async (t) => {
      const cwd = scratch(t);
      const paths = [...FAILING, '/good'];
      server.body = (path, edition) =>
        path === '/large' ? Buffer.alloc(3 << 20, String(edition)) : `${edition} ${path}`;
      await get(cwd, paths, ...durable);
      const before = stamps(cwd);
      server.change(...paths);
      server.instead = failing;
      const failed = await get(cwd, paths, '--update', ...durable);
      assert.equal(failed.status, 1, failed.stderr);
      const { ok, errors, notFound, unchanged } = report(cwd);
      assert.deepEqual([ok, errors, notFound, unchanged], [1, 4, 1, 0]);
      assert.deepEqual(stamps(cwd).slice(0, before.length), before);
      const { stdout } = await warmSluice(['status', 'd', '--json'], { cwd });
      assert.equal((JSON.parse(stdout) as { stored: number }).stored, 6, stdout);
      assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /6 files right/);

      server.instead = undefined;
      const next = await get(cwd, paths, '--update', ...durable);
      assert.equal(next.status, 0, next.stderr);
      assert.deepEqual(server.statuses(), { 200: 5, 304: 1 });
      assert.ok(server.requests.every(({ etag, path }) => etag === `"${path}-${path === '/good' ? 2 : 1}"`));
      await check(cwd, paths);
      await get(cwd, paths, ...durable);
      assert.deepEqual(server.requests, []);
    });
  }

  test('a body that breaks off and comes with the next try is replaced once', async (t) => {
    const cwd = scratch(t);
    server.body = (path, edition) => Buffer.alloc(path === '/a' ? 3 << 20 : 10, String(edition));
    await get(cwd, ['/a', '/b']);
    server.change('/a');
    let failures = 0;
    server.instead = (request, response) => {
      if (request.url !== '/a' || failures === 2) return false;
      failures += 1;
      response.writeHead(200, { 'content-length': 3 << 20 });
      response.write(Buffer.alloc(2 << 20), () => response.destroy());
      return true;
    };
    const { status, stderr } = await get(cwd, ['/a', '/b'], '--update', '--tries', '5');
    assert.equal(status, 0, stderr);
    const { replaced } = report(cwd);
    assert.deepEqual([failures, replaced?.items], [2, 1]);
    await check(cwd, ['/a', '/b']);
  });

  test('names that answers give stay', async (t) => {
    const cwd = scratch(t);
    const paths = ['/x/a', '/y/a', '/z/a'];
    server.instead = (_request, response) => {
      response.setHeader('content-disposition', 'attachment; filename="given.txt"');
      return false;
    };
    await get(cwd, paths, '-J');
    const names = (await rows(cwd)).map(({ name }) => name);
    server.change('/y/a');
    const { status, stderr } = await get(cwd, paths.toReversed(), '-J', '--update');
    assert.equal(status, 0, stderr);
    assert.deepEqual(server.statuses(), { 200: 1, 304: 2 });
    const table = await check(cwd, paths);
    assert.deepEqual(table.map(({ name }) => name).toSorted(), names.toSorted());
  });

  test('where the new shard is damaged, a repair fetches what was in it, and leaves the old ones', async (t) => {
    const cwd = scratch(t);
    const paths = ['/a', '/b', '/c', '/d'];
    await get(cwd, paths);
    const before = stamps(cwd);
    server.change('/b', '/c');
    await get(cwd, paths, '--update');
    const path = join(cwd, 'd/00001.tar');
    const bytes = readFileSync(path);
    bytes[512] = (bytes[512] as number) ^ 1;
    writeFileSync(path, bytes);
    server.requests = [];
    const { stdout, stderr } = await warmSluice(['verify', 'd', '--repair'], { cwd });
    assert.match(stdout + stderr, /00001\.tar/);
    assert.deepEqual(server.requests.map((request) => request.path).toSorted(), ['/b', '/c']);
    assert.deepEqual(stamps(cwd).slice(0, 1), before);
    await check(cwd, paths);
    await get(cwd, paths, '--update');
    assert.deepEqual(server.statuses(), { 304: 4 });
  });

  test('where the old shard is damaged, a repair fetches only what is current in it', async (t) => {
    const cwd = scratch(t);
    const paths = ['/a', '/b', '/c', '/d'];
    await get(cwd, paths);
    server.change('/b', '/c');
    await get(cwd, paths, '--update');
    const path = join(cwd, 'd/00000.tar');
    const bytes = readFileSync(path);
    bytes[512] = (bytes[512] as number) ^ 1;
    writeFileSync(path, bytes);
    server.requests = [];
    await warmSluice(['verify', 'd', '--repair'], { cwd });
    assert.deepEqual(server.requests.map((request) => request.path).toSorted(), ['/a', '/d']);
    await check(cwd, paths);
  });

  test('where the journal is damaged, a repair knows the newest of each from the shards', async (t) => {
    const cwd = scratch(t);
    const paths = Array.from({ length: 20 }, (_, at) => `/${at}`);
    await get(cwd, paths);
    server.change('/3', '/4');
    await get(cwd, paths, '--update');
    server.change('/4', '/5');
    await get(cwd, paths, '--update');
    const path = join(cwd, 'd/.sluice/journal');
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] as number) ^ 1;
    writeFileSync(path, bytes);
    assert.match((await warmSluice(['verify', 'd'], { cwd })).stderr, /damaged/);
    const before = stamps(cwd);
    const { stdout, stderr } = await warmSluice(['verify', 'd', '--repair'], { cwd });
    assert.match(stdout, /20 files right/, stderr);
    assert.deepEqual(stamps(cwd), before);
    const table = await check(cwd, paths);
    assert.deepEqual(
      ['3', '4', '5', '6'].map((name) => table.find((row) => row.name === name)?.shard),
      ['00001.tar', '00002.tar', '00002.tar', '00000.tar'],
    );
  });

  test('killed again and again, each item is there once and right', async (t) => {
    const cwd = scratch(t);
    const random = mulberry32(seed);
    const paths = Array.from({ length: 300 }, (_, at) => `/${at}`);
    server.body = (path, edition) => `${edition} ${path} `.repeat(2000);
    let slow = true;
    server.instead = (request, response) => {
      if (!slow) return false;
      const answer = server.instead;
      setTimeout(() => {
        server.instead = undefined;
        server.answer(request, response);
        server.instead = answer;
      }, 5);
      return true;
    };
    await get(cwd, paths);
    const changed = new Set<string>();
    const args = ['get', '-i', 'list', ...flags, '--update', '--shard-size', '1MiB', '-m', '8'];
    for (let kills = 0; kills < KILLS; kills += 1) {
      for (let more = 0; more < 20; more += 1) {
        const path = paths[Math.floor(random() * paths.length)] as string;
        server.change(path);
        changed.add(path);
      }
      let timer: NodeJS.Timeout | undefined;
      const onStart = (pid: number): void => {
        timer = setTimeout(() => signalTo(pid, 'SIGKILL'), 250 + random() * 700);
      };
      await sluice(args, { cwd, onStart });
      clearTimeout(timer);
      const table = await rows(cwd);
      assert.equal(table.length, paths.length);
      assert.ok(table.every(({ status }) => status === 'ok'));
      const { stdout, stderr } = await warmSluice(['verify', 'd'], { cwd });
      assert.match(stdout, /300 files right/, stderr);
    }
    slow = false;
    // What the last one has brought is taken as it is; what changed since is asked for by the next.
    for (let runs = 0; runs < 2; runs += 1) {
      const { status, stderr } = await get(cwd, paths, '--update');
      assert.equal(status, 0, stderr);
    }
    await check(cwd, paths);
    await get(cwd, paths, '--update');
    assert.deepEqual(server.statuses(), { 304: 300 });
    assert.ok(changed.size > 0);
  });
});
