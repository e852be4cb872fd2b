/** The page through the built command, over real HTTP: what it tells, whom it refuses, and that the run goes on. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Snapshot } from '../../src/page/snapshot.js';
import { sluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';
import { until } from '../helpers/signals.js';
import { ask, jsonOf, watched, type WatchedRun } from '../helpers/watched-run.js';

const TOKEN = '0123456789abcdef-token';

const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(
  JSON.parse(
    readFileSync(fileURLToPath(new URL('../../../src/results/events.schema.json', import.meta.url)), 'utf8'),
  ) as object,
);

/** Answers at once, but for what is to wait until the test lets it go. */
let held: ServerResponse[] = [];
let asked = 0;
const server = createServer(({ url = '' }, answer) => {
  asked += 1;
  if (url.startsWith('/held')) held.push(answer);
  else if (url.startsWith('/missing')) answer.writeHead(404).end();
  else answer.end(`of ${url}`);
});
let at = '';

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** A run that waits for its last file until it is let go. */
async function run(
  t: TestContext,
  ...args: string[]
): Promise<WatchedRun & { cwd: string; letGo: () => Promise<number | null> }> {
  const cwd = scratch(t);
  held = [];
  writeFileSync(join(cwd, 'list'), `${at}/a\n${at.replace('//', '//ann:s3cret@')}/missing\n${at}/held\n`);
  writeFileSync(join(cwd, 'token'), `${TOKEN}\n`);
  const of = await watched(t, ['get', '-i', 'list', '-d', 'out', ...args], { cwd });
  const letGo = async (): Promise<number | null> => {
    while (held.length === 0) await pause(20);
    for (const answer of held) answer.end('at last');
    return of.ended;
  };
  return { ...of, cwd, letGo };
}

/** Until it has two outcomes. */
async function under(url: string): Promise<Snapshot> {
  for (;;) {
    const snapshot = await jsonOf<Snapshot>(url);
    if (snapshot.run.done === 2 && snapshot.running === 1) return snapshot;
    await pause(50);
  }
}

/** Asserts that the run was not harmed by what was done to its page. */
async function assertGoesOn({ letGo, cwd }: Awaited<ReturnType<typeof run>>): Promise<void> {
  assert.equal(await letGo(), 1);
  assert.deepEqual(
    filesBelow(join(cwd, 'out')).filter((name) => !name.startsWith('.')),
    ['a', 'held'],
  );
}

describe('--listen', { timeout: 600_000 }, () => {
  test('tells once where the page is, on standard error and to programs, and the page tells of the run', async (t) => {
    const its = await run(t, '--listen', '0', '--events', 'events');
    const { run: of, event, ...state } = await under(its.url);
    assert.ok(validate({ event, ...state }), JSON.stringify(validate.errors));
    assert.deepEqual([event, state.ok, state.notFound, state.running], ['state', 1, 1, 1]);
    assert.deepEqual([of.command, of.layout, of.directory, of.percent], ['get', 'flat', join(its.cwd, 'out'), 66]);
    assert.deepEqual(
      of.hosts.failing.map(({ host, failed, code }) => ({ host, failed, code })),
      [{ host: at.slice(7), failed: 1, code: 'HTTP_STATUS' }],
    );
    const [html, metrics] = [await ask(its.url), await ask(`${its.url}metrics`)];
    assert.match(html.headers['content-security-policy'] as string, /^default-src 'none'; script-src 'sha256-/);
    assert.match(html.body, /data-figure="ok" data-value="1"/);
    assert.equal(metrics.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.match(metrics.body, /^sluice_items_total\{outcome="ok"\} 1$/m);
    const all = [html.body, metrics.body, JSON.stringify(of)].join('');
    assert.doesNotMatch(all, /s3cret/);
    await assertGoesOn(its);
    assert.equal(its.stderr().split(its.url).length, 2);
    const [first = ''] = readFileSync(join(its.cwd, 'events'), 'utf8').split('\n', 1);
    assert.ok(validate(JSON.parse(first)));
    assert.equal((JSON.parse(first) as { page: string }).page, its.url);
  });

  test('sends what --events has as server-sent events, and says when the run has ended', async (t) => {
    const its = await run(t, '--listen', '0', '--quiet');
    await under(its.url);
    const told = { programs: '', pages: '' };
    const programs = ask(`${its.url}events`, { onText: (text) => (told.programs += text) });
    const pages = ask(`${its.url}view`, { onText: (text) => (told.pages += text) });
    // How it is three times: at once, and as it goes on.
    while (told.pages === '' || told.programs.split('\nevent: state\n').length <= 3) await pause(20);
    await assertGoesOn(its);
    const { body, headers } = await programs;
    assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8');
    const events = body.split('\n\n').flatMap((part) => {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      return name === '' ? [] : [{ name, data: JSON.parse(data) as { event: string; ok: number } }];
    });
    for (const { name, data } of events) {
      assert.ok(validate(data), JSON.stringify(validate.errors));
      assert.equal(data.event, name);
    }
    assert.deepEqual([events[0]?.name, events[1]?.name, events.at(-1)?.name], ['begin', 'state', 'end']);
    assert.ok(events.length >= 5, String(events.length));
    assert.equal(events.at(-1)?.data.ok, 2);
    assert.match(
      (await pages).body,
      /event: parts\ndata: .*The run has ended.*\n\nevent: end\ndata: \{"whole":true\}\n\n$/,
    );
    assert.equal(its.stderr(), `The run is shown at ${its.url}\n`);
  });

  test('refuses what is not for it, and the run goes on', async (t) => {
    const its = await run(t, '--listen', '0');
    const { url } = its;
    await under(url);
    const { port } = new URL(url);
    for (const path of ['../etc/passwd', 'etc', 'summary.json/', '%2e%2e%2f', '__proto__', 'constructor']) {
      assert.equal((await ask(`http://127.0.0.1:${port}/${path}`)).status, 404, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']) {
      const { status, headers } = await ask(url, { method });
      assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD'], method);
    }
    const head = await ask(`${url}summary.json`, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body], [200, '']);
    assert.equal((await ask(`${url}events`, { method: 'HEAD' })).status, 200);
    // A name of somebody else's that was made to stand for this machine.
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']) {
      assert.equal((await ask(url, { headers: { host } })).status, 421, host);
    }
    for (const host of ['localhost', `localhost:${port}`, '127.0.0.1:9', '[::1]:9', 'LOCALHOST']) {
      assert.equal((await ask(url, { headers: { host } })).status, 200, host);
    }
    const across = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    assert.equal((await ask(`${url}events`, { headers: across })).status, 403);
    assert.equal(
      (await ask(url, { headers: { padding: 'x'.repeat(1 << 20) } }).catch(() => ({ status: 431 }))).status,
      431,
    );
    const large = { headers: { 'content-length': String(1 << 20) }, body: 'x'.repeat(1 << 20) };
    assert.equal((await ask(url, large).catch(() => ({ status: 413 }))).status, 413);
    await assertGoesOn(its);
  });

  test('with a token lets nobody in without it, says the same to all of them, and does not tell it', async (t) => {
    const its = await run(t, '--listen', '0.0.0.0:0', '--listen-token-file', 'token', '--events', 'events');
    const url = its.url.replace('0.0.0.0', '127.0.0.1');
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    const wrong = [
      undefined,
      'Bearer wrong',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      TOKEN,
      basic(TOKEN),
      basic('a:b'),
    ];
    for (const path of ['', 'summary.json', 'events', 'nowhere']) {
      for (const authorization of wrong.slice(0, -2).concat(basic('a:b'))) {
        const { status, body, headers } = await ask(url + path, {
          headers: authorization === undefined ? {} : { authorization },
        });
        assert.deepEqual([status, body], [401, 'a token is needed\n'], authorization);
        assert.match(headers['www-authenticate'] as string, /^Basic realm="sluice"/);
      }
    }
    const known = { headers: { authorization: `Bearer ${TOKEN}` } };
    // There is nothing to tell before the run has begun.
    while ((await ask(`${url}metrics`, known)).status === 503) await pause(20);
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, basic(`anybody:${TOKEN}`), basic(`:${TOKEN}`)]) {
      assert.equal(
        (await ask(`${url}metrics`, { headers: { authorization, host: 'nas.example' } })).status,
        200,
        authorization,
      );
    }
    await assertGoesOn(its);
    assert.doesNotMatch(its.stderr() + readFileSync(join(its.cwd, 'events'), 'utf8'), new RegExp(TOKEN));
  });

  test('of a thousand readers takes a few, and neither they nor readers that take nothing harm the run', async (t) => {
    const its = await run(t, '--listen', '0');
    await under(its.url);
    const { port } = new URL(its.url);
    const sockets: Socket[] = [];
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    let refused = 0;
    for (let n = 0; n < 1000; n += 1) {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`GET /view HTTP/1.1\r\nHost: localhost\r\n\r\n`),
      );
      // The first take nothing: they are readers, and do not see either when they are refused.
      if (n < 32) socket.pause();
      else socket.resume();
      socket.on('error', () => undefined).on('close', () => (refused += 1));
      sockets.push(socket);
    }
    await until(() => refused > 900);
    // One that leaves makes room for another.
    for (const socket of sockets.slice(10)) socket.destroy();
    let snapshot: Snapshot | undefined;
    while (snapshot === undefined) {
      // As soon as it is seen that they have left.
      snapshot = await jsonOf<Snapshot>(its.url).catch(() => undefined);
      await pause(20);
    }
    assert.equal(snapshot.ok, 1);
    await assertGoesOn(its);
  });

  test('refuses before anything is requested what it cannot have', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'token'), `${TOKEN}\n`);
    const taken = createTcpServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const before = asked;
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['--listen', String(port)], /port \d+ is in use on 127\.0\.0\.1: stop what listens there, or choose another/],
      [
        ['--listen', '192.0.2.1:0', '--listen-token-file', 'token'],
        /cannot listen on port 0 of 192\.0\.2\.1: choose a host of this machine/,
      ],
      [['--listen', 'no.such.host.invalid:0'], /has no address: give a name or an address of this machine/],
      [['--listen', '0.0.0.0:0'], /can be reached by other machines, and needs a token: give --listen-token-file FILE/],
      [['--listen', '0', '--listen-token-file', 'none'], /--listen-token-file none cannot be read/],
      [['--listen', 'x'], /--listen x is no port and no HOST:PORT: give 8080/],
      [['--listen-token-file', 'token'], /--listen-token-file goes with --listen: give it, too/],
      [['--listen', '0', '--dry-run'], /--listen does not go with --dry-run/],
      [['--listen', '0', '--report', 'no/such/place'], /no\/such\/place/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = await sluice(['get', `${at}/a`, '-d', 'out', ...args], { cwd });
      assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, message);
    }
    assert.equal(asked, before);
  });

  test('is there for retry, too', async (t) => {
    const cwd = scratch(t);
    held = [];
    assert.equal((await sluice(['get', `${at}/missing/x`, '-d', 'out', '-q'], { cwd })).status, 1);
    const its = await watched(t, ['retry', 'out', '--listen', '0'], { cwd });
    assert.equal(await its.ended, 1);
  });
});
