/** `sluice get --dedupe`: files with the same bytes are one file, and nobody ever writes through one into the others. */
import assert from 'node:assert/strict';
import {
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { serveEditions } from '../helpers/editions-server.js';
import { eventLines } from '../helpers/event-lines.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

interface Report {
  readonly ok: number;
  readonly linked: number;
  readonly saved: number;
  readonly copies: number;
}

describe('sluice get --dedupe', () => {
  const server = serveEditions();
  const get = (cwd: string, paths: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requests = [];
    const urls = paths.map((path) => server.origin + path);
    return warmSluice(['get', ...urls, '-d', 'd', '-m', '4', '--report', 'r', '--dedupe', ...args], { cwd });
  };
  const report = (cwd: string): Report => JSON.parse(readFileSync(join(cwd, 'r'), 'utf8')) as Report;
  const linked = (cwd: string): readonly number[] => {
    const { ok, linked: links, saved, copies } = report(cwd);
    return [ok, links, saved, copies];
  };
  const read = (cwd: string, name: string): string => readFileSync(join(cwd, 'd', name), 'utf8');
  const inode = (cwd: string, name: string): number => statSync(join(cwd, 'd', name)).ino;
  const inodes = (cwd: string): number => new Set(filesBelow(join(cwd, 'd')).map((name) => inode(cwd, name))).size;

  /** 30 files with 3 bodies, of which one is large. */
  const paths = Array.from({ length: 30 }, (_, at) => `/${at}`);
  const bodyOf = (path: string): Buffer => {
    const kind = Number(path.slice(1)) % 3;
    return Buffer.alloc(kind === 2 ? 1 << 20 : 1000, String(kind));
  };
  const SAVED = 9 * (1000 + 1000 + (1 << 20));

  for (const args of [[], ['--layout', 'hashed'], ['--durable'], ['--executor', 'inline'], ['--executor', 'libuv']]) {
    test(`each body is stored once, and that is told: ${args.join(' ')}`, async (t) => {
      const cwd = scratch(t);
      server.body = bodyOf;
      const { status, stdout, stderr } = await get(cwd, paths, '--verbose', '--events', 'e', ...args);
      assert.equal(status, 0, stderr);
      assert.deepEqual([...linked(cwd), inodes(cwd)], [30, 27, SAVED, 0, 3]);
      const told = '27 of them are links to files with the same bytes, 9.0 MiB saved.';
      assert.ok(stderr.split('\n').includes(told), stderr);
      assert.equal(stdout.match(/, a link to /g)?.length, 27);
      const files = filesBelow(join(cwd, 'd'));
      assert.equal(files.length, 30, 'nothing else lies there');
      for (const name of files) {
        assert.ok(readFileSync(join(cwd, 'd', name)).equals(bodyOf(`/${name.split('/').at(-1)}`)), name);
      }
      for (const line of eventLines(readFileSync(join(cwd, 'e'), 'utf8'))) {
        const { name, same } = line as { name?: string; same?: { name: string; linked: boolean } };
        if (same === undefined) continue;
        assert.deepEqual([same.linked, inode(cwd, same.name)], [true, inode(cwd, name as string)]);
      }
      assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /^30 files right/);
      const { stdout: state } = await warmSluice(['status', 'd'], { cwd });
      assert.ok(state.split('\n').includes(told), state);
      const table = await warmSluice(['export', 'd', '--format', 'csv', '--fields', 'name,same_as'], { cwd });
      assert.equal(table.stdout.split('\n').filter((line) => /^[^,]+,.+$/.test(line)).length, 28, table.stdout);
      await get(cwd, paths, ...args);
      assert.deepEqual(server.requests, []);
    });
  }

  test('files of no bytes, and those of one size with other bytes, are no links', async (t) => {
    const cwd = scratch(t);
    server.body = (path) => (path < '/2' ? '' : path);
    assert.equal((await get(cwd, ['/0', '/1', '/2', '/3'])).status, 0);
    assert.deepEqual([...linked(cwd), inodes(cwd)], [4, 0, 0, 0, 4]);
  });

  for (const [how, ...before] of [
    ['that had --dedupe', '--dedupe'],
    ['that computed the hash', '--compute-hash', 'sha256'],
  ] as const) {
    test(`files of an earlier run ${how} are linked to`, async (t) => {
      const cwd = scratch(t);
      server.body = () => 'the same';
      await warmSluice(['get', `${server.origin}/a`, `${server.origin}/sub/b.txt`, '-x', '-d', 'd', ...before], {
        cwd,
      });
      const earlier = filesBelow(join(cwd, 'd'));
      assert.equal(earlier.length, 2);
      assert.equal((await get(cwd, ['/a', '/c'], '-x')).status, 0);
      assert.deepEqual(linked(cwd), [1, 1, 8, 0]);
      const c = filesBelow(join(cwd, 'd')).find((name) => !earlier.includes(name)) ?? '';
      assert.ok(earlier.some((name) => inode(cwd, name) === inode(cwd, c)));
    });
  }

  test('a file that was changed since, is gone or is a link now is not linked to', async (t) => {
    const cwd = scratch(t);
    server.body = () => 'the same';
    const changes: Readonly<Record<string, (path: string) => void>> = {
      'changed, and looks the same': (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'THE SAME');
        utimesSync(path, atime, mtime);
      },
      gone: (path) => rmSync(path),
      'a link': (path) => {
        const { atime, mtime } = statSync(path);
        renameSync(path, join(cwd, 'elsewhere'));
        symlinkSync(join(cwd, 'elsewhere'), path);
        lutimesSync(path, atime, mtime);
      },
    };
    for (const [at, [what, change]] of Object.entries(changes).entries()) {
      rmSync(join(cwd, 'd'), { recursive: true, force: true });
      await get(cwd, ['/0']);
      change(join(cwd, 'd', '0'));
      assert.equal((await get(cwd, [`/${at + 1}`, `/${at + 11}`])).status, 0);
      // The second one is a link to the first.
      assert.deepEqual(linked(cwd), [2, 1, 8, 0], what);
      assert.equal(read(cwd, `${at + 1}`), 'the same', what);
      assert.equal(inode(cwd, `${at + 1}`), inode(cwd, `${at + 11}`), what);
      if (at === 0) assert.equal(read(cwd, '0'), 'THE SAME');
    }
    assert.equal(statSync(join(cwd, 'elsewhere')).nlink, 1, 'nothing links to what is outside');
  });

  test('a folder that is a link now leads to no file that is linked to', async (t) => {
    const cwd = scratch(t);
    server.body = () => 'the same';
    await get(cwd, ['/sub/a'], '-x');
    const [folder = ''] = filesBelow(join(cwd, 'd')).map((name) => name.replace(/\/a$/, ''));
    renameSync(join(cwd, 'd', folder), join(cwd, 'elsewhere'));
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'd', folder));
    assert.equal((await get(cwd, ['/b'], '-x')).status, 0);
    assert.deepEqual(linked(cwd), [1, 0, 0, 0]);
    assert.equal(statSync(join(cwd, 'elsewhere', 'a')).nlink, 1);
  });

  test('files that answers name are linked to by those names', async (t) => {
    const cwd = scratch(t);
    server.instead = (_request, response) => {
      response.setHeader('content-type', 'text/html').end('<p>the same</p>');
      return true;
    };
    await get(cwd, ['/a'], '--adjust-extension');
    assert.equal((await get(cwd, ['/b', '/c'], '--adjust-extension')).status, 0);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a.html', 'b.html', 'c.html']);
    assert.deepEqual([...linked(cwd), inodes(cwd)], [2, 2, 30, 0, 1]);
  });

  test('what --update replaces leaves the others as they are, and becomes a link where others have its bytes', async (t) => {
    const cwd = scratch(t);
    const all = ['/a', '/b', '/c', '/new'];
    server.body = (path, edition) => (path === '/new' ? 'edition 2' : `edition ${edition}`);
    await get(cwd, all);
    assert.equal(inodes(cwd), 2);
    server.change('/b');
    assert.equal((await get(cwd, all, '--update')).status, 0);
    assert.deepEqual([read(cwd, 'a'), read(cwd, 'b'), read(cwd, 'c')], ['edition 1', 'edition 2', 'edition 1']);
    assert.deepEqual([...linked(cwd), inodes(cwd)], [1, 1, 9, 0, 2]);
    assert.equal(inode(cwd, 'b'), inode(cwd, 'new'));
    server.change('/a', '/c');
    assert.equal((await get(cwd, all, '--update')).status, 0);
    assert.deepEqual([inodes(cwd), read(cwd, 'a'), read(cwd, 'c')], [1, 'edition 2', 'edition 2']);
  });

  test('repair, --overwrite and retry replace a link, and never write through it', async (t) => {
    const cwd = scratch(t);
    const kept = join(cwd, 'kept');
    server.body = (path, edition) => (path === '/c' ? 'edition 1' : `edition ${edition}`);
    await get(cwd, ['/a', '/b']);
    linkSync(join(cwd, 'd', 'a'), kept);
    const now = (): readonly string[] => [read(cwd, 'a'), read(cwd, 'b'), readFileSync(kept, 'utf8')];

    rmSync(join(cwd, 'd', 'b'));
    server.change('/b');
    assert.equal((await warmSluice(['verify', 'd', '--repair'], { cwd })).status, 0);
    assert.deepEqual(now(), ['edition 1', 'edition 2', 'edition 1']);
    writeFileSync(kept, 'another');
    assert.equal((await warmSluice(['verify', 'd', '--repair', '--dedupe'], { cwd })).status, 0);
    assert.deepEqual(now(), ['edition 1', 'edition 2', 'another']);

    rmSync(join(cwd, 'd', 'b'));
    linkSync(kept, join(cwd, 'd', 'b'));
    assert.equal((await get(cwd, ['/a', '/b'], '--overwrite')).status, 0);
    assert.deepEqual(now(), ['edition 1', 'edition 2', 'another']);

    server.instead = ({ url }, response) => {
      if (url === '/c') response.writeHead(403).end();
      return url === '/c';
    };
    assert.equal((await get(cwd, ['/a', '/b', '/c'])).status, 1);
    server.instead = undefined;
    linkSync(kept, join(cwd, 'd', 'c'));
    assert.equal((await warmSluice(['retry', 'd', '--dedupe'], { cwd })).status, 1, 'somebody else has the name');
    assert.deepEqual([read(cwd, 'c'), ...now()], ['another', 'edition 1', 'edition 2', 'another']);
    rmSync(join(cwd, 'd', 'c'));
    assert.equal((await warmSluice(['retry', 'd', '--dedupe'], { cwd })).status, 0);
    assert.deepEqual([read(cwd, 'c'), inode(cwd, 'c')], ['edition 1', inode(cwd, 'a')]);
    assert.deepEqual(now(), ['edition 1', 'edition 2', 'another']);
  });

  test('a file that nobody knows stays, and --overwrite does not write through it', async (t) => {
    const cwd = scratch(t);
    const canary = join(cwd, 'canary');
    server.body = () => 'the same';
    writeFileSync(canary, 'somebody else');
    mkdirSync(join(cwd, 'd'));
    linkSync(canary, join(cwd, 'd', 'b'));
    const refused = await get(cwd, ['/a', '/b']);
    assert.equal(refused.status, 1);
    assert.deepEqual([read(cwd, 'a'), read(cwd, 'b')], ['the same', 'somebody else']);
    assert.equal((await get(cwd, ['/a', '/b'], '--overwrite')).status, 0);
    assert.deepEqual([read(cwd, 'b'), readFileSync(canary, 'utf8')], ['the same', 'somebody else']);
    assert.equal(inode(cwd, 'a'), inode(cwd, 'b'));
  });

  for (const [args, message] of [
    [['--layout', 'tar'], /--dedupe does not go with --layout tar/],
    [['--no-journal'], /--dedupe does not go with --no-journal/],
    [['--mtime'], /--dedupe does not go with --mtime/],
    [['--executor', 'threads'], /--dedupe does not go with --executor threads/],
    [['--compute-hash', 'md5'], /--dedupe does not go with --compute-hash md5/],
  ] as const) {
    test(`with ${args.join(' ')} it is refused, and nothing is made`, async (t) => {
      const cwd = scratch(t);
      const { status, stderr } = await get(cwd, ['/0'], ...args);
      assert.equal(status, 2);
      assert.match(stderr, message);
      assert.deepEqual(server.requests, []);
    });
  }
});
