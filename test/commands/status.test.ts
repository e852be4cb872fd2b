/** `sluice status` and `sluice retry`, on the journals of real runs. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, test } from 'node:test';
import { FrameWriter, PREAMBLE, type RunRecord } from '../../src/journal/format.js';
import { keyOf } from '../../src/journal/state-index.js';
import { serveAsked } from '../helpers/asked-server.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { asAfterKill } from '../helpers/journals.js';
import { scratch } from '../helpers/scratch.js';
import { startRawServer } from '../helpers/raw-server.js';
import { bodiesIn, shardsIn } from '../helpers/tars.js';

interface Told {
  readonly stored: number;
  readonly bytes: number;
  readonly notFound: number;
  readonly errors: number;
  readonly unfinished: number;
  readonly causes: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly url: string; readonly code: string }[];
  readonly lists: readonly { readonly state?: string }[];
  readonly running: false | { readonly pid: number };
}

describe('status and retry', () => {
  /** What paths that begin with /sometimes are answered. */
  let sometimes = 403;
  let held: ServerResponse[] = [];
  let onHeld = (): void => undefined;
  const server = serveAsked((url, response) => {
    if (url.startsWith('/held')) {
      held.push(response);
      onHeld();
      return;
    }
    response.statusCode = url.startsWith('/never') ? 404 : url.startsWith('/sometimes') ? sometimes : 200;
    response.end(`body of ${url}`);
  });
  const { requested } = server;
  beforeEach(() => {
    sometimes = 403;
    held = [];
  });

  async function told(cwd: string, ...more: string[]): Promise<{ status: number | null; told: Told }> {
    const { status, stdout, stderr } = await warmSluice(['status', 'd', '--json', ...more], { cwd });
    assert.equal(stderr, '');
    return { status, told: JSON.parse(stdout) as Told };
  }

  test('status tells what is stored, what failed and why; retry gets what can be had by now', async (t) => {
    const cwd = scratch(t);
    const secret = server.origin.replace('//', '//user:secret@');
    const urls = ['/a/x.jpg', '/b/x.jpg', '/never/1', '/sometimes/1', '/sometimes/b/x.jpg'].map(
      (path) => secret + path,
    );
    writeFileSync(join(cwd, 'urls'), urls.join('\n'));
    assert.equal((await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd })).status, 1);
    const journal = readFileSync(join(cwd, 'd/.sluice/journal'));
    const plain = await warmSluice(['status', 'd'], { cwd });
    assert.equal(plain.status, 1);
    assert.match(plain.stdout, /^d: 2 files stored, 32 B\.$/m);
    assert.match(plain.stdout, /^1 not found\.$/m);
    assert.match(plain.stdout, /^2 errors: 2 HTTP_STATUS\.$/m);
    assert.match(plain.stdout, /^\*\*\* Error for http:\/\/user:\*\*\*@127.*\/sometimes\/1: the server answered 403$/m);
    assert.match(plain.stdout, /^The list urls is the same since\.$/m);
    assert.ok(!plain.stdout.includes('secret'));
    assert.deepEqual(readFileSync(join(cwd, 'd/.sluice/journal')), journal);

    sometimes = 200;
    requested.splice(0);
    writeFileSync(join(cwd, 'urls'), urls.join('\r\n'));
    const retried = await warmSluice(['retry', 'd'], { cwd });
    assert.equal(retried.status, 1);
    assert.match(retried.stderr, /^2 files downloaded/m);
    assert.deepEqual(requested.toSorted(), ['/never/1', '/sometimes/1', '/sometimes/b/x.jpg']);
    const { status, told: then } = await told(cwd);
    assert.equal(status, 1);
    assert.deepEqual([then.stored, then.notFound, then.errors, then.unfinished], [4, 1, 0, 0]);
    assert.deepEqual(then.causes, {});
    assert.deepEqual(
      then.lists.map(({ state }) => state),
      ['changed'],
    );
    assert.equal(then.running, false);
    // The names are those that the first run would have given.
    const clean = scratch(t);
    await warmSluice(['get', ...urls, '-d', 'd'], { cwd: clean });
    assert.deepEqual(filesBelow(join(cwd, 'd')), filesBelow(join(clean, 'd')));
    assert.equal((await warmSluice(['get', '-i', 'urls', '-d', 'd'], { cwd })).status, 1);
    assert.equal(requested.filter((url) => url === '/a/x.jpg').length, 1, 'only by the clean run');
  });

  test('what was begun when a run was killed is unfinished; retry takes what is there', async (t) => {
    const cwd = scratch(t);
    const urls = Array.from({ length: 5 }, (_, i) => `${server.origin}/${i}`);
    assert.equal((await warmSluice(['get', ...urls, '-d', 'd'], { cwd })).status, 0);
    assert.equal((await told(cwd)).status, 0);
    asAfterKill(join(cwd, 'd/.sluice/journal'), { stored: false });
    rmSync(join(cwd, 'd/3'));
    const { status, told: then } = await told(cwd);
    assert.deepEqual([status, then.stored, then.unfinished], [1, 0, 5]);
    requested.splice(0);
    const retried = await warmSluice(['retry', 'd'], { cwd });
    assert.equal(retried.status, 0, retried.stderr);
    assert.match(retried.stderr, /^1 file downloaded/m);
    assert.match(retried.stderr, /^4 files of an earlier run are there/m);
    assert.deepEqual(requested, ['/3']);
    assert.equal((await told(cwd)).told.stored, 5);
  });

  test('in shards, retry keeps the keys, and fetches what was in a shard that is gone', async (t) => {
    const cwd = scratch(t);
    const urls = ['/a', '/sometimes/b', '/c'].map((path) => server.origin + path);
    assert.equal((await warmSluice(['get', ...urls, '-d', 'd', '--layout', 'tar'], { cwd })).status, 1);
    sometimes = 200;
    assert.equal((await warmSluice(['retry', 'd'], { cwd })).status, 0);
    const shards = shardsIn(join(cwd, 'd'));
    assert.equal(shards.length, 2);
    assert.match(readFileSync(shards[1] as string).toString('latin1', 0, 100), /^000000001\.bin\0/);
    rmSync(shards[0] as string);
    const { status, told: then } = await told(cwd);
    assert.deepEqual([status, then.stored, then.causes], [1, 1, { STORE_CHANGED: 2 }]);
    assert.equal((await warmSluice(['retry', 'd'], { cwd })).status, 0);
    assert.deepEqual([...bodiesIn(shardsIn(join(cwd, 'd')).map((path) => readFileSync(path))).keys()].toSorted(), [
      'a',
      'b',
      'c',
    ]);
    assert.equal((await told(cwd)).status, 0);
  });

  test('status works while a run is going on, and says so', async (t) => {
    const cwd = scratch(t);
    const isHeld = new Promise<void>((resolve) => (onHeld = resolve));
    let pid = 0;
    const running = sluice(['get', `${server.origin}/a`, `${server.origin}/held`, '-d', 'd'], {
      cwd,
      onStart: (its) => (pid = its),
    });
    await isHeld;
    const { status, told: then } = await told(cwd);
    assert.equal(status, 1);
    assert.equal(then.running === false ? 0 : then.running.pid, pid);
    assert.match(
      (await warmSluice(['status', 'd'], { cwd })).stdout,
      new RegExp(`^A run is going on: process ${pid} on`, 'm'),
    );
    for (const response of held) response.end('at last');
    assert.equal((await running).status, 0);
    assert.deepEqual((await told(cwd)).told.running, false);
  });

  test('without a journal there is nothing to tell, and nothing is made', async (t) => {
    const cwd = scratch(t);
    for (const command of ['status', 'retry']) {
      const { status, stderr } = await warmSluice([command, 'd'], { cwd });
      assert.equal(status, 2);
      assert.match(stderr, /there is no journal in d\/\.sluice/);
    }
    assert.deepEqual(filesBelow(cwd), []);
  });

  test('a journal that somebody has written does not lead out of the destination', async (t) => {
    const cwd = scratch(t);
    const boot = '';
    const run = {
      version: '0',
      started: '',
      pid: 1,
      boot,
      directory: join(cwd, 'd'),
      layout: 'flat',
      afresh: false,
    } as const;
    const writer = new FrameWriter();
    writer.run({ ...run, lists: [] } satisfies RunRecord);
    writer.item(0, keyOf(`${server.origin}/a`, '../out'), `${server.origin}/a`, '../out');
    mkdirSync(join(cwd, 'd/.sluice'), { recursive: true });
    writeFileSync(join(cwd, 'd/.sluice/journal'), Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
    const { status, stderr } = await warmSluice(['retry', 'd'], { cwd });
    assert.equal(status, 3);
    assert.match(stderr, /tells of \.\.\/out, a name that no file of sluice gets/);
    assert.deepEqual(requested, []);
  });
});

test('status of a run that was stopped tells how many are not finished, and of how many', async (t) => {
  const cwd = scratch(t);
  let interrupt = (): void => undefined;
  await using server = await startRawServer({
    onRequest: ({ path }) => {
      if (path !== '/hangs') return ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'];
      interrupt();
      return [new Promise(() => undefined)];
    },
  });
  const { status } = await sluice(['get', `${server.origin}/a`, `${server.origin}/hangs`, '-d', 'out', '-m', '1'], {
    cwd,
    onStart: (pid) => (interrupt = () => process.kill(pid, 'SIGINT')),
  });
  assert.equal(status, 130);
  const { stdout } = await sluice(['status', 'out'], { cwd });
  assert.match(stdout, /^1 not finished, of 2 that runs have come to so far\.$/m);
});
