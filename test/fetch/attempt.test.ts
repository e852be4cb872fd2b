import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Connections } from '../../src/fetch/client.js';
import { answer, END, pause, type Script } from '../helpers/raw-server.js';
import { assertFailure, deferred, fetchOne, startFetch, until, withServer } from './recording.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const CANCELLED = { code: 'ABORTED', message: 'cancelled', hint: 'none' } as const;

describe('an attempt', () => {
  it('asks for the path and the query of its item, from its host', () =>
    withServer({ onRequest: () => [answer('x')] }, async (server, connections) => {
      await fetchOne(connections, `${server.origin}/a%20b/c?d=e&f#part`, { headers: ['X-Mine', 'yes'] });
      const [request] = server.requests;
      assert.match(request?.head ?? '', /^GET \/a%20b\/c\?d=e&f HTTP\/1\.1\r\n/);
      assert.match(request?.head ?? '', new RegExp(`\r\nhost: 127.0.0.1:${server.port}\r\n`));
      assert.match(request?.head ?? '', /\r\nX-Mine: yes\r\n/);
    }));

  const bodies: [what: string, script: () => Script, text: string][] = [
    ['a body in one piece', () => [answer('hello')], 'hello'],
    ['an empty body', () => [answer('')], ''],
    ['an empty body in chunks', () => [`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`], ''],
    ['headers and body apart', () => [`${OK}Content-Length: 5\r\n\r\n`, pause(20), 'hello'], 'hello'],
    [
      'chunks with extensions and trailers',
      () => [`${OK}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: y\r\n\r\n`],
      'hello',
    ],
    ['a body that ends with the connection', () => [`${OK}\r\nhello`, END], 'hello'],
    ['a body of HTTP/1.0', () => ['HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', END], 'hello'],
    [
      'early hints before the answer',
      () => ['HTTP/1.1 103 Early Hints\r\nLocation: /x\r\n\r\n', answer('hello')],
      'hello',
    ],
    ['every byte in a packet of its own', () => oneByOne(answer('hello'.repeat(20))), 'hello'.repeat(20)],
  ];
  for (const [what, script, text] of bodies) {
    it(`takes ${what}`, () =>
      withServer({ onRequest: script }, async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assert.equal(ended.kind, 'body', JSON.stringify(ended));
        assert.equal(ended.text, text);
        assert.equal(ended.encoding, '');
      }));
  }

  const ends: [what: string, head: string, body: string, proven: boolean][] = [
    ['a length', `${OK}Content-Length: 5\r\n\r\n`, 'hello', true],
    ['no length', `${OK}\r\n`, 'hello', false],
    ['no length in HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\n', 'hello', false],
    ['no length and no bytes', `${OK}\r\n`, '', false],
    ['no length and gzip, which has an end', `${OK}Content-Encoding: gzip\r\n\r\n`, 'any', true],
    ['no length and a coding that does nothing', `${OK}Content-Encoding: identity\r\n\r\n`, 'hello', false],
    [
      'no length and gzip that is the file',
      `${OK}Content-Type: application/gzip\r\nContent-Encoding: gzip\r\n\r\n`,
      'any',
      false,
    ],
  ];
  for (const [what, head, body, proven] of ends) {
    it(`says of ${what} that the end is ${proven ? '' : 'not '}proven`, () =>
      withServer({ onRequest: () => [head + body, END] }, async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assert.equal(ended.kind, 'body', JSON.stringify(ended));
        assert.equal(ended.text, body);
        assert.equal(ended.unproven, proven ? undefined : true);
        const strict = await fetchOne(connections, `${server.origin}/a`, { strict: true });
        if (proven) assert.equal(strict.kind, 'body');
        else assertFailure(strict, 'BODY_UNPROVEN', /may be cut$/);
      }));
  }

  it('does not wait for the end of a body that it refuses for want of a proof', () =>
    withServer({ onRequest: () => endless(`${OK}\r\n`) }, async (server, connections) => {
      assertFailure(await fetchOne(connections, `${server.origin}/a`, { strict: true }), 'BODY_UNPROVEN');
      await until(() => server.open === 0, 'the connection was closed');
    }));

  it('joins chunks of one byte, so that their memory has a bound, and loses none', () => {
    const text = Array.from({ length: 1_000 }, (_, i) => String.fromCharCode(i % 256)).join('');
    const chunked = Array.from(text, (byte) => `1\r\n${byte}\r\n`).join('');
    return withServer(
      { onRequest: () => [`${OK}Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`] },
      async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assert.equal(ended.kind, 'body');
        assert.equal(ended.text, text);
        assert.ok(ended.chunks > 1 && ended.chunks <= 64, `${ended.chunks} chunks`);
      },
    );
  });

  const codings: [headers: string, path: string, encoding: string][] = [
    ['Content-Encoding: gzip\r\n', '/a', 'gzip'],
    ['CONTENT-ENCODING: br\r\n', '/a', 'br'],
    ['Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n', '/a', 'deflate, gzip'],
    ['Content-Encoding: gzip\r\n', '/a.tar.gz?b', ''],
    ['Content-Type: application/x-gzip\r\nContent-Encoding: gzip\r\n', '/a', ''],
    ['Content-Encodink: gzip\r\n', '/a', ''],
  ];
  for (const [headers, path, encoding] of codings) {
    it(`passes on '${encoding}' to undo for ${path} with ${JSON.stringify(headers)}`, () =>
      withServer({ onRequest: () => [answer('x', headers)] }, async (server, connections) => {
        const ended = await fetchOne(connections, server.origin + path);
        assert.equal(ended.kind, 'body');
        assert.equal(ended.encoding, encoding);
      }));
  }

  for (const status of [404, 410]) {
    it(`says of ${status} that there is no such thing`, () =>
      withServer({ onRequest: () => [answer('sorry', '', `${status} No`)] }, async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), { kind: 'not_found', status });
      }));
  }

  for (const status of [201, 206, 300, 304, 400, 403, 416, 429, 500, 503]) {
    it(`fails for ${status}`, () =>
      withServer(
        { onRequest: () => [answer('', 'Retry-After: 7\r\nDate: then\r\n', `${status} No`)] },
        async (server, connections) => {
          const ended = await fetchOne(connections, `${server.origin}/a?b`);
          assertFailure(ended, 'HTTP_STATUS', new RegExp(`^${server.origin}/a\\?b: the server answered ${status}$`));
          assert.ok(ended.kind === 'failure');
          assert.equal(ended.status, status);
          assert.equal(ended.retryAfter, '7');
          assert.equal(ended.date, 'then');
        },
      ));
  }

  for (const status of ['102 Processing', '103 Early Hints']) {
    it(`waits for the answer after ten times ${status}`, () =>
      withServer(
        {
          *onRequest() {
            for (let i = 0; i < 10; i += 1) yield `HTTP/1.1 ${status}\r\nContent-Length: 9\r\nETag: "one"\r\n\r\n`;
            yield pause(20);
            yield answer('there');
          },
        },
        async (server, connections) => {
          for (let i = 0; i < 12; i += 1) {
            const ended = await fetchOne(connections, `${server.origin}/a`);
            assert.deepEqual(ended, { kind: 'body', text: 'there', chunks: 1, encoding: '' });
          }
          assert.equal(server.connections, 1);
        },
      ));
  }

  it('fails for 204, which has no body', () =>
    withServer({ onRequest: () => ['HTTP/1.1 204 No Content\r\n\r\n'] }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`);
      assertFailure(ended, 'HTTP_STATUS', /204/);
    }));

  it('uses a connection again after an error with a short body', () =>
    withServer({ onRequest: () => [answer('x'.repeat(60_000), '', '500 No')] }, async (server, connections) => {
      for (let i = 0; i < 3; i += 1) assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_STATUS');
      assert.equal(server.connections, 1);
    }));

  it('breaks off the body of an error that does not end, and closes its connection', () =>
    withServer({ onRequest: () => endless('HTTP/1.1 404 No\r\n\r\n') }, async (server, connections) => {
      assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), { kind: 'not_found', status: 404 });
      await until(() => server.open === 0, 'the connection was closed');
    }));

  it('gets what a server of Node.js sends', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/whole') response.end('whole');
      else response.write('in ', () => response.end('pieces'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connections = new Connections({ timeout: 60_000 });
    const texts = [];
    for (const path of ['/whole', '/pieces', '/whole']) {
      const ended = await fetchOne(connections, origin + path);
      texts.push(ended.kind === 'body' && ended.text);
    }
    await connections.destroy();
    await new Promise((resolve) => server.close(resolve));
    assert.deepEqual(texts, ['whole', 'in pieces', 'whole']);
  });

  describe('that is cancelled', () => {
    it('before it is connected, fails once with the error it was given', () =>
      withServer({ onRequest: () => [answer('x')] }, async (server, connections) => {
        const running = startFetch(connections, `${server.origin}/a`);
        running.cancel(CANCELLED);
        assertFailure(await running.ended, 'ABORTED');
        await until(() => server.open === 0, 'the connection was closed');
        assert.equal(server.requests.length, 0);
      }));

    it('while it waits for headers, closes the connection', () =>
      withServer({}, async (server, connections) => {
        const running = startFetch(connections, `${server.origin}/a`);
        await until(() => server.requests.length === 1, 'the request was there');
        running.cancel(CANCELLED);
        assertFailure(await running.ended, 'ABORTED');
        await until(() => server.open === 0, 'the connection was closed');
      }));

    it('in the body, closes the connection, and another attempt goes on at once', () =>
      withServer(
        { onRequest: ({ number }) => (number === 1 ? endless(`${OK}\r\n`) : [answer('other')]) },
        async (server, connections) => {
          const begun = deferred<void>();
          const other = deferred<unknown>();
          const running = startFetch(connections, `${server.origin}/a`, {
            openLarge: () => ({ write: () => (begun.resolve(), true), end: () => undefined, abort: () => undefined }),
            onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(other.resolve, other.reject),
          });
          await begun.promise;
          running.cancel(CANCELLED);
          running.cancel({ ...CANCELLED, message: 'again' });
          assertFailure(await running.ended, 'ABORTED', /^cancelled$/);
          assert.deepEqual(await other.promise, { kind: 'body', text: 'other', chunks: 1, encoding: '' });
          assert.equal(server.connections, 2);
          await until(() => server.open === 1, 'the first connection was closed');
        },
      ));

    it('after its end, does nothing', () =>
      withServer({ onRequest: () => [answer('x')] }, async (server, connections) => {
        const running = startFetch(connections, `${server.origin}/a`);
        const ended = await running.ended;
        running.cancel(CANCELLED);
        assert.equal(ended.kind, 'body');
        assert.equal((await fetchOne(connections, `${server.origin}/b`)).kind, 'body');
        assert.equal(server.connections, 1);
      }));
  });

  it('ends the process rather than lose an item when a listener throws', async (t) => {
    const thrown = deferred<unknown>();
    process.setUncaughtExceptionCaptureCallback(thrown.resolve);
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    await withServer({ onRequest: () => [answer('x')] }, async (server, connections) => {
      void fetchOne(connections, `${server.origin}/a`, {
        onEnd: () => {
          throw new Error('a fault of the listener');
        },
      });
      assert.match(String(await thrown.promise), /a fault of the listener/);
    });
  });
});

function* oneByOne(bytes: Uint8Array): Generator<Uint8Array | Promise<void>> {
  for (const byte of bytes) {
    yield Uint8Array.of(byte);
    yield new Promise((resolve) => setImmediate(resolve));
  }
}

function* endless(head: string): Generator<string> {
  yield head;
  for (;;) yield 'x'.repeat(16 << 10);
}
