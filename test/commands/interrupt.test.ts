import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { noFifo, makeFifo, servePaths, start, unfinished, until } from '../helpers/signals.js';
import { scratch } from '../helpers/scratch.js';

describe('an interrupted command', { skip: noFifo }, () => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`stores all that is fetched after ${signal}, says so, and ends with status ${expected}`, async (t) => {
      const cwd = scratch(t);
      const names = Array.from({ length: 20 }, (_, n) => `${n}-poison-slow`);
      const never = new Promise<void>(() => undefined);
      await using server = await servePaths({
        onRequest: ({ path }) =>
          path === '/hangs' ? [never] : [`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`],
      });
      const urls = [...names, 'hangs', 'later'].map((name) => `${server.origin}/${name}`);
      const run = start(cwd, ...urls, '-m', '1', '--workers', '1');
      await until(() => server.requests.some(({ path }) => path === '/hangs'));
      run.kill(signal);
      assert.equal(await run.status, expected);
      assert.match(run.stderr(), /^Storing [\d.]+ \w+ that are fetched; Ctrl-C again leaves at once\.$/m);
      assert.match(run.stderr(), /^20 files downloaded/m);
      assert.deepEqual(
        readdirSync(run.directory)
          .filter((name) => name !== '.sluice')
          .toSorted(),
        names.toSorted(),
      );
      assert.deepEqual(unfinished(run.directory), []);
      assert.equal(server.requests.length, 21, 'nothing new was requested');
    });
  }

  test('ends at once at the second SIGINT, while a worker blocks in the open of a FIFO', async (t) => {
    const cwd = scratch(t);
    const fifo = makeFifo(cwd);
    await using server = await servePaths();
    const run = start(cwd, `${server.origin}/whole`, `${server.origin}/${fifo}`, '--overwrite', '-m', '1', '-v');
    await until(() => existsSync(join(run.directory, 'whole')) && server.requests.length === 2);
    await sleep(200);
    run.kill('SIGINT');
    await until(() => run.stderr().includes('Storing'));
    // Sent on by a parent that was sent it as well: still the first one.
    run.kill('SIGINT');
    await sleep(500);
    assert.ok(existsSync(join(run.directory, '.sluice', 'run')), 'it goes on storing for as long as it takes');
    const pressed = performance.now();
    run.kill('SIGINT');
    assert.equal(await run.status, 130);
    t.diagnostic(`ended ${Math.round(performance.now() - pressed)} ms after the second SIGINT`);
    assert.ok(performance.now() - pressed < 1000);
    assert.doesNotMatch(run.stderr(), /\n\s+at /);
    // What it had to leave is no hindrance.
    const again = start(cwd, `${server.origin}/new`);
    assert.equal(await again.status, 0, again.stderr());
    assert.deepEqual(unfinished(run.directory), []);
  });

  test('ends, though nobody writes to the FIFO that its list is read from', async (t) => {
    const cwd = scratch(t);
    const fifo = makeFifo(cwd);
    await using server = await servePaths();
    const run = start(cwd, `${server.origin}/a`, '-i', join('out', fifo), '--overwrite');
    const seen = { end: false };
    void run.status.then(() => (seen.end = true));
    // It tells of nothing by which its start could be known.
    while (!seen.end) {
      await sleep(500);
      if (!seen.end) run.kill('SIGINT');
    }
    assert.equal(server.requests.length, 0);
    assert.equal(await run.status, 130);
  });
});
