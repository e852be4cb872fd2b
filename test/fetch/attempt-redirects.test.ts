import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connections } from '../../src/fetch/client.js';
import { StallWatchdog } from '../../src/fetch/stall-watchdog.js';
import { connecting, startDeafServer } from '../helpers/deaf-server.js';
import { answer, pause, type RawRequest, type Script, startRawServer } from '../helpers/raw-server.js';
import { assertFailure, fetchOne, until, withServer } from './recording.js';

function redirect(location: string, body = '', status = 302): Script {
  return [answer(body, `Location: ${location}\r\n`, `${status} Found`)];
}

function found(text: string): unknown {
  return { kind: 'body', text, chunks: 1, encoding: '' };
}

/** `/n` leads to `/n-1`, and `/0` is there. */
function countdown({ path }: RawRequest): Script {
  const left = Number(path.slice(1));
  return left === 0 ? [answer('there')] : redirect(`/${left - 1}`);
}

describe('an attempt that is redirected', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows ${status} on the same connection`, () =>
      withServer(
        { onRequest: ({ path }) => (path === '/a' ? redirect('/b?c', 'moved', status) : [answer('there')]) },
        async (server, connections) => {
          assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), found('there'));
          assert.deepEqual(
            server.requests.map(({ path }) => path),
            ['/a', '/b?c'],
          );
          assert.equal(server.connections, 1);
        },
      ));
  }

  it('goes ten steps', () =>
    withServer({ onRequest: countdown }, async (server, connections) => {
      assert.deepEqual(await fetchOne(connections, `${server.origin}/10`), found('there'));
      assert.equal(server.requests.length, 11);
    }));

  it('does not go an eleventh', () =>
    withServer({ onRequest: countdown }, async (server, connections) => {
      assertFailure(await fetchOne(connections, `${server.origin}/11`), 'HTTP_REDIRECT', /more than 10 redirects/);
      assert.equal(server.requests.length, 11);
    }));

  for (const location of ['/a', '']) {
    it(`gives up on a loop by '${location}'`, () =>
      withServer({ onRequest: () => redirect(location) }, async (server, connections) => {
        assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT', /more than 10 redirects/);
        assert.equal(server.requests.length, 11);
      }));
  }

  for (const location of ['file:///etc/passwd', 'data:,hello', 'gopher://127.0.0.1/', 'http://']) {
    it(`refuses ${location}, and its connection is used again`, () =>
      withServer(
        { onRequest: ({ path }) => (path === '/a' ? redirect(location) : [answer('other')]) },
        async (server, connections) => {
          assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT');
          assert.deepEqual(await fetchOne(connections, `${server.origin}/b`), found('other'));
          assert.equal(server.connections, 1);
        },
      ));
  }

  it('refuses a redirect without Location', () =>
    withServer({ onRequest: () => [answer('', '', '302 Found')] }, async (server, connections) => {
      assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT', /does not say where to/);
    }));

  it('does not take the Location of one redirect for that of the next', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/a' ? redirect('/b') : [answer('', '', '302 Found')]) },
      async (server, connections) => {
        assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT', /\/b: .* where to/);
      },
    ));

  it('does not take the Location of early hints for that of a redirect', () =>
    withServer(
      { onRequest: () => ['HTTP/1.1 103 Early Hints\r\nLocation: /b\r\n\r\n', answer('', '', '302 Found')] },
      async (server, connections) => {
        assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT', /does not say where to/);
      },
    ));

  it('does not take the Retry-After of a redirect for that of the answer', () =>
    withServer(
      {
        onRequest: ({ path }) =>
          path === '/a'
            ? [answer('', 'Location: /b\r\nRetry-After: 9\r\n', '302 Found')]
            : [answer('', '', '503 Busy')],
      },
      async (server, connections) => {
        const ended = await fetchOne(connections, `${server.origin}/a`);
        assertFailure(ended, 'HTTP_STATUS', /\/b: the server answered 503/);
        assert.ok(ended.kind === 'failure');
        assert.equal(ended.retryAfter, undefined);
      },
    ));

  it('has no more time for all steps together than for one', () =>
    withServer(
      { onRequest: (request) => [pause(100), ...(countdown(request) as Uint8Array[])] },
      async (server, connections) => {
        const watchdog = new StallWatchdog({ timeout: 60_000, lowestSpeed: 0 }, 300);
        const ended = await fetchOne(connections, `${server.origin}/10`, { watchdog, limit: { timeLeft: 300 } });
        watchdog.stop();
        assertFailure(ended, 'NET_TIMEOUT', /\/[1-9]: it took longer than one file may take/);
        await until(() => server.open === 0, 'the connection was closed');
      },
    ));

  it('closes the connection to a server that takes none when its time is up', async () => {
    await using deaf = await startDeafServer();
    await using server = await startRawServer({ onRequest: () => redirect(`${deaf.origin}/b`) });
    const connections = new Connections({ timeout: 60_000 });
    const watchdog = new StallWatchdog({ timeout: 60_000, lowestSpeed: 0 }, 300);
    const ended = await fetchOne(connections, `${server.origin}/a`, { watchdog, limit: { timeLeft: 300 } });
    watchdog.stop();
    assertFailure(ended, 'NET_TIMEOUT', new RegExp(`^${deaf.origin}/b: it took longer`));
    await until(() => connecting() === 0, 'the socket was closed');
    await connections.destroy();
  });

  it('does not wait for the end of a long body', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/a' ? endlessRedirect('/b') : [answer('there')]) },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), found('there'));
        assert.deepEqual(await fetchOne(connections, `${server.origin}/b`), found('there'));
        assert.equal(server.connections, 2);
      },
    ));

  it('sends bytes beyond ASCII back as they came', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/a' ? redirect('/é') : [answer(path)]) },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), found('/%c3%a9'));
      },
    ));

  describe('to another origin', () => {
    const headers = ['Authorization', 'Bearer secret', 'Cookie', 'id=secret', 'X-Api-Key', 'secret'];

    it('tells it no secret: neither headers, nor user and password', async () => {
      await using other = await startRawServer({ onRequest: () => [answer('there')] });
      await withServer({ onRequest: () => redirect(`${other.origin}/b`) }, async (server, connections) => {
        const url = `http://user:secret@127.0.0.1:${server.port}/a`;
        assert.deepEqual(await fetchOne(connections, url), found('there'));
        assert.deepEqual(await fetchOne(connections, url, { headers }), found('there'));
        assert.match(server.requests[0]?.head ?? '', /\r\nauthorization: Basic /);
        assert.match(server.requests[1]?.head ?? '', /\r\nCookie: id=secret\r\n/);
        assert.equal(other.requests.length, 2);
        for (const { head } of other.requests) {
          assert.doesNotMatch(head, /secret|authorization|cookie|referer|x-api-key/i);
          assert.match(head, /\r\nuser-agent: sluice\/\d[^\s]*\r\n/);
        }
      });
    });

    it('tells it nothing after a way there and back and there again', async () => {
      await using other = await startRawServer({
        onRequest: ({ path }) => (path === '/1' ? redirect(`${home}/2`) : [answer('there')]),
      });
      let home = '';
      await withServer(
        { onRequest: ({ path }) => redirect(`${other.origin}${path === '/0' ? '/1' : '/3'}`) },
        async (server, connections) => {
          home = server.origin;
          assert.deepEqual(await fetchOne(connections, `${server.origin}/0`, { headers }), found('there'));
          assert.equal(server.requests.length, 2);
          for (const { head } of server.requests) assert.match(head, /X-Api-Key: secret/);
          assert.equal(other.requests.length, 2);
          for (const { head } of other.requests) assert.doesNotMatch(head, /secret/);
        },
      );
    });

    it('says of a failure where it was, without a password', async () => {
      await using other = await startRawServer({ onRequest: () => [answer('', '', '500 No')] });
      await withServer(
        { onRequest: () => redirect(`http://u:hidden@127.0.0.1:${other.port}/b`) },
        async (server, connections) => {
          const ended = await fetchOne(connections, `http://user:secret@127.0.0.1:${server.port}/a`);
          assertFailure(ended, 'HTTP_STATUS', new RegExp(`^${other.origin}/b: `));
          assert.doesNotMatch(JSON.stringify(ended), /secret|hidden/);
        },
      );
    });
  });
});

function* endlessRedirect(location: string): Generator<string> {
  yield `HTTP/1.1 302 Found\r\nLocation: ${location}\r\n\r\n`;
  for (;;) yield 'x'.repeat(16 << 10);
}
