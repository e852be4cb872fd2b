/** What a person sees and does on a terminal: a pseudo-terminal here. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn as spawnOnTerminal } from '@lydell/node-pty';
import { CLI, sluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';
import { filesBelow } from '../helpers/folders.js';
import { assertInTime } from '../helpers/in-time.js';

// A CI run is no terminal for the progress.
const { CI: _ci, ...env } = { ...process.env, TERM: 'xterm' } as NodeJS.ProcessEnv;
const { NO_COLOR: _no, FORCE_COLOR: _force, NODE_DISABLE_COLORS: _disable, ...plain } = env;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Seconds that Ctrl-C may take. */
const PROMISED = 2;

/** @returns its origin, until the test ends */
async function opened(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** @param onText told what is written to it @returns the exit status */
function onTerminal(args: string[], cwd: string, onText: (text: string) => void): Promise<number> {
  const terminal = spawnOnTerminal(process.execPath, args, { cwd, env, cols: 100, rows: 30 });
  terminal.onData(onText);
  return new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
}

test('Ctrl-C ends within two seconds with the cursor back, no unfinished file and status 130', async (t) => {
  const cwd = scratch(t);
  const server = createServer((_request, response) => void setTimeout(() => response.end('x'.repeat(10_000)), 5));
  const origin = await opened(t, server);
  const urls = Array.from({ length: 20_000 }, (_, n) => `${origin}/${n}`).join('\n');
  writeFileSync(join(cwd, 'list'), urls);

  const terminal = spawnOnTerminal(process.execPath, [CLI, 'get', '-i', 'list', '-d', 'out'], {
    cwd,
    env,
    cols: 100,
    rows: 30,
  });
  let screen = '';
  terminal.onData((text) => (screen += text));
  const exited = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
  while (!/ [1-9]\d* done, /.test(screen)) await sleep(20);
  const pressed = performance.now();
  terminal.write('\u0003');
  assert.equal(await exited, 130);
  const took = (performance.now() - pressed) / 1000;
  t.diagnostic(`ended ${took.toFixed(2)}s after Ctrl-C`);
  assertInTime(1_000 * took, 1_000 * PROMISED);

  assert.ok(screen.includes(HIDE_CURSOR));
  assert.ok(screen.lastIndexOf(SHOW_CURSOR) > screen.lastIndexOf(HIDE_CURSOR), 'the cursor is back');
  assert.match(screen, /files\/s, .*\/s/);
  assert.doesNotMatch(screen, /\n\s+at /);
  const names = filesBelow(join(cwd, 'out'));
  assert.ok(names.length > 0 && names.length < 20_000);
  assert.ok(names.every((name) => /^\d+$/.test(name)));
});

test('the progress on a terminal goes away and leaves the summary', async (t) => {
  const cwd = scratch(t);
  let screen = '';
  const server = createServer((request, response) => {
    // The second answer waits until the first is on the screen.
    const timer = setInterval(() => {
      if (request.url === '/b' && !screen.includes('1/2 done')) return;
      clearInterval(timer);
      response.end('hello');
    }, 20);
    response.on('close', () => clearInterval(timer));
  });
  const origin = await opened(t, server);
  const args = [CLI, 'get', `${origin}/a`, `${origin}/b`, '-m', '1', '-v'];
  assert.equal(await onTerminal(args, cwd, (text) => (screen += text)), 0);
  assert.match(screen, /1\/2 done/);
  assert.match(screen, /a: 5 B/);
  assert.match(screen, /2 files downloaded, 10 B in \d/);
});

describe('colours on a terminal', () => {
  // eslint-disable-next-line no-control-regex
  const COLOUR = /\u001b\[(?:1|3[0-7]|9[0-7]|38;)[\d;]*m/;
  // eslint-disable-next-line no-control-regex
  const MARKED = /\u001b\[31m\*\*\* Error\u001b\[39m for /;
  for (const [args, environment, wanted] of [
    [[], {}, true],
    [[], { NO_COLOR: '1' }, false],
    [[], { FORCE_COLOR: '0' }, false],
    [[], { TERM: 'dumb' }, false],
    [[], { NO_COLOR: '1', FORCE_COLOR: '1' }, true],
    [['--color', 'never'], {}, false],
    [['--color=always'], { NO_COLOR: '1', TERM: 'dumb' }, true],
  ] as const) {
    test(`are ${wanted ? 'some' : 'none'} with ${args.join(' ')} ${JSON.stringify(environment)}`, async (t) => {
      const cwd = scratch(t);
      let screen = '';
      // Answers when there was time to show a colour.
      const server = createServer((_request, response) => void setTimeout(() => response.end('hello'), 500));
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      // Progress, an error and the summary.
      const terminal = spawnOnTerminal(
        process.execPath,
        [CLI, 'get', `http://127.0.0.1:${port}/a`, 'http://a b/', ...args],
        { cwd, env: { ...plain, ...environment }, cols: 200 },
      );
      terminal.onData((text) => (screen += text));
      const status = await new Promise<number>((resolve) => {
        terminal.onExit(({ exitCode }) => resolve(exitCode));
      });
      assert.equal(status, 1);
      assert.match(screen, /1 file downloaded/);
      assert.match(screen, wanted ? MARKED : /\*\*\* Error for /);
      assert.equal(COLOUR.test(screen), wanted, JSON.stringify(screen));
    });
  }

  test('are none in a pipe, and there with --color always, whatever of it is told', async (t) => {
    const cwd = scratch(t);
    for (const [args, wanted] of [
      [['get', 'ftp://x/y'], false],
      [['get', 'ftp://x/y', '--color', 'always'], true],
      [['get', '--color', 'always', '--no-such-option'], true],
      [['status', cwd, '--color=always'], true],
      [['status', cwd, '--color=auto'], false],
    ] as const) {
      const { status, stderr } = await sluice(args, { cwd, env: { NO_COLOR: undefined, FORCE_COLOR: undefined } });
      assert.equal(status, 2);
      assert.match(stderr, /\*\*\* /);
      assert.equal(COLOUR.test(stderr), wanted, `${args.join(' ')}: ${JSON.stringify(stderr)}`);
    }
    const { status, stderr } = await sluice(['status', cwd, '--color', 'pink'], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, /Allowed choices are auto, always, never/);
  });
});

test('bytes of large bodies count while they come', async (t) => {
  const cwd = scratch(t);
  let screen = '';
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': String(2 ** 23) });
    response.write(Buffer.alloc(2 ** 22));
    // The rest, when it was told of what had come.
    const timer = setInterval(() => {
      if (!/0\/2 done \(0%\), 0\.0 files\/s, [\d.]+ MiB\/s/.test(screen)) return;
      clearInterval(timer);
      response.end(Buffer.alloc(2 ** 22));
    }, 20);
    response.on('close', () => clearInterval(timer));
  });
  const origin = await opened(t, server);
  const args = [CLI, 'get', `${origin}/a`, `${origin}/b`];
  assert.equal(await onTerminal(args, cwd, (text) => (screen += text)), 0);
  assert.match(screen, /2 files downloaded, 16\.0 MiB in /);
});
