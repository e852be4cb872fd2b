import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import { answer, END, pause, RESET, type Script } from '../helpers/raw-server.js';
import { assertFailure, deferred, type Ended, fetchOne, withServer } from './recording.js';

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
    ['a chunk without a size', () => [`${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n`], 'HTTP_BROKEN'],
    ['two Content-Lengths', () => [`${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`], 'HTTP_BROKEN'],
    [
      'the same Content-Length twice',
      () => [`${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
      'HTTP_BROKEN',
    ],
    ['a list of Content-Lengths', () => [`${OK}Content-Length: 5, 6\r\n\r\nhello!`], 'HTTP_BROKEN'],
    ['a negative Content-Length', () => [`${OK}Content-Length: -5\r\n\r\nhello`], 'HTTP_BROKEN'],
    [
      'a Content-Length beyond all bounds',
      () => [`${OK}Content-Length: ${'9'.repeat(30)}\r\n\r\nhello`],
      'HTTP_BROKEN',
    ],
    [
      'a length and chunks',
      () => [`${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
      'HTTP_BROKEN',
    ],
    [
      'chunks and a length',
      () => [`${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
      'HTTP_BROKEN',
    ],
    ['a flood of headers', () => flood((i) => `x-${i}: ${HALF}\r\n`), 'HTTP_BROKEN'],
    ['a header that does not end', () => flood(() => HALF, 'x-endless: '), 'HTTP_BROKEN'],
    ['something that is not HTTP', () => ['220 mail.example ESMTP\r\n'], 'HTTP_BROKEN'],
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

  const excess: [what: string, script: () => Script][] = [
    ['together with it', () => [`${OK}Content-Length: 50\r\n\r\n${HALF}${HALF}`]],
    ['later', () => [`${OK}Content-Length: 50\r\n\r\n${HALF}`, pause(30), HALF]],
  ];
  for (const [when, script] of excess) {
    it(`takes 50 of 100 bytes that were announced as 50, and spares the next item when the rest comes ${when}`, () =>
      withServer(
        { onRequest: ({ number }) => (number === 1 ? script() : number === 2 ? waiting() : [answer('good')]) },
        async (server, connections) => {
          const next = deferred<Ended>();
          const ended = await fetchOne(connections, `${server.origin}/a`, {
            onEnd: () => void fetchOne(connections, `${server.origin}/b`).then(next.resolve, next.reject),
          });
          assert.deepEqual(ended, { kind: 'body', text: HALF, chunks: 1, encoding: '' });
          assert.deepEqual(await next.promise, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
          assert.equal(server.connections, 2);
        },
      ));
  }

  it('fails in time when the server stalls before the headers, in mid-body, or in a secure handshake', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/body' ? [`${OK}Content-Length: 100\r\n\r\n${HALF}`] : []) },
      async (server) => {
        const { Connections } = await import('../../src/fetch/client.js');
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

/** Answers late, so that what the connection brings before is seen first. */
function waiting(): Script {
  return [pause(200), answer('good')];
}
