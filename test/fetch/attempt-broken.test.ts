import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import { Connections } from '../../src/fetch/client.js';
import { answer, END, pause, RESET, type Script, type Step } from '../helpers/raw-server.js';
import { assertFailure, deferred, type Ended, fetchOne, until, withServer } from './recording.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const HALF = 'x'.repeat(50);

describe('an attempt at a broken answer', () => {
  const broken: [what: string, script: () => Script, code: ErrorCode][] = [
    ['a body cut at 50 of 100', () => [`${OK}Content-Length: 100\r\n\r\n${HALF}`, END], 'NET_RESET'],
    [
      'a body cut at 50 of 100 where the connection was to be closed',
      () => [`${OK}Content-Length: 100\r\nConnection: close\r\n\r\n${HALF}`, END],
      'BODY_CUT',
    ],
    ['a body cut at 0 of 100', () => [`${OK}Content-Length: 100\r\nConnection: close\r\n\r\n`, END], 'BODY_CUT'],
    ['a reset in mid-body', () => [`${OK}Content-Length: 100\r\n\r\n${HALF}`, pause(30), RESET], 'NET_RESET'],
    [
      'a reset in mid-body where the connection was to be closed',
      () => [`${OK}Content-Length: 100\r\nConnection: close\r\n\r\n${HALF}`, pause(30), RESET],
      'NET_RESET',
    ],
    ['a reset of a body without a length', () => [`${OK}\r\n${HALF}`, pause(30), RESET], 'NET_RESET'],
    ['a reset in HTTP/1.0', () => [`HTTP/1.0 200 OK\r\n\r\n${HALF}`, pause(30), RESET], 'NET_RESET'],
    ['chunks without an end', () => [`${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, END], 'NET_RESET'],
    [
      'chunks without an end where the connection was to be closed',
      () => [`${OK}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n`, END],
      'BODY_CUT',
    ],
    [
      'a chunk that is cut',
      () => [`${OK}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhel`, END],
      'BODY_CUT',
    ],
    [
      'chunks that are reset',
      () => [`${OK}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n`, pause(30), RESET],
      'NET_RESET',
    ],
    ['a flood of headers', () => flood((i) => `x-${i}: ${HALF}\r\n`), 'HTTP_BROKEN'],
    ['a header that does not end', () => flood(() => HALF, 'x-endless: '), 'HTTP_BROKEN'],
    [
      'more interim answers than anybody needs',
      () => ['HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(150), answer('x')],
      'HTTP_BROKEN',
    ],
    ['nothing, and the end of the connection', () => [END], 'NET_RESET'],
    ['nothing, and a reset', () => [RESET], 'NET_RESET'],
    ['half a header, and the end', () => [`${OK}Content-Le`, END], 'NET_RESET'],
  ];
  for (const [what, script, code] of broken) {
    it(`fails with ${code} for ${what}, and does not use that connection again`, () =>
      withServer(
        { onRequest: ({ number }) => (number === 1 ? script() : [answer('good')]) },
        async (server, connections) => {
          // As the pipeline does: the next request goes out from inside the callback that ends this one.
          const next = deferred<Ended>();
          const ended = await fetchOne(connections, `${server.origin}/a`, {
            onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(next.resolve, next.reject),
          });
          assertFailure(ended, code, new RegExp(`^${server.origin}/a: `));
          assert.deepEqual(await next.promise, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
          assert.deepEqual(
            server.requests.map(({ connection }) => connection),
            [1, 2],
          );
        },
      ));
  }

  const tooLong: [where: string, script: () => Script][] = [
    ['that stays open', () => [`${OK}Content-Length: 50\r\n\r\n${HALF}${HALF}`]],
    ['that is closed', () => [`${OK}Connection: close\r\nContent-Length: 50\r\n\r\n${HALF}${HALF}`, END]],
    ['of HTTP/1.0', () => [`HTTP/1.0 200 OK\r\nContent-Length: 50\r\n\r\n${HALF}${HALF}`, END]],
    ['with the body apart', () => [`${OK}Content-Length: 50\r\n\r\n`, pause(30), HALF + HALF]],
    ['in many pieces', () => [`${OK}Content-Length: 50\r\n\r\n`, pause(30), HALF.slice(9), pause(30), HALF]],
    ['with what looks like another answer', () => [Buffer.concat([answer(HALF), answer('planted')])]],
  ];
  for (const [where, script] of tooLong) {
    for (const strict of [false, true]) {
      const what = strict ? 'refuses, with --strict,' : 'takes 50 of';
      it(`${what} 100 bytes that were announced as 50 on a connection ${where}, and does not use it again`, () =>
        withServer(
          { onRequest: ({ number }) => (number === 1 ? script() : [answer('good')]) },
          async (server, connections) => {
            const next = deferred<Ended>();
            const ended = await fetchOne(connections, `${server.origin}/a`, {
              strict,
              onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(next.resolve, next.reject),
            });
            if (strict) assertFailure(ended, 'BODY_EXCESS', /longer than the server said$/);
            else
              assert.deepEqual(
                { ...ended, chunks: 1 },
                { kind: 'body', text: HALF, chunks: 1, encoding: '', bent: true },
              );
            assert.deepEqual(await next.promise, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
            assert.deepEqual(
              server.requests.map(({ connection }) => connection),
              [1, 2],
            );
          },
        ));
    }
  }

  for (const strict of [false, true]) {
    const what = strict ? 'refuses, with --strict,' : 'takes what was announced of';
    it(`${what} a large body that is longer than that, though its end came while it was paused`, () => {
      const sent = deferred<void>();
      return withServer(
        {
          *onRequest() {
            yield `${OK}Content-Length: 50\r\n\r\n${HALF}`;
            yield pause(30);
            yield 'planted';
            sent.resolve();
          },
        },
        async (server, connections) => {
          let aborted = 0;
          const ended = await fetchOne(connections, `${server.origin}/a`, {
            strict,
            maxWhole: 10,
            openLarge: (onRoom) => ({
              write: () => (void sent.promise.then(() => pause(30)).then(onRoom), false),
              end: () => undefined,
              abort: () => void (aborted += 1),
            }),
          });
          if (strict) assertFailure(ended, 'BODY_EXCESS');
          else assert.deepEqual(ended, { kind: 'large', text: HALF, bent: true });
          assert.equal(aborted, strict ? 1 : 0);
        },
      );
    });
  }

  it('does not use a connection again on which an error had a longer body than announced', () =>
    withServer(
      { onRequest: ({ number }) => [number === 1 ? 'HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nNo!' : answer('x')] },
      async (server, connections) => {
        assert.equal((await fetchOne(connections, `${server.origin}/a`)).kind, 'not_found');
        assert.equal((await fetchOne(connections, `${server.origin}/b`)).kind, 'body');
        assert.equal(server.requests[1]?.connection, 2);
      },
    ));

  const leftOver: [what: string, script: () => Script][] = [
    ['bytes', () => [answer(HALF), pause(30), HALF]],
    ['another answer', () => [answer(HALF), pause(30), answer('planted')]],
    ['another answer after the last chunk', () => [`${chunked(HALF)}HTTP/1.1 200 OK\r\n\r\nplanted`]],
    ['another answer after an empty body', () => [Buffer.concat([answer(''), answer('planted')])]],
  ];
  for (const [what, script] of leftOver) {
    it(`never takes ${what} that nobody asked for as the answer to the next request`, () =>
      withServer(
        { onRequest: ({ number }) => (number === 1 ? script() : [answer('good')]) },
        async (server, connections) => {
          assert.equal((await fetchOne(connections, `${server.origin}/a`)).kind, 'body');
          await until(() => server.open === 0, 'the connection was closed');
          const next = await fetchOne(connections, `${server.origin}/b`);
          assert.deepEqual(next, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
          assert.equal(server.requests[1]?.connection, 2);
        },
      ));
  }

  it('asks again, free of charge, when bytes that nobody asked for come just after the next request', () =>
    withServer(
      {
        onRequest: ({ number }) =>
          number === 1 ? [answer(HALF), pause(30), HALF] : number === 2 ? waiting() : [answer('good')],
      },
      async (server, connections) => {
        const next = deferred<Ended>();
        await fetchOne(connections, `${server.origin}/a`, {
          onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(next.resolve, next.reject),
        });
        assert.deepEqual(await next.promise, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
        assert.equal(server.connections, 2);
      },
    ));

  for (const [what, head] of [
    ['a status line', 'HTTP/1.1 200 '],
    ['a header', `${OK}x-endless: `],
    ['the size of a chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5;`],
    ['a trailer', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-endless: `],
  ] as const) {
    it(`fails in time when ${what} comes byte by byte without end`, () =>
      withServer({ onRequest: () => dripping(head) }, async (server) => {
        const connections = new Connections({ timeout: 200 });
        assertFailure(await fetchOne(connections, `${server.origin}/a`), 'NET_TIMEOUT');
        await until(() => server.open === 0, 'the connection was closed');
        await connections.destroy();
      }));
  }

  it('fails in time when the server stalls before the headers, in mid-body, or in a secure handshake', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/body' ? [`${OK}Content-Length: 100\r\n\r\n${HALF}`] : []) },
      async (server) => {
        const connections = new Connections({ timeout: 100 });
        const [headers, body, handshake] = await Promise.all(
          [`${server.origin}/headers`, `${server.origin}/body`, `https://127.0.0.1:${server.port}/`].map((url) =>
            fetchOne(connections, url),
          ),
        );
        assertFailure(headers, 'NET_TIMEOUT', /did not answer in time/);
        assertFailure(body, 'NET_TIMEOUT', /the body stopped coming/);
        assertFailure(handshake, 'NET_TIMEOUT', /connecting took too long/);
        await connections.destroy();
      },
    ));
});

function* flood(line: (i: number) => string, first = ''): Generator<string> {
  yield OK + first;
  for (let i = 0; ; i += 1) yield line(i);
}

function* dripping(first: string): Generator<Step> {
  yield first;
  for (;;) {
    yield 'x';
    yield pause(20);
  }
}

/** Answers late, so that what the connection brings before is seen first. */
function waiting(): Script {
  return [pause(200), answer('good')];
}

function chunked(body: string): string {
  return `${OK}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}
