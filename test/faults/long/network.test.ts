/** Answers that break off, lie or stall, and redirects that lead astray: told of, tried again or not, and never stored. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { noise, text } from '../../helpers/bodies.js';
import { startDeafServer } from '../../helpers/deaf-server.js';
import { limited, noOwnMounts, over } from '../../helpers/faults.js';
import { answer, END, pause, RESET, type Script, startRawServer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';
import { type Bodies, Place } from '../../helpers/soundness.js';
import { thorough } from '../../helpers/thorough.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const HALF = 'x'.repeat(50);
const GZIPPED = gzipSync(text(100_000, 1));
const TRIES = 3;
const timeout = 600_000;

const GOOD: Bodies = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`good${n}`, noise(5_000, n)]));

/** An answer whose encoding does not end. */
function cutGzip(headers: string): (string | Uint8Array)[] {
  return [`${OK}${headers}Content-Encoding: gzip\r\n\r\n`, GZIPPED.subarray(0, 9_000)];
}

function* flood(line: (n: number) => string): Generator<string> {
  yield OK;
  for (let n = 0; ; n += 1) yield line(n);
}

/** By path: the answer, what it is called, and whether that is worth another try. */
const BROKEN: Readonly<Record<string, [script: () => Script, code: string, again: boolean]>> = {
  'cut-at-50-of-100': [() => [`${OK}Content-Length: 100\r\n\r\n${HALF}`, END], 'NET_RESET', true],
  'cut-and-closed': [() => [`${OK}Content-Length: 100\r\nConnection: close\r\n\r\n${HALF}`, END], 'BODY_CUT', true],
  'reset-in-mid-body': [() => [`${OK}Content-Length: 100\r\n\r\n${HALF}`, pause(30), RESET], 'NET_RESET', true],
  'reset-in-a-large-body': [
    () => [`${OK}Content-Length: 9000000\r\n\r\n`, noise(3_000_000, 1), pause(100), RESET],
    'NET_RESET',
    true,
  ],
  'chunks-without-end': [() => [`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, END], 'NET_RESET', true],
  'chunks-closed': [
    () => [`${OK}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n`, END],
    'BODY_CUT',
    true,
  ],
  'gzip-cut-with-its-length': [() => cutGzip('Content-Length: 9000\r\n'), 'BODY_CUT', true],
  'gzip-cut-with-the-connection': [() => [...cutGzip('Connection: close\r\n'), END], 'BODY_CUT', true],
  'gzip-that-is-none': [() => [answer('hello', 'Content-Encoding: gzip\r\n')], 'BODY_ENCODING', false],
  'gzip-in-gzip-in-gzip': [
    () => [answer(gzipSync(gzipSync(GZIPPED)), 'Content-Encoding: gzip, gzip, gzip\r\n')],
    'BODY_ENCODING',
    false,
  ],
  'two-lengths': [() => [`${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`], 'HTTP_BROKEN', false],
  'two-lengths-and-chunks': [
    () => [`${OK}Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    'HTTP_BROKEN',
    false,
  ],
  'nul-in-a-header': [() => [`${OK}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`], 'HTTP_BROKEN', false],
  'header-flood': [() => flood((n) => `x-${n}: ${HALF}\r\n`), 'HTTP_BROKEN', false],
  'endless-header': [() => flood((n) => (n === 0 ? 'x-endless: ' : HALF)), 'HTTP_BROKEN', false],
  'stall-after-headers': [() => [`${OK}Content-Length: 100\r\n\r\n`], 'NET_TIMEOUT', true],
};

const KINDS = [['files'], ['files by libuv', '--executor', 'libuv'], ['shards', '--layout', 'tar']] as const;

for (const [kind, ...options] of thorough ? KINDS : KINDS.slice(0, 1)) {
  test(
    `broken answers, ${kind}: each an error of its kind, tried again where it helps; the others go on`,
    { timeout },
    async (t) => {
      await using server = await startRawServer({
        onRequest: ({ path }) => {
          const name = path.slice(1);
          return BROKEN[name]?.[0]() ?? [answer(GOOD[name] as Uint8Array)];
        },
      });
      const place = new Place(t);
      // A good one after each broken one, on connections that must not have been spoilt.
      const names = Object.keys(BROKEN).flatMap((name, n) => [name, `good${n % 10}`]);
      const { status, stderr, report } = await place.get(
        ['-i', '-', '-m', '4', '--tries', String(TRIES), '--timeout', '1', '-v', ...options],
        { input: [...new Set(names)].map((name) => `${server.origin}/${name}\n`).join('') },
      );
      assert.equal(status, 1, stderr);
      const failures = report?.failures.map(({ url, code }) => [url.slice(server.origin.length + 1), code]);
      assert.deepEqual(
        Object.fromEntries(failures ?? []),
        Object.fromEntries(Object.entries(BROKEN).map(([name, [, code]]) => [name, code])),
      );
      for (const [name, [, , again]] of Object.entries(BROKEN)) {
        const asked = server.requests.filter(({ path }) => path === `/${name}`).length;
        // Once more, free of charge, where a used connection may have been at fault, and once to be read leniently.
        assert.ok(again ? asked >= TRIES && asked <= 2 * TRIES : asked <= 3, `${name} was asked for ${asked} times`);
        assert.match(stderr, new RegExp(`^\\*\\*\\* Error for ${server.origin}/${name}: `, 'm'));
      }
      assert.equal(report?.ok, 10);
      if (kind === 'shards') place.assertSurroundings();
      else place.assertSound(GOOD);
    },
  );
}

test(
  'a reset of a body without a length is never taken for its end: an error, or at the least unproven',
  { timeout },
  async (t) => {
    await using server = await startRawServer({ onRequest: () => [`${OK}\r\n${HALF}`, pause(30), RESET] });
    const urls = Array.from({ length: 20 }, (_, n) => `${server.origin}/f${n}`);
    const place = new Place(t);
    const { stderr, report } = await place.get(['--tries', '1', ...urls]);
    // Node takes a reset that comes together with the last bytes for the end of the connection.
    assert.equal(report?.ok, Number(/^(\d+) of (?:them|it) unproven/m.exec(stderr)?.[1] ?? 0), stderr);
    const strict = await place.get(['--strict', '--overwrite', '-d', 'd', '--no-journal', '--tries', '1', ...urls]);
    assert.deepEqual([strict.status, strict.report?.ok, strict.report?.errors], [1, 0, 20], strict.stderr);
  },
);

describe('redirects', { timeout }, () => {
  const astray: Readonly<Record<string, string>> = {
    loop: '/loop',
    'loop-of-two': '/back',
    back: '/loop-of-two',
    file: 'file:///etc/passwd',
    data: 'data:text/plain,hello',
    gopher: 'gopher://127.0.0.1/',
    javascript: 'javascript:alert(1)',
    nowhere: 'http://',
  };

  test('that lead in circles, too far or elsewhere than http(s) are errors, not tried again', async (t) => {
    await using server = await startRawServer({
      onRequest: ({ path }) => {
        const name = path.slice(1);
        const step = /^chain(\d+)$/.exec(name)?.[1];
        const location = step === undefined ? astray[name] : step === '0' ? undefined : `/chain${Number(step) - 1}`;
        return [location === undefined ? answer('there') : answer('', `Location: ${location}\r\n`, '302 Found')];
      },
    });
    const place = new Place(t);
    const names = [...Object.keys(astray), 'chain11', 'chain10'];
    const { status, stderr, report } = await place.get(names.map((name) => `${server.origin}/${name}`));
    assert.equal(status, 1, stderr);
    assert.deepEqual([report?.ok, report?.causes], [1, { HTTP_REDIRECT: names.length - 1 }]);
    // Every chain of ten and its end, each once: the loops, of which one has two ways in, eleven requests each.
    assert.equal(server.requests.filter(({ path }) => path === '/loop').length, 11);
    assert.equal(server.requests.filter(({ path }) => path === '/chain11').length, 1);
    for (const name of ['file', 'data', 'gopher']) {
      assert.equal(server.requests.filter(({ path }) => path === `/${name}`).length, 1, name);
      assert.match(stderr, new RegExp(`/${name}: a redirect to ${name}:, which is neither http nor https`));
    }
    place.assertSound({ chain10: Buffer.from('there') });
  });

  test('to another origin take no secret there, and none shows on the terminal', async (t) => {
    await using other = await startRawServer({ onRequest: () => [answer('there')] });
    await using server = await startRawServer({
      onRequest: ({ path }) => [answer('', `Location: ${other.origin}${path}?from=elsewhere\r\n`, '302 Found')],
    });
    const place = new Place(t);
    const secrets = [
      's0meone',
      'passw0rd',
      's3ssion',
      't0ken',
      'k3y',
      Buffer.from('s0meone:passw0rd').toString('base64'),
    ];
    const { status, stdout, stderr } = await place.get([
      '-v',
      '--header=Cookie: s3ssion',
      '--header=X-Key: k3y',
      '--header=Proxy-Authorization: t0ken',
      `http://s0meone:passw0rd@127.0.0.1:${server.port}/a`,
      // The same server by another name is another origin as well.
      `http://s0meone:passw0rd@localhost:${server.port}/b`,
    ]);
    assert.equal(status, 0, stderr);
    const [first] = server.requests;
    for (const secret of ['s3ssion', 'k3y', secrets.at(-1) as string]) assert.ok(first?.head.includes(secret), secret);
    assert.equal(other.requests.length, 2);
    for (const { head } of other.requests) {
      for (const secret of secrets) {
        assert.ok(!head.includes(secret), head);
        // The name of the user may be seen, but where it may be a token.
        if (secret !== 's0meone') assert.ok(!`${stdout}${stderr}`.includes(secret), secret);
      }
    }
    const there = Buffer.from('there');
    place.assertSound({ a: there, b: there });
  });
});

test('a URL that fails is told of without its password, in the report too', { timeout }, async (t) => {
  await using server = await startRawServer({ onRequest: () => [answer('no', '', '403 Forbidden')] });
  const place = new Place(t);
  const { stdout, stderr, report } = await place.get(['-v', `http://s0meone:passw0rd@127.0.0.1:${server.port}/a`]);
  assert.equal(report?.failures.length, 1);
  for (const text of [stdout, stderr, JSON.stringify(report)]) assert.doesNotMatch(text, /passw0rd/);
});

test('a server that takes no connections leaves the files that may be open to the others', { timeout }, async (t) => {
  await using deaf = await startDeafServer();
  await using server = await startRawServer({ onRequest: ({ path }) => [answer(GOOD[path.slice(1)] as Uint8Array)] });
  const place = new Place(t);
  const silent = Array.from({ length: 300 }, (_, n) => `${deaf.origin}/${n}`);
  const good = Object.keys(GOOD).map((name) => `${server.origin}/${name}`);
  const options = ['-i', '-', '-m', '100', '--max-time', '1', '--tries', '1', '--executor', 'inline'];
  const { status, stderr, report } = await place.get(options, {
    input: [...silent, ...good].join('\n'),
    within: limited('-n 300'),
  });
  assert.equal(status, 1, stderr);
  assert.deepEqual([report?.ok, report?.causes], [good.length, { NET_TIMEOUT: silent.length }]);
  place.assertSound(GOOD);
});

describe('names of hosts', { timeout }, () => {
  test('that do not exist fail, and the others go on', async (t) => {
    await using server = await startRawServer({ onRequest: ({ path }) => [answer(GOOD[path.slice(1)] as Uint8Array)] });
    const place = new Place(t);
    const urls = Object.keys(GOOD).flatMap((name) => [`http://${name}.invalid/x`, `${server.origin}/${name}`]);
    const { status, stderr, report } = await place.get(['-i', '-', '--tries', '1'], { input: urls.join('\n') });
    assert.equal(status, 1, stderr);
    assert.equal(report?.ok, 10);
    // Without a name server at all, there is no telling.
    for (const { code } of report?.failures ?? []) assert.match(code, /^NET_(?:DNS|TIMEOUT)$/);
    assert.equal(report?.errors, 10);
    place.assertSound(GOOD);
  });

  test(
    'that a silent name server does not tell fail in time, and the others go on',
    { skip: noOwnMounts },
    async (t) => {
      const silent = createSocket('udp4');
      t.after(() => silent.close());
      let asked = 0;
      silent.on('message', () => (asked += 1));
      try {
        silent.bind(53, '127.0.0.77');
        await once(silent, 'listening');
      } catch {
        t.skip('the port of name servers cannot be had');
        return;
      }
      const resolv = join(scratch(t), 'resolv.conf');
      writeFileSync(resolv, 'nameserver 127.0.0.77\noptions timeout:4 attempts:1\n');
      await using server = await startRawServer({
        onRequest: ({ path }) => [answer(GOOD[path.slice(1)] as Uint8Array)],
      });
      const place = new Place(t);
      const urls = Object.keys(GOOD).flatMap((name) => [`http://${name}.example/x`, `${server.origin}/${name}`]);
      const { status, stderr, report } = await place.get(['-i', '-', '--tries', '1', '--timeout', '1', '-m', '4'], {
        input: urls.join('\n'),
        within: over('/etc/resolv.conf', resolv),
      });
      assert.equal(status, 1, stderr);
      assert.deepEqual([report?.ok, report?.causes], [10, { NET_TIMEOUT: 10 }]);
      assert.ok(asked > 0);
      place.assertSound(GOOD);
    },
  );
});
