import assert from 'node:assert/strict';
import { type ChildProcessByStdio, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CLI, sluice } from '../../helpers/cli.js';
import { filesBelow } from '../../helpers/folders.js';
import { serveInThread } from '../../helpers/http-thread.js';
import { answer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';
import { servePaths } from '../../helpers/signals.js';

const FULL = '/dev/full';
const noFull = !existsSync(FULL) && 'there is no device that is always full';

const noShell = process.platform === 'win32' ? 'needs a POSIX shell' : false;
const FILES = 300;

describe('a command whose output nobody reads to the end', { skip: noShell }, () => {
  // The status is that of the command, which the last of a pipe is not.
  const told = '; echo "status $?" >&3; }';
  const closed = [
    ['standard output after one line', `{ "$0" "$@" -v${told} | head -1`],
    ['standard output before it starts', `{ "$0" "$@" -v >&-${told}`],
    ['standard error after one line', `{ "$0" "$@" 2>&1 >/dev/null${told} | head -1`],
    ['standard error before it starts', `{ "$0" "$@" 2>&-${told}`],
    ['both', `{ "$0" "$@" -v 2>&1${told} | head -1`],
  ] as const;
  for (const [position, [what, script]] of closed.entries()) {
    const missing = position % 2 === 0 ? 20 : 0;
    test(`${what}: stores ${FILES} files, and its status tells of them, with ${missing} missing`, async (t) => {
      const cwd = scratch(t);
      const origin = await serveInThread(t);
      const paths = Array.from({ length: FILES }, (_, n) => `${origin}/noise/${n}/100\t${n}\n`);
      const not = Array.from({ length: missing }, (_, n) => `${origin}/status/404/${n}\n`);
      writeFileSync(join(cwd, 'list'), [...not, ...paths].join(''));
      const args = ['get', '-i', 'list', '-d', 'out'];
      const shell = ['-c', `exec 3>status; ${script}`, process.execPath, CLI, ...args];
      await promisify(execFile)('sh', shell, { cwd });
      assert.equal(readFileSync(join(cwd, 'status'), 'utf8'), `status ${missing === 0 ? 0 : 1}\n`);
      const found = filesBelow(join(cwd, 'out')).filter((path) => !path.startsWith('.sluice'));
      assert.equal(found.length, FILES);
    });
  }
});

type Piped = ChildProcessByStdio<null, Readable, Readable>;

/** Runs the command; nothing of its standard output is read yet. */
function unread(t: TestContext, cwd: string, ...args: readonly string[]): Piped {
  const command = spawn(process.execPath, [CLI, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => command.kill('SIGKILL'));
  return command;
}

describe('a command whose output is read slowly', { skip: noShell }, () => {
  test('status --json is whole, and has its own status; where it cannot be, the status tells', async (t) => {
    const cwd = scratch(t);
    const count = 1_000;
    // More than a pipe holds, many times.
    const urls = Array.from({ length: count }, (_, n) => `http://127.0.0.1:9/${'long'.repeat(150)}/${n}\n`);
    writeFileSync(join(cwd, 'list'), urls.join(''));
    await sluice(['get', '-i', 'list', '-d', 'out', '--tries', '1', '-q'], { cwd });
    const args = ['status', 'out', '--json', '-v'];
    const command = unread(t, cwd, ...args);
    const exited = once(command, 'exit');
    // It could have ended long ago; nothing is read before.
    await Promise.race([exited, sleep(1_500)]);
    const told = await text(command.stdout);
    assert.ok(told.length > 500_000, `${told.length} characters`);
    assert.equal((JSON.parse(told) as { failures: unknown[] }).failures.length, count);
    assert.deepEqual(await exited, [1, null]);

    // The system takes as much of the one write as the file may have, and tells of no error.
    const shell = ['-c', 'ulimit -f 64; "$0" "$@" >told', process.execPath, CLI];
    const { status, stderr } = spawnSync('sh', [...shell, ...args], { cwd, encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /^\*\*\* Error: standard output is not whole: EFBIG/m);
  });

  test('get -v follows its reader, so that no more than some lines wait, and each line arrives', async (t) => {
    // More than the outcomes that may wait, and lines of which some hundred are as much as may wait of them.
    const [count, long] = [7_000, 'long'.repeat(200)];
    await using server = await servePaths({ onRequest: () => [answer('', '', '404 Not Found')] });
    const cwd = scratch(t);
    writeFileSync(
      join(cwd, 'list'),
      Array.from({ length: count }, (_, n) => `${server.origin}/${long}/${n}\n`).join(''),
    );
    const command = unread(t, cwd, 'get', '-i', 'list', '-d', 'out', '-v');
    const ended = once(command, 'exit');
    let before = -1;
    while (server.requests.length === 0 || server.requests.length > before) {
      before = server.requests.length;
      await sleep(1_000);
    }
    assert.ok(before < count, `${before} requests, and nothing was read`);
    const told = await text(command.stderr);
    assert.deepEqual(await ended, [1, null]);
    assert.equal(told.match(/^\*\*\* Error for .*: the server answered 404$/gm)?.length, count);
    assert.match(told, new RegExp(`^${count} not found`, 'm'));
  });
});

describe('output that cannot be written', { skip: noFull }, () => {
  for (const [what, script] of [
    ['standard output', '"$0" "$@" -v >/dev/full'],
    ['standard error', '"$0" "$@" 2>/dev/full'],
  ] as const) {
    test(`${what}: all is stored, and the status is 1`, async (t) => {
      const cwd = scratch(t);
      await using server = await servePaths();
      const shell = ['-c', script, process.execPath, CLI, 'get', `${server.origin}/a`, '-d', 'out'];
      const command = spawn('sh', shell, { cwd, stdio: 'ignore' });
      assert.deepEqual(await once(command, 'exit'), [1, null]);
      assert.deepEqual(filesBelow(join(cwd, 'out')), ['a']);
    });
  }
});

test('a reader that takes nothing is waited for no longer than the patience, and one that takes a little as long as it does', async () => {
  const script = `
    import { Output } from ${JSON.stringify(new URL('../../../src/terminal/output.js', import.meta.url).href)};
    const output = new Output();
    process.stdout.write('x'.repeat(2_000_000));
    const loss = await output.flush(1_000);
    process.stderr.write(loss === undefined ? 'whole' : loss.why);
    process.kill(process.pid, 'SIGKILL');
  `;
  const flush = (): Piped =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stalled = flush();
  assert.equal(await text(stalled.stderr), 'its reader has stopped reading');
  const slow = flush();
  const told = text(slow.stderr);
  let taken = 0;
  // For longer than the patience in all.
  for await (const piece of slow.stdout) {
    taken += (piece as Buffer).length;
    await sleep(100);
  }
  assert.equal(await told, 'whole');
  assert.equal(taken, 2_000_000);
});
