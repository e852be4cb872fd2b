/** `sluice get --mtime`: files have the time that their servers say. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { serveEditions } from '../helpers/editions-server.js';
import { scratch } from '../helpers/scratch.js';

describe('sluice get --mtime', () => {
  const server = serveEditions();
  const get = async (cwd: string, paths: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requests = [];
    return warmSluice(['get', ...paths.map((path) => server.origin + path), '-d', 'd', ...args], { cwd });
  };
  const timeOf = (cwd: string, name: string): number => statSync(join(cwd, 'd', name)).mtimeMs;
  const FIRST = Date.UTC(2020, 0, 1);
  const isRecent = (time: number): boolean => Math.abs(Date.now() - time) < 3_600_000;

  for (const args of [
    [],
    ['--executor', 'inline'],
    ['--executor', 'libuv'],
    ['--executor', 'threads'],
    ['--durable'],
  ]) {
    test(`small, large and encoded files have it ${args.join(' ')}`, async (t) => {
      const cwd = scratch(t);
      server.body = (path) =>
        path === '/large' ? Buffer.alloc(3 << 20, 'x') : path === '/gz' ? gzipSync('body') : path;
      server.instead = (request, response) => {
        if (request.url === '/gz') response.setHeader('content-encoding', 'gzip');
        return false;
      };
      const { status, stderr } = await get(cwd, ['/small', '/large', '/gz'], '--mtime', ...args);
      assert.equal(status, 0, stderr);
      for (const name of ['small', 'large', 'gz']) assert.equal(timeOf(cwd, name), FIRST, name);
      assert.equal(readFileSync(join(cwd, 'd/gz'), 'utf8'), 'body');
    });
  }

  test('without it they have the time at which they were stored', async (t) => {
    const cwd = scratch(t);
    await get(cwd, ['/a']);
    assert.ok(isRecent(timeOf(cwd, 'a')));
  });

  test('a time that cannot be is left out', async (t) => {
    const cwd = scratch(t);
    const dates: Record<string, string | undefined> = {
      '/none': undefined,
      '/text': 'yesterday',
      '/old': 'Wed, 31 Dec 1969 23:59:59 GMT',
      '/ahead': 'Fri, 01 Jan 2106 00:00:00 GMT',
    };
    server.modified = (path) => dates[path];
    const { status, stderr } = await get(cwd, Object.keys(dates), '--mtime');
    assert.equal(status, 0, stderr);
    for (const path of Object.keys(dates)) assert.ok(isRecent(timeOf(cwd, path.slice(1))), path);
  });

  for (const flags of [['--update', '--mtime'], ['-N'], ['--conditional-get', '-R']]) {
    test(`${flags.join(' ')}: what has changed has its new time, what has not keeps its own`, async (t) => {
      const cwd = scratch(t);
      await get(cwd, ['/a', '/b'], ...flags);
      utimesSync(join(cwd, 'd/b'), 1000, 1000);
      server.change('/a');
      const { status, stderr } = await get(cwd, ['/a', '/b'], ...flags);
      assert.equal(status, 0, stderr);
      assert.deepEqual(server.statuses(), { 200: 1, 304: 1 });
      assert.deepEqual([timeOf(cwd, 'a'), timeOf(cwd, 'b')], [Date.UTC(2020, 0, 2), 1_000_000]);
    });
  }
});
