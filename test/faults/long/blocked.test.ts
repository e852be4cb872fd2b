/** A worker that the storage holds up for ever: here in the open of a FIFO that nobody writes to. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertInTime } from '../../helpers/in-time.js';
import { makeFifo, noFifo, servePaths, start, until } from '../../helpers/signals.js';
import { scratch } from '../../helpers/scratch.js';

describe('a command with a worker that is blocked for ever', { skip: noFifo, concurrency: true }, () => {
  test('ends within ten seconds of SIGTERM, with status 143', async (t) => {
    const cwd = scratch(t);
    const fifo = makeFifo(cwd);
    await using server = await servePaths();
    const run = start(cwd, `${server.origin}/whole`, `${server.origin}/${fifo}`, '--overwrite', '-m', '1');
    await until(() => existsSync(join(run.directory, `${fifo}-opened`)));
    const sent = performance.now();
    run.kill('SIGTERM');
    assert.equal(await run.status, 143);
    const took = performance.now() - sent;
    t.diagnostic(`ended ${(took / 1000).toFixed(1)} s after SIGTERM`);
    assertInTime(took, 10_000);
  });

  test('ends when the disk is full, and says so', async (t) => {
    const cwd = scratch(t);
    const fifo = makeFifo(cwd);
    const blocked = join(cwd, 'out', `${fifo}-opened`);
    // The disk is full once a worker is blocked; it blocks by itself, since the next item is asked for after it.
    await using server = await servePaths({
      async *onRequest({ path }) {
        if (path.endsWith('poison-full')) await until(() => existsSync(blocked));
        yield `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
      },
    });
    const urls = [fifo, 'poison-full'].map((name) => `${server.origin}/${name}`);
    const run = start(cwd, ...urls, '--overwrite', '-m', '1', '--workers', '2');
    // Node before 22.15 can end a process by a signal only that a thread holds up.
    const expected = 'execve' in process ? 3 : 137;
    assert.equal(await run.status, expected);
    assert.match(run.stderr(), /^\*\*\* Error: .*the disk is full/m);
  });
});
