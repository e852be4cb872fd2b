import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { ALL_CODES } from '../../src/flags/codes.js';
import { flagUrl, SITES } from '../../src/flags/sites.js';
import { choices } from '../../src/server/choices.js';
import { PRESETS, type RunningServer, type ServerOptions, startServer } from '../../src/server/server.js';
import { ask, fateOf } from './client.js';

const BRAZIL = '/flags/br/br.gif';

async function serve(t: TestContext, options?: ServerOptions): Promise<RunningServer> {
  const server = await startServer(options);
  t.after(() => server.close());
  return server;
}

function keepAlive(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return agent;
}

test('serves 194 whole GIFs of 320 by 240, each with the name of its country', async (t) => {
  const { port } = await serve(t);
  const agent = keepAlive(t);
  const countries = JSON.parse(await readFile(new URL(import.meta.resolve('flag-icons/country.json')), 'utf8')) as {
    code: string;
    name: string;
  }[];
  const names: Record<string, string> = {};
  const bodies = new Set<string>();
  for (const code of ALL_CODES) {
    const cc = code.toLowerCase();
    const { pathname } = new URL(flagUrl(SITES.LOCAL, code));
    const flag = await ask(port, pathname, { agent });
    assert.equal(flag.status, 200, code);
    assert.equal(flag.headers['content-type'], 'image/gif');
    assert.equal(flag.body.toString('latin1', 0, 6), 'GIF89a');
    assert.deepEqual([flag.body.readUInt16LE(6), flag.body.readUInt16LE(8)], [320, 240], code);
    assert.equal(flag.body.at(-1), 0x3b, code);
    bodies.add(flag.body.toString('latin1'));

    const metadata = await ask(port, `/flags/${cc}/metadata.json`, { agent });
    assert.equal(metadata.headers['content-type'], 'application/json');
    const { country } = JSON.parse(metadata.body.toString()) as { country: string };
    assert.equal(country, countries.find((found) => found.code === cc)?.name, code);
    names[code] = country;
  }
  assert.deepEqual([names['BR'], names['CI'], names['ZW']], ['Brazil', "Côte d'Ivoire", 'Zimbabwe']);
  // No flag is a copy of another, not even Romania's of Chad's.
  assert.equal(bodies.size, 194);
});

test('anything else is a 404, even by a path that walks about', async (t) => {
  const { port } = await serve(t);
  const paths = [
    '/',
    '/flags',
    '/flags/',
    '/flags/br',
    '/flags/br/',
    '/flags/bb/br.gif',
    '/flags/ba/../br/br.gif',
    '/flags/xx/xx.gif',
    '/flags/BR/BR.gif',
    '/flags/br/br.gif/',
    '/flags/rendered.json',
    '/../package.json',
    '/constructor',
  ];
  for (const path of paths) assert.equal((await ask(port, path)).status, 404, path);
});

test('a query is no part of the path', async (t) => {
  const { port } = await serve(t);
  assert.equal((await ask(port, `${BRAZIL}?x=/flags/xx`)).status, 200);
});

test('what has not changed is a 304 without a body, by its tag, and by its time where no tag is given', async (t) => {
  const { port } = await serve(t);
  const { etag = '', 'last-modified': modified = '' } = (await ask(port, BRAZIL)).headers;
  const before = new Date(Date.parse(modified) - 1000).toUTCString();
  const cases: readonly [headers: Record<string, string>, status: number][] = [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `"other", W/${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"other"', 'if-modified-since': modified }, 200],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': before }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
  ];
  for (const [headers, status] of cases) {
    const answer = await ask(port, BRAZIL, { headers });
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.equal(answer.body.length > 0, status === 200);
    assert.equal(answer.headers.etag, etag);
  }
});

test('a HEAD has the headers of the GET and no body', async (t) => {
  const { port } = await serve(t);
  for (const path of [BRAZIL, '/flags/xx/xx.gif']) {
    const [get, head] = [await ask(port, path), await ask(port, path, { method: 'HEAD' })];
    assert.equal(head.status, get.status);
    assert.equal(head.body.length, 0);
    assert.equal(get.headers['content-length'], String(get.body.length));
    assert.deepEqual({ ...head.headers, date: '' }, { ...get.headers, date: '' });
  }
});

test('an etag and a date of change come with each flag, and stay from server to server', async (t) => {
  const [one, two] = [await serve(t), await serve(t)];
  const [first, again, other] = [
    await ask(one.port, BRAZIL),
    await ask(two.port, BRAZIL),
    await ask(one.port, '/flags/ar/ar.gif'),
  ];
  assert.match(first.headers.etag ?? '', /^"[\w-]{16}"$/);
  assert.equal(first.headers.etag, again.headers.etag);
  assert.notEqual(first.headers.etag, other.headers.etag);
  const changed = first.headers['last-modified'] ?? '';
  assert.equal(new Date(changed).toUTCString(), changed);
  assert.equal(changed, again.headers['last-modified']);
});

test('another method is a 405 that tells the two allowed', async (t) => {
  const { port } = await serve(t);
  const answer = await ask(port, BRAZIL, { method: 'DELETE' });
  assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD']);
});

test('one connection serves a flag, a HEAD, a 404 and a flag, one after the other', async (t) => {
  const { port } = await serve(t);
  const agent = keepAlive(t);
  const connections = new Set([
    (await ask(port, BRAZIL, { agent })).connection,
    (await ask(port, BRAZIL, { agent, method: 'HEAD' })).connection,
    (await ask(port, '/nothing', { agent })).connection,
    (await ask(port, BRAZIL, { agent })).connection,
  ]);
  assert.equal(connections.size, 1);
});

test('a delayed answer comes after one that was asked for later', async (t) => {
  const slow = await serve(t, { delayMs: 300 });
  const fast = await serve(t);
  const order: string[] = [];
  await Promise.all([
    ask(slow.port, BRAZIL).then(() => order.push('slow')),
    ask(slow.port, '/nothing').then(() => order.push('slow 404')),
    ask(fast.port, BRAZIL)
      .then(() => ask(fast.port, BRAZIL))
      .then(() => order.push('fast')),
  ]);
  assert.deepEqual([order[0], order.length], ['fast', 3]);
});

test('a seed gives the same 503s and resets for 1,000 requests, about a quarter of them, half of each', async (t) => {
  const next = choices({ delayRate: 1, errorRate: 0.25 }, 1);
  const chosen = Array.from(
    { length: 1000 },
    () => ({ answer: '200', unavailable: '503', reset: 'ECONNRESET' })[next().fate],
  );
  for (const run of ['first', 'second']) {
    const { port } = await serve(t, { errorRate: 0.25, seed: 1 });
    const agent = keepAlive(t);
    const fates: string[] = [];
    for (let request = 0; request < 1000; request++) fates.push(await fateOf(ask(port, BRAZIL, { agent })));
    assert.deepEqual(fates, chosen, run);
  }
  const count = (fate: string): number => chosen.filter((found) => found === fate).length;
  const [unavailable, reset] = [count('503'), count('ECONNRESET')];
  assert.ok(Math.abs(unavailable - 125) < 30 && Math.abs(reset - 125) < 30, `${unavailable} 503s, ${reset} resets`);
});

test('without a seed each server draws its own and tells it, and it repeats what happened', async (t) => {
  const [one, two] = [await serve(t, { errorRate: 0.5 }), await serve(t, { errorRate: 0.5 })];
  assert.notEqual(one.seed, two.seed);
  const again = await serve(t, { errorRate: 0.5, seed: one.seed });
  for (let request = 0; request < 50; request++) {
    assert.equal(await fateOf(ask(again.port, BRAZIL)), await fateOf(ask(one.port, BRAZIL)));
  }
});

test('a reset is a reset on the wire: no byte of an answer, and no orderly end', async (t) => {
  // The first failure of this seed is a reset.
  const { port } = await serve(t, { errorRate: 1, seed: 1 });
  const socket = connect({ host: 'localhost', port });
  const seen: string[] = [];
  socket.on('data', (data) => seen.push(data.toString()));
  socket.on('end', () => seen.push('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => seen.push(error.code ?? ''));
  socket.write(`GET ${BRAZIL} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await new Promise((resolve) => socket.once('close', resolve));
  assert.deepEqual(seen, ['ECONNRESET']);
});

test('closing does not wait for delayed answers', async (t) => {
  const server = await serve(t, { delayMs: 60_000 });
  const arrived = new Promise<void>((resolve) => {
    const listener = (): void => {
      unsubscribe('http.server.request.start', listener);
      resolve();
    };
    subscribe('http.server.request.start', listener);
  });
  const fate = fateOf(ask(server.port, BRAZIL));
  await arrived;
  await server.close();
  assert.equal(await fate, 'ECONNRESET');
});

test('a port in use is a usage error that names it', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(
    startServer({ port }),
    (error) => error instanceof UsageError && error.message.startsWith(`port ${port} is in use`),
  );
});

const OUT_OF_BOUNDS: ServerOptions[] = [
  { port: -1 },
  { port: 65_536 },
  { port: 80.5 },
  { delayMs: -1 },
  { delayMs: 2 ** 31 },
  { delayMs: Number.NaN },
  { delayRate: 1.01 },
  { errorRate: -0.1 },
  { errorRate: 25 },
  { seed: 2 ** 32 },
  { seed: 0.5 },
];
for (const options of OUT_OF_BOUNDS) {
  const [option, value] = Object.entries(options)[0] as [string, number];
  test(`${option} ${value} is a usage error that names both`, async () => {
    await assert.rejects(
      startServer(options).then((server) => server.close()),
      (error) => error instanceof UsageError && error.message === `${option} ${value} is out of bounds`,
    );
  });
}

test('the three servers are those of the book, on the ports of their URLs', () => {
  assert.deepEqual(PRESETS, {
    LOCAL: { port: 8001 },
    DELAY: { port: 8002, delayMs: 500 },
    ERROR: { port: 8003, delayMs: 500, delayRate: 0.5, errorRate: 0.25 },
  });
});
