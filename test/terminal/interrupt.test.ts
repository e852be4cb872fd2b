import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Destination } from '../../src/destination/destination.js';
import { filesBelow } from '../helpers/folders.js';
import { assertInTime } from '../helpers/in-time.js';
import {
  interruptBegun,
  makeFifo,
  makeList,
  noFifo,
  servePaths,
  start,
  startWith,
  unfinished,
  until,
} from '../helpers/signals.js';
import { scratch } from '../helpers/scratch.js';

const FULL = '/dev/full';
const noFull = !existsSync(FULL) && 'there is no device that is always full';
/** Loaded before a command: making a folder never ends, and keeps the process alive, as a thread that hangs does. */
const HANGS = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  fs.promises.mkdir = () => new Promise(() => setInterval(() => {}, 60_000));
  syncBuiltinESMExports();
`;

/** Loaded before a command: the first SIGINT comes twice, sent on by a parent that was sent it as well. */
const ECHOES = "process.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));";

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
      assert.match(
        run.stderr(),
        /^20 files downloaded[\s\S]*^The same command again goes on from here\.\n\*\*\* Interrupted$/m,
      );
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
    const args = [`${server.origin}/whole`, `${server.origin}/${fifo}`, '--overwrite', '-m', '1', '-v'];
    const run = startWith(ECHOES, cwd, ...args);
    await until(() => existsSync(join(run.directory, `${fifo}-opened`)));
    run.kill('SIGINT');
    await until(() => run.stderr().includes('Storing'));
    await sleep(500);
    assert.ok(existsSync(join(run.directory, '.sluice', 'run')), 'it goes on storing for as long as it takes');
    const pressed = performance.now();
    run.kill('SIGINT');
    assert.equal(await run.status, 130);
    const took = performance.now() - pressed;
    t.diagnostic(`ended ${Math.round(took)} ms after the second SIGINT`);
    assertInTime(took, 1_000);
    assert.doesNotMatch(run.stderr(), /\n\s+at /);
    // What it had to leave is no hindrance.
    const again = start(cwd, `${server.origin}/new`);
    assert.equal(await again.status, 0, again.stderr());
    assert.deepEqual(unfinished(run.directory), []);
  });

  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const waits = [
      ['standard input has sent nothing', ['get', '-i', '-', '-d', 'out'], ''],
      ['nobody writes to the FIFO that its list is read from', ['get', '-i', 'fifo', '-d', 'out'], ''],
      ['the destination hangs', ['get', 'http://127.0.0.1:9/', '-d', 'out'], HANGS],
      [
        'the list of a measurement comes from a FIFO that nobody writes to',
        ['bench', '--url-list', 'fifo', '-d', 'out'],
        '',
      ],
      ['the storage that is to be measured hangs', ['bench', '-d', 'out'], HANGS],
    ] as const;
    for (const [what, args, hook] of waits) {
      test(`ends at the first ${signal} while it begins: ${what}`, async (t) => {
        const cwd = scratch(t);
        makeList(cwd, 'fifo');
        const { status, stderr } = await interruptBegun(cwd, args, signal, hook);
        assert.equal(status, expected, stderr);
        assert.match(stderr, /^\*\*\* Interrupted$/m);
        assert.deepEqual(filesBelow(cwd), ['fifo']);
      });
    }
  }

  test('requests what comes before a FIFO that nobody writes to, and stores it after SIGINT', async (t) => {
    const cwd = scratch(t);
    makeList(cwd, 'fifo');
    await using server = await servePaths();
    const run = start(cwd, `${server.origin}/a`, '-i', 'fifo');
    await until(() => existsSync(join(run.directory, 'a')));
    run.kill('SIGINT');
    assert.equal(await run.status, 130);
    assert.match(run.stderr(), /^1 file downloaded/m);
  });

  test('keeps its status when the report cannot be written', { skip: noFull }, async (t) => {
    const cwd = scratch(t);
    makeList(cwd, 'fifo');
    await using server = await servePaths();
    const run = start(cwd, `${server.origin}/a`, '-i', 'fifo', '--report', FULL);
    await until(() => existsSync(join(run.directory, 'a')));
    run.kill('SIGINT');
    assert.equal(await run.status, 130);
    assert.match(run.stderr(), /^\*\*\* Error: --report \/dev\/full is not whole: ENOSPC/m);
    assert.doesNotMatch(run.stderr(), /fault of sluice/);
  });
});

describe('a command whose list is a FIFO that stalls ends with its own status', { skip: noFifo }, () => {
  /** A list of one URL, after which nothing comes. */
  function stall(t: TestContext, cwd: string, url: string): void {
    const list = openSync(join(cwd, makeList(cwd, 'fifo')), 'r+');
    t.after(() => closeSync(list));
    writeSync(list, `${url}\n`);
  }

  test('3 when the disk is full', async (t) => {
    const cwd = scratch(t);
    await using server = await servePaths();
    stall(t, cwd, `${server.origin}/poison-full`);
    const run = start(cwd, '-i', 'fifo');
    assert.equal(await run.status, 3, run.stderr());
    assert.match(run.stderr(), /^\*\*\* Error: .*the disk is full/m);
  });

  test('2 when another list is not there', async (t) => {
    const cwd = scratch(t);
    stall(t, cwd, 'http://127.0.0.1:9/');
    const run = start(cwd, '-i', 'fifo', '-i', 'missing');
    assert.equal(await run.status, 2, run.stderr());
  });

  test('4 when the destination is busy', async (t) => {
    const cwd = scratch(t);
    await using server = await servePaths();
    stall(t, cwd, `${server.origin}/a`);
    const holds = await Destination.open(join(cwd, 'out'));
    t.after(() => holds.close());
    const run = start(cwd, '-i', 'fifo');
    assert.equal(await run.status, 4, run.stderr());
  });
});
