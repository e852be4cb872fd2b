import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Connections } from '../../src/fetch/client.js';
import { Way } from '../../src/fetch/way.js';
import { parseProxy } from '../../src/options/proxy.js';
import { noOpenssl, serveSecurely, suiteCertificates } from '../helpers/certificates.js';
import { type Answer, startHttp2 } from '../helpers/http2-server.js';
import { startHttpProxy } from '../helpers/proxies.js';
import { startRawServer, answer as plain } from '../helpers/raw-server.js';
import { assertFailure, type Ended, fetchOne, startFetch, until } from './recording.js';

const CANCELLED = { code: 'ABORTED', message: 'not wanted', hint: 'none' } as const;

/** Each path is its own body, a little later. */
const echo: Answer = (stream, path) => {
  setTimeout(() => {
    stream.respond({ ':status': 200, 'content-length': path.length });
    stream.end(path);
  }, 20);
};

describe('HTTP/2', { skip: noOpenssl }, () => {
  const certificates = suiteCertificates();

  async function within(
    setting: { readonly timeout?: number; readonly maxIdle?: number; readonly proxy?: string },
    test: (connections: Connections) => Promise<void>,
  ): Promise<void> {
    const { timeout = 30_000, maxIdle, proxy } = setting;
    const to = proxy === undefined ? undefined : parseProxy(proxy, '--proxy');
    const proxies = to && { http: to, https: to, except: '' };
    const way = new Way({ tls: { ca: certificates.ca, insecure: false }, proxies });
    const connections = new Connections({ timeout, way, http2: true, ...(maxIdle !== undefined && { maxIdle }) });
    try {
      await test(connections);
    } finally {
      await connections.destroy();
    }
  }

  const textOf = (ended: Ended): string => (ended.kind === 'body' ? ended.text : JSON.stringify(ended));

  async function assertEach(connections: Connections, origin: string, count: number): Promise<void> {
    const paths = Array.from({ length: count }, (_, n) => `/${n}`);
    const ended = await Promise.all(paths.map((path) => fetchOne(connections, origin + path)));
    assert.deepEqual(ended.map(textOf), paths);
  }

  it('carries many requests at once on few connections, and each gets its own body', async () => {
    await using server = await startHttp2(certificates.tls, echo);
    await within({}, async (connections) => {
      await assertEach(connections, server.origin, 100);
      await assertEach(connections, server.origin, 100);
      assert.deepEqual([server.seen.requests, server.seen.connections], [200, 4]);
      assert.ok(server.seen.mostStreams > 32, `${server.seen.mostStreams} at once`);
    });
    await until(() => server.open === 0, 'all connections are closed');
  });

  it('has no more streams on a connection than the server takes', async () => {
    await using server = await startHttp2({ ...certificates.tls, settings: { maxConcurrentStreams: 2 } }, echo);
    await within({}, async (connections) => {
      await assertEach(connections, server.origin, 6);
      assert.deepEqual([server.seen.requests, server.seen.connections], [6, 3]);
    });
  });

  it('waits for those that are there where the server takes no more connections', async () => {
    await using server = await startHttp2(certificates.tls, echo, 1);
    await within({}, async (connections) => {
      await assertEach(connections, server.origin, 1);
      await assertEach(connections, server.origin, 100);
      assert.deepEqual([server.seen.requests, server.seen.sessions], [101, 1]);
    });
  });

  it('is not asked of a server that speaks HTTP/1.1 only, whose connections are used again', async (t) => {
    const server = await serveSecurely(t, certificates.tls, { body: Buffer.from('1.1') });
    await within({}, async (connections) => {
      for (let round = 0; round < 3; round += 1) {
        const ended = await Promise.all([1, 2, 3].map((n) => fetchOne(connections, `${server.origin}/${n}`)));
        assert.deepEqual(ended.map(textOf), ['1.1', '1.1', '1.1']);
      }
      assert.deepEqual([server.requests, server.connections], [9, 3]);
    });
  });

  it('is not asked of http', async () => {
    await using server = await startRawServer({ onRequest: () => [plain('the body')] });
    await within({}, async (connections) => {
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/a`)), 'the body');
    });
  });

  it('goes through the tunnel of a proxy', async () => {
    await using server = await startHttp2(certificates.tls, echo);
    await using proxy = await startHttpProxy();
    await within({ proxy: `http://127.0.0.1:${proxy.port}` }, async (connections) => {
      await assertEach(connections, server.origin, 10);
      assert.equal(proxy.asked.length, 1);
    });
  });

  it('fails for all that wait where nobody listens, and where no certificate can be trusted', async () => {
    await using server = await startHttp2(certificates.tls, echo);
    const connections = new Connections({ timeout: 5_000, http2: true });
    try {
      for (const [origin, code] of [
        ['https://127.0.0.1:1', 'NET_REFUSED'],
        [server.origin, 'NET_TLS'],
      ] as const) {
        for (const ended of await Promise.all([1, 2, 3].map((n) => fetchOne(connections, `${origin}/${n}`)))) {
          assertFailure(ended, code);
        }
      }
    } finally {
      await connections.destroy();
    }
  });

  it('lets no body that waits for its writer hold up another', async () => {
    const large: Answer = (stream, path, fields) => {
      if (!path.startsWith('/large')) return echo(stream, path, fields);
      stream.respond({ ':status': 200 });
      return stream.end(Buffer.alloc(4 << 20));
    };
    await using server = await startHttp2(certificates.tls, large);
    await within({}, async (connections) => {
      const waiting: (() => void)[] = [];
      let isFree = false;
      const openLarge = (onRoom: () => void) => {
        waiting.push(onRoom);
        return { write: () => isFree, end: () => undefined, abort: () => undefined };
      };
      const larges = Array.from({ length: 31 }, (_, n) =>
        fetchOne(connections, `${server.origin}/large${n}`, { openLarge }),
      );
      await until(() => waiting.length === 31, 'all wait for their writers');
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/small`)), '/small');
      assert.equal(server.seen.connections, 1);
      isFree = true;
      for (const onRoom of waiting) onRoom();
      for (const ended of await Promise.all(larges)) assert.ok(ended.kind === 'large' && ended.text.length === 4 << 20);
    });
  });

  it('cancels one request, before it has its stream and after, and the others go on', async () => {
    const answers: (() => void)[] = [];
    await using server = await startHttp2(
      { ...certificates.tls, settings: { maxConcurrentStreams: 1 } },
      (stream, path, fields) => {
        answers.push(() => echo(stream, path, fields));
      },
      1,
    );
    await within({}, async (connections) => {
      const running = Array.from({ length: 4 }, (_, n) => startFetch(connections, `${server.origin}/${n}`));
      await until(() => answers.length === 1, 'the first is asked for');
      running[0]?.cancel(CANCELLED);
      running[2]?.cancel(CANCELLED);
      await until(() => answers.length === 2, 'the second is asked for');
      answers[1]?.();
      await until(() => answers.length === 3, 'the fourth is asked for');
      answers[2]?.();
      const ended = await Promise.all(running.map((one) => one.ended));
      assertFailure(ended[0], 'ABORTED');
      assertFailure(ended[2], 'ABORTED');
      assert.deepEqual(
        [ended[1], ended[3]].map((one) => textOf(one as Ended)),
        ['/1', '/3'],
      );
      assert.equal(server.seen.requests, 3);
    });
  });

  it('asks on another connection after one has become silent', async () => {
    await using server = await startHttp2(certificates.tls, (stream, path, fields) => {
      if (server.seen.sessions > 1) echo(stream, path, fields);
    });
    await within({ timeout: 1_500 }, async (connections) => {
      assertFailure(await fetchOne(connections, `${server.origin}/a`), 'NET_TIMEOUT', /did not answer in time/);
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/b`)), '/b');
    });
  });

  it('asks once more at once where a connection that has answered was just being closed', async () => {
    let left = 0;
    await using server = await startHttp2(certificates.tls, (stream, path, fields) => {
      if (path !== '/b' || left > 0) return echo(stream, path, fields);
      left += 1;
      return stream.session?.destroy();
    });
    await within({}, async (connections) => {
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/a`)), '/a');
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/b`)), '/b');
      assert.equal(server.seen.sessions, 2);
    });
  });

  it('keeps connections of no more servers than it may', async () => {
    await using one = await startHttp2(certificates.tls, echo);
    await using two = await startHttp2(certificates.tls, echo);
    await using three = await startHttp2(certificates.tls, echo);
    await within({ maxIdle: 2 }, async (connections) => {
      for (const { origin } of [one, two, three]) await assertEach(connections, origin, 5);
      await until(() => one.open === 0, 'the first is closed');
      assert.deepEqual([two.open, three.open], [1, 1]);
      connections.keepFew();
      await until(() => two.open === 0, 'the second is closed');
      await assertEach(connections, one.origin, 5);
    });
  });

  it('asks a host by the name that a header gives it, and sends nothing that is of connections', async () => {
    const seen: unknown[] = [];
    await using server = await startHttp2(certificates.tls, (stream, path, fields) => {
      seen.push(fields[':authority'], fields['connection'], fields['x-a']);
      echo(stream, path, fields);
    });
    await within({}, async (connections) => {
      const headers = ['Host', 'other.example', 'Connection', 'close', 'X-A', '1', 'x-a', '2'];
      assert.equal(textOf(await fetchOne(connections, `${server.origin}/a`, { headers })), '/a');
      assert.deepEqual(seen, ['other.example', undefined, '1, 2']);
    });
  });
});
