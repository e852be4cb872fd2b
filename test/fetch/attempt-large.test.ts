import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BodyWriter } from '../../src/body.js';
import { END, pause, RESET, type Script, type Step } from '../helpers/raw-server.js';
import { deferred, fetchOne, startFetch, until, withServer } from './recording.js';

const MAX_WHOLE = 1_000;
const PIECE = 64 << 10;

/** A writer that has room for one chunk at a time, and is given more by `makeRoom`. */
class NarrowWriter implements BodyWriter {
  readonly began = deferred<void>();
  bytes = 0;
  writes = 0;
  ended = 0;
  aborted = 0;
  makeRoom: () => void = () => undefined;

  readonly open = (onRoom: () => void): BodyWriter => {
    this.makeRoom = onRoom;
    return this;
  };

  write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    this.writes += 1;
    this.began.resolve();
    return false;
  }

  end(): void {
    this.ended += 1;
  }

  abort(): void {
    this.aborted += 1;
  }
}

describe('a body larger than is held whole', () => {
  for (const [length, kind] of [
    [MAX_WHOLE, 'body'],
    [MAX_WHOLE + 1, 'large'],
  ] as const) {
    it(`of ${length} bytes ends as '${kind}' when ${MAX_WHOLE} are held`, () =>
      withServer(
        { onRequest: () => [`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`, ...pieces(length, 100)] },
        async (server, connections) => {
          const ended = await fetchOne(connections, `${server.origin}/a`, { maxWhole: MAX_WHOLE });
          assert.equal(ended.kind, kind);
          assert.ok('text' in ended);
          assert.equal(ended.text, pattern(length));
        },
      ));
  }

  it('is passed on whole and in order, the chunks that came first included', () =>
    withServer({ onRequest: () => large(3_000_000) }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`, { maxWhole: 200_000 });
      assert.equal(ended.kind, 'large');
      assert.equal(ended.text.length, 3_000_000);
      assert.equal(ended.text, pattern(3_000_000));
    }));

  it('waits while the writer has no room, and holds the server up', () => {
    const size = 64 << 20;
    let sent = 0;
    function* counted(): Generator<Step> {
      yield `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
      for (; sent < size; sent += PIECE) yield new Uint8Array(PIECE);
    }
    return withServer({ onRequest: counted }, async (server, connections) => {
      const writer = new NarrowWriter();
      const running = startFetch(connections, `${server.origin}/a`, { maxWhole: MAX_WHOLE, openLarge: writer.open });
      await writer.began.promise;
      const { bytes } = writer;
      let before;
      do {
        before = sent;
        await pause(50);
      } while (sent > before);
      assert.equal(writer.bytes, bytes);
      assert.equal(writer.writes, 1);
      assert.ok(sent < size, 'the server could send it all');
      writer.makeRoom();
      writer.makeRoom();
      await until(() => writer.writes === 2, 'it went on');
      await pause(20);
      assert.equal(writer.writes, 2);
      running.cancel({ code: 'ABORTED', message: 'enough', hint: 'none' });
      await running.ended;
      assert.deepEqual([writer.ended, writer.aborted], [0, 1]);
      writer.makeRoom();
      await until(() => server.open === 0, 'the connection was closed');
      assert.equal(writer.writes, 2);
    });
  });

  it('comes whole through a writer that has room for one chunk at a time', () =>
    withServer({ onRequest: () => large(2_000_000) }, async (server, connections) => {
      const writer = new NarrowWriter();
      const running = startFetch(connections, `${server.origin}/a`, { maxWhole: MAX_WHOLE, openLarge: writer.open });
      const timer = setInterval(() => writer.makeRoom(), 1);
      const ended = await running.ended;
      clearInterval(timer);
      assert.equal(ended.kind, 'large');
      assert.equal(ended.text, pattern(2_000_000));
      assert.deepEqual([writer.ended, writer.aborted], [1, 0]);
      // And its connection is as good as new.
      await fetchOne(connections, `${server.origin}/b`);
      assert.equal(server.connections, 1);
    }));

  const broken: [what: string, head: string, last: Step][] = [
    ['is cut', 'Content-Length: 500000\r\n', END],
    ['is cut', 'Content-Length: 500000\r\nConnection: close\r\n', END],
    ['is cut', 'Transfer-Encoding: chunked\r\nConnection: close\r\n', END],
    ['is reset', 'Content-Length: 500000\r\n', RESET],
    ['is reset', 'Content-Length: 500000\r\nConnection: close\r\n', RESET],
    ['is reset', 'Transfer-Encoding: chunked\r\nConnection: close\r\n', RESET],
    ['is reset', 'Connection: close\r\n', RESET],
  ];
  for (const isPaused of [false, true]) {
    for (const [what, headers, last] of broken) {
      it(`fails once and aborts the writer when it ${what}${isPaused ? ' while paused' : ''}, with ${JSON.stringify(headers)}`, () =>
        withServer(
          {
            *onRequest() {
              yield `HTTP/1.1 200 OK\r\n${headers}\r\n`;
              if (headers.startsWith('Transfer')) yield '7a120\r\n';
              // Fits the client's buffers: so the end of the connection is seen while the body is paused.
              yield new Uint8Array(40_000);
              yield pause(30);
              yield last;
            },
          },
          async (server, connections) => {
            const writer = new NarrowWriter();
            const options = isPaused ? { openLarge: writer.open } : { openLarge: () => roomy(writer) };
            const running = startFetch(connections, `${server.origin}/a`, { maxWhole: MAX_WHOLE, ...options });
            const ended = await running.ended;
            assert.ok(
              ended.kind === 'failure' && ['NET_RESET', 'BODY_CUT'].includes(ended.error.code),
              JSON.stringify(ended),
            );
            assert.deepEqual([writer.ended, writer.aborted], [0, 1]);
          },
        ));
    }
  }

  for (const headers of [
    'Content-Length: 40000\r\n',
    'Content-Length: 40000\r\nConnection: close\r\n',
    'Connection: close\r\n',
  ]) {
    it(`is whole when the server closes after its last byte while it is paused, with ${JSON.stringify(headers)}`, () =>
      withServer(
        { onRequest: () => [`HTTP/1.1 200 OK\r\n${headers}\r\n`, pattern(40_000), END] },
        async (server, connections) => {
          const writer = new NarrowWriter();
          const ended = await fetchOne(connections, `${server.origin}/a`, {
            maxWhole: MAX_WHOLE,
            openLarge: writer.open,
          });
          assert.equal(ended.kind, 'large', JSON.stringify(ended));
          assert.equal(ended.text, pattern(40_000));
          assert.deepEqual([writer.ended, writer.aborted], [1, 0]);
        },
      ));
  }
});

function roomy(writer: NarrowWriter): BodyWriter {
  return {
    write: (chunk) => {
      writer.write(chunk);
      return true;
    },
    end: () => writer.end(),
    abort: () => writer.abort(),
  };
}

/** Bytes that show when any of them is lost or out of order. */
function pattern(length: number): string {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32BE(i, i);
  return bytes.toString('latin1');
}

function pieces(length: number, size: number): string[] {
  const text = pattern(length);
  return Array.from({ length: Math.ceil(length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}

function large(length: number): Script {
  return [`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`, ...pieces(length, PIECE)];
}
