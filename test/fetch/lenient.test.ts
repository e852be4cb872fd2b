/** What is read leniently, and how: bodies of any size, paused and broken off; heads cut anywhere. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { bodyReader } from '../../src/fetch/lenient/body.js';
import { BrokenAnswer } from '../../src/fetch/lenient/broken.js';
import { endOfHead, readHead } from '../../src/fetch/lenient/head.js';
import { StallWatchdog } from '../../src/fetch/stall-watchdog.js';
import { Connections } from '../../src/fetch/client.js';
import { answer, pause, type Step } from '../helpers/raw-server.js';
import { assertFailure, fetchOne, startFetch, until, withServer } from './recording.js';

const FOLDED = 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n';
const LARGE = 'x'.repeat(300_000);
const STOPPED = { code: 'ABORTED', message: 'stopped', hint: 'none' } as const;

describe('an answer that is read leniently', () => {
  for (const [what, bytes] of [
    ['with a length', `${FOLDED}Content-Length: ${LARGE.length}\r\n\r\n${LARGE}`],
    ['in chunks', `${FOLDED}Transfer-Encoding: chunked\r\n\r\n${chunks(LARGE, 7_001)}0\r\n\r\n`],
    ['with more than its length', `${FOLDED}Content-Length: ${LARGE.length}\r\n\r\n${LARGE}planted`],
  ] as const) {
    it(`may be large, ${what}, and is paused where the storage is slow`, () =>
      withServer({ onRequest: () => [bytes] }, async (server, connections) => {
        let pauses = 0;
        const ended = await fetchOne(connections, `${server.origin}/a`, {
          maxWhole: 10_000,
          openLarge: (onRoom) => ({
            write: () => {
              pauses += 1;
              if (pauses % 3 !== 0) return true;
              setTimeout(onRoom, 1);
              return false;
            },
            end: () => undefined,
            abort: () => assert.fail('nothing broke off'),
          }),
        });
        assert.deepEqual(ended, { kind: 'large', text: LARGE, bent: true });
        assert.ok(pauses > 3, `${pauses} pauses`);
      }));
  }

  it('is begun anew where a body broke the rules in its middle, and what was written of it is given up', () =>
    withServer(
      {
        onRequest: () => [
          `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(LARGE, 50_000)}`,
          pause(30),
          '5\nhello\n0\n\n',
        ],
      },
      async (server, connections) => {
        const ends: string[] = [];
        const ended = await fetchOne(connections, `${server.origin}/a`, {
          maxWhole: 10_000,
          openLarge: () => ({ write: () => true, end: () => ends.push('end'), abort: () => ends.push('abort') }),
        });
        assert.deepEqual(ended, { kind: 'large', text: `${LARGE}hello`, bent: true });
        assert.deepEqual(ends, ['abort', 'end']);
        assert.equal(server.requests.length, 2);
      },
    ));

  it('may be no larger than a body may be, with a length or without', async () => {
    for (const head of [`${FOLDED}Content-Length: ${LARGE.length}\r\n\r\n`, `${FOLDED}\r\n`]) {
      await withServer({ onRequest: () => [head + LARGE] }, async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`, { maxBodySize: 1_000 });
        assertFailure(ended, 'BODY_TOO_LARGE');
        await until(() => server.open === 0, 'the connection was closed');
      });
    }
  });

  it('is asked for with the same headers and no others', () =>
    withServer({ onRequest: () => [`${FOLDED}Content-Length: 0\r\n\r\n`] }, async (server, connections) => {
      const headers = ['X-Own', 'ö', 'User-Agent', 'mine', 'Connection', 'keep-alive'];
      await fetchOne(connections, `${server.origin}/a?b=c`, { headers });
      const [strict, lenient] = server.requests.map(({ head }) =>
        head
          .split('\r\n')
          .filter((line) => !/^connection:/i.test(line))
          .map((line) => line.toLowerCase())
          .sort(),
      );
      assert.deepEqual(lenient, strict);
      assert.match(server.requests[1]?.head ?? '', /^connection: close$/im);
    }));

  it('is followed where it leads, and what it leads to may break the rules, too', () =>
    withServer(
      {
        onRequest: ({ path }) =>
          path === '/a'
            ? ['HTTP/1.1 302 Found\nLocation: /b\nSet-Cookie: c=d\nContent-Length: 0\n\n']
            : ['HTTP/1.1 200 OK\nContent-Length: 5\n\nthere'],
      },
      async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assert.deepEqual(ended, { kind: 'body', text: 'there', chunks: 1, encoding: '', bent: true });
        assert.match(server.requests.at(-1)?.head ?? '', /^cookie: c=d$/im);
      },
    ));

  it('tells a status that is none of success', () =>
    withServer(
      { onRequest: () => [`HTTP/1.1 503 Busy\nRetry-After: 7\nContent-Length: 0\n\n`] },
      async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assertFailure(ended, 'HTTP_STATUS');
        assert.equal(ended.kind === 'failure' && ended.retryAfter, '7');
      },
    ));

  it('is ended when its attempt is, wherever it is', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/head' ? ['HTTP/1.1 200 OK\nX: '] : [`${FOLDED}\r\nhello`]) },
      async (server, connections) => {
        for (const path of ['/head', '/body']) {
          for (const wait of [0, 1, 2]) {
            const before = server.requests.length;
            const running = startFetch(connections, `${server.origin}${path}`);
            await until(
              () => server.requests.length >= before + (path === '/head' ? 1 : wait > 0 ? 2 : 1),
              'it was asked for',
            );
            running.cancel(STOPPED);
            assertFailure(await running.ended, 'ABORTED');
          }
        }
        await until(() => server.open === 0, 'all connections were closed');
      },
    ));

  it('is ended with the connections', () =>
    withServer({ onRequest: () => [`${FOLDED}\r\nhello`] }, async (server, connections) => {
      const running = startFetch(connections, `${server.origin}/a`);
      await until(() => server.requests.length === 2, 'it was asked for once more');
      await connections.destroy();
      assertFailure(await running.ended, 'NET_OTHER');
      await until(() => server.open === 0, 'all connections were closed');
    }));

  for (const [what, steps, message] of [
    ['headers', [`${FOLDED}X: `], /did not answer in time/],
    ['body', [`${FOLDED}Content-Length: 100\r\n\r\nhello`], /the body stopped coming/],
    ['chunk', [`${FOLDED}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`], /the body stopped coming/],
  ] as const) {
    it(`fails in time when it stalls in its ${what}`, () =>
      withServer({ onRequest: () => steps as readonly Step[] }, async (server) => {
        const connections = new Connections({ timeout: 150 });
        const first = fetchOne(connections, `${server.origin}/a`);
        assertFailure(await first, 'NET_TIMEOUT', message);
        await until(() => server.open === 0, 'the connection was closed');
        await connections.destroy();
      }));
  }

  it('fails in time when it comes byte by byte without end', () =>
    withServer(
      {
        onRequest: function* () {
          yield `${FOLDED}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5;`;
          for (;;) {
            yield 'x';
            yield pause(20);
          }
        },
      },
      async (server) => {
        const connections = new Connections({ timeout: 150 });
        assertFailure(await fetchOne(connections, `${server.origin}/a`), 'NET_TIMEOUT');
        await until(() => server.open === 0, 'the connection was closed');
        await connections.destroy();
      },
    ));

  it('is under the same bounds of time', () =>
    withServer({ onRequest: () => [`${FOLDED}Content-Length: 100\r\n\r\nhello`] }, async (server, connections) => {
      const limit = { timeLeft: 300 };
      const watchdog = new StallWatchdog({ timeout: 60_000, lowestSpeed: 0 }, 300);
      assertFailure(await fetchOne(connections, `${server.origin}/a`, { limit, watchdog }), 'NET_TIMEOUT');
      watchdog.stop();
    }));

  it('does not make the next one lenient', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/a' ? [`${FOLDED}Content-Length: 1\r\n\r\nx`] : [answer('good')]) },
      async (server, connections) => {
        await fetchOne(connections, `${server.origin}/a`);
        for (const path of ['/b', '/c']) {
          const ended = await fetchOne(connections, server.origin + path);
          assert.deepEqual(ended, { kind: 'body', text: 'good', chunks: 1, encoding: '' });
        }
        assert.deepEqual(
          server.requests.map(({ connection }) => connection),
          [1, 2, 3, 3],
        );
      },
    ));
});

describe('the lenient reader', () => {
  const heads = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    'HTTP/1.1 200 OK\nX: a\n b\nContent-Length: 5\n\n',
    '\r\n\nHTTP/1.1 200\r\nTransfer-Encoding:\r\n\tchunked\r\n\n',
  ];

  it('finds the end of a head wherever it is cut', () => {
    for (const head of heads) {
      for (let end = 0; end < head.length; end += 1) {
        assert.equal(endOfHead(Buffer.from(head.slice(0, end))), undefined, JSON.stringify(head.slice(0, end)));
      }
      for (const more of ['', '\n', '\r\n\r\n', 'x']) assert.equal(endOfHead(Buffer.from(head + more)), head.length);
    }
  });

  it('gives the same body in whatever pieces the chunks come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 })),
        fc.array(fc.constantFrom('\n', '\r\n')),
        fc.integer({ min: 1, max: 50 }),
        (pieces, ends, size) => {
          const end = (at: number): Buffer => Buffer.from(ends[at % (ends.length || 1)] ?? '\r\n');
          const framed = pieces.flatMap((piece, at) => [
            Buffer.from(piece.length.toString(16)),
            end(at),
            piece,
            end(at + 1),
          ]);
          const bytes = Buffer.concat([...framed, Buffer.from('0'), end(0), end(1)]);
          const { body, left } = readAll(bytes, size);
          assert.deepEqual(body, Buffer.concat(pieces));
          assert.equal(left, 0);
        },
      ),
    );
  });

  it('refuses what it cannot read, and nothing else goes wrong', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...heads,
        'HTTP/1.1 ',
        '200',
        ' ',
        '\t',
        '\r\n',
        '\n',
        ':',
        'Content-Length',
        'chunked',
        '5',
        '\0',
        ';',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        try {
          const end = endOfHead(bytes);
          if (end === undefined) return;
          const { framing, headers, status } = readHead(bytes.subarray(0, end));
          assert.ok(status >= 100 && status <= 999);
          assert.ok(headers.every((text) => !/[\r\n\0]/.test(text.toString('latin1'))));
          const reader = bodyReader(framing);
          for (let rest = bytes.subarray(end); rest.length > 0 && !reader.isWhole;) {
            const { count } = reader.take(rest);
            assert.ok(count > 0 && count <= rest.length);
            rest = rest.subarray(count);
          }
        } catch (error) {
          if (!(error instanceof BrokenAnswer)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

function readAll(bytes: Buffer, size: number): { body: Buffer; left: number } {
  const reader = bodyReader({ by: 'chunks' });
  const body: Buffer[] = [];
  let left = 0;
  for (let from = 0; from < bytes.length; from += size) {
    let rest = bytes.subarray(from, from + size);
    while (rest.length > 0 && !reader.isWhole) {
      const { count, piece } = reader.take(rest);
      if (piece !== undefined) body.push(piece);
      rest = rest.subarray(count);
    }
    left += rest.length;
  }
  assert.ok(reader.isWhole);
  return { body: Buffer.concat(body), left };
}

function chunks(body: string, size: number): string {
  let framed = '';
  for (let from = 0; from < body.length; from += size) {
    const piece = body.slice(from, from + size);
    framed += `${piece.length.toString(16)}\r\n${piece}\r\n`;
  }
  return framed;
}
