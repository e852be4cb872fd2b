import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer, type Script } from '../helpers/raw-server.js';
import { assertFailure, fetchOne, until, withServer } from './recording.js';

const OK = 'HTTP/1.1 200 OK\r\n';

/** Chunks without an end: only the other side can end them. */
function* endlessChunks(): Script & Generator<string> {
  yield `${OK}Transfer-Encoding: chunked\r\n\r\n`;
  for (;;) yield `400\r\n${'x'.repeat(1024)}\r\n`;
}

describe('an attempt at a body that is larger than allowed', () => {
  it('is broken off at its headers when they tell, before anything of the body came', async () => {
    await withServer({ onRequest: () => [`${OK}Content-Length: 1001\r\n\r\n`] }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`, { maxBodySize: 1000 });
      assertFailure(ended, 'BODY_TOO_LARGE', /\/a: the body is larger than 1000 bytes/);
      await until(() => server.open === 0, 'the connection is closed');
    });
  });

  for (const maxWhole of [500, 64 << 10]) {
    it(`is broken off as soon as more has come, where parts are larger than ${maxWhole} bytes`, async () => {
      await withServer({ onRequest: endlessChunks }, async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`, { maxBodySize: 100_000, maxWhole });
        assertFailure(ended, 'BODY_TOO_LARGE', /larger than 100000 bytes/);
        await until(() => server.open === 0, 'the connection is closed');
      });
    });
  }

  it('goes on to the end where it has just the size that is allowed', async () => {
    await withServer({ onRequest: () => [answer('x'.repeat(1000))] }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`, { maxBodySize: 1000 });
      assert.equal(ended.kind === 'body' && ended.text.length, 1000);
    });
  });

  it('is left to the store where the body has a coding: its size is known only when that is undone', async () => {
    const script = (): Script => [answer('x'.repeat(1001), 'Content-Encoding: gzip\r\n')];
    await withServer({ onRequest: script }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`, { maxBodySize: 1000 });
      assert.equal(ended.kind === 'body' && ended.encoding, 'gzip');
    });
  });

  it('is passed over where nobody wants the body: a status that is no success, a redirect', async () => {
    const onRequest = ({ path }: { path: string }): Script =>
      path === '/from'
        ? [answer('x'.repeat(2000), 'Location: /gone\r\n', '302 Found')]
        : [answer('x'.repeat(2000), '', '404 Not Found')];
    await withServer({ onRequest }, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/from`, { maxBodySize: 1000 });
      assert.equal(ended.kind, 'not_found');
    });
  });
});
