import assert from 'node:assert/strict';
import dns from 'node:dns';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Connection, Connections } from '../../src/fetch/client.js';
import { answer, END, pause, RESET, startRawServer } from '../helpers/raw-server.js';
import { connecting, startDeafServer } from '../helpers/deaf-server.js';
import { freePort } from '../helpers/programs.js';
import { assertFailure, deferred, type Ended, fetchOne, startFetch, until, withServer } from './recording.js';

const CANCELLED = { code: 'ABORTED', message: 'cancelled', hint: 'none' } as const;
const GOOD = { kind: 'body', text: 'good', chunks: 1, encoding: '' };

describe('Connections', () => {
  it('sends 100 requests, one after the other, over one connection', () =>
    withServer({ onRequest: () => [answer('good')] }, async (server, connections) => {
      const done = deferred<void>();
      let ends = 0;
      function next(): void {
        void fetchOne(connections, `${server.origin}/${ends}`, {
          onEnd: (ended) => {
            assert.deepEqual(ended, GOOD);
            ends += 1;
            if (ends < 100) next();
            else done.resolve();
          },
        });
      }
      next();
      await done.promise;
      assert.equal(server.requests.length, 100);
      assert.equal(server.connections, 1);
    }));

  it('opens as many connections as there are requests at once, and no more', () =>
    withServer({ onRequest: () => [answer('good')] }, async (server, connections) => {
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(Array.from({ length: 8 }, () => fetchOne(connections, `${server.origin}/`)));
      }
      assert.equal(server.requests.length, 24);
      assert.equal(server.connections, 8);
    }));

  it('opens a new one after Connection: close', () =>
    withServer({ onRequest: () => [answer('good', 'Connection: close\r\n'), END] }, async (server, connections) => {
      for (let i = 0; i < 3; i += 1) assert.deepEqual(await fetchOne(connections, `${server.origin}/`), GOOD);
      assert.equal(server.connections, 3);
      await until(() => server.open === 0, 'all connections were closed');
      assert.equal(connections.take(server.origin).read, undefined, 'it keeps what it read');
    }));

  it('keeps nothing of connections that are closed', () =>
    withServer({ onRequest: () => [answer('good', 'Connection: close\r\n'), END] }, async (server, connections) => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const fetchMany = async (count: number): Promise<number> => {
        for (let i = 0; i < count; i += 1) await fetchOne(connections, `${server.origin}/`);
        await until(() => server.open === 0, 'all connections were closed');
        collect();
        return process.memoryUsage().heapUsed;
      };
      const before = await fetchMany(100);
      const each = ((await fetchMany(1_000)) - before) / 1_000;
      assert.ok(each < 3_000, `${each} bytes each`);
    }));

  it('opens a new one after the server has closed one that was idle', () =>
    withServer(
      { onRequest: ({ number }) => (number === 1 ? [answer('good'), pause(10), END] : [answer('good')]) },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/`), GOOD);
        await until(() => server.open === 0, 'the connection was closed');
        assert.deepEqual(await fetchOne(connections, `${server.origin}/`), GOOD);
        assert.equal(server.requests.length, 2);
      },
    ));

  for (const [how, last] of [
    ['closes', END],
    ['resets', RESET],
  ] as const) {
    it(`sends a request again, free of charge, when the server ${how} a used connection instead of answering`, () =>
      withServer(
        { onRequest: ({ number }) => (number === 2 ? [last] : [answer('good')]) },
        async (server, connections) => {
          assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), GOOD);
          assert.deepEqual(await fetchOne(connections, `${server.origin}/b`), GOOD);
          assert.deepEqual(
            server.requests.map(({ path, connection }) => [path, connection]),
            [
              ['/a', 1],
              ['/b', 1],
              ['/b', 2],
            ],
          );
        },
      ));
  }

  it('sends a request again where a redirect has led, too', () =>
    withServer(
      {
        onRequest: ({ number }) =>
          number === 1 ? [answer('', 'Location: /b\r\n', '302 Found')] : number === 2 ? [END] : [answer('good')],
      },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), GOOD);
        assert.deepEqual(
          server.requests.map(({ path, connection }) => [path, connection]),
          [
            ['/a', 1],
            ['/b', 1],
            ['/b', 2],
          ],
        );
      },
    ));

  it('sends it again only once, and only before the answer has begun', () =>
    withServer(
      {
        onRequest: ({ path }) =>
          path === '/good'
            ? [answer('good')]
            : path === '/none'
              ? [END]
              : ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', END],
      },
      async (server, connections) => {
        await fetchOne(connections, `${server.origin}/good`);
        assertFailure(await fetchOne(connections, `${server.origin}/none`), 'NET_RESET');
        await fetchOne(connections, `${server.origin}/good`);
        assertFailure(await fetchOne(connections, `${server.origin}/begun`), 'NET_RESET');
        const paths = server.requests.map(({ path }) => path);
        assert.deepEqual(paths, ['/good', '/none', '/none', '/good', '/begun']);
      },
    ));

  it('goes on after a connection that was refused, from inside the callback that says so', async () => {
    const connections = new Connections({ timeout: 60_000 });
    const origin = `http://127.0.0.1:${await freePort()}`;
    const others: Promise<Ended>[] = [];
    const next = deferred<void>();
    const ended = await fetchOne(connections, `${origin}/1`, {
      onEnd: () => {
        others.push(fetchOne(connections, `${origin}/2`), fetchOne(connections, `${origin}/3`));
        next.resolve();
      },
    });
    await next.promise;
    for (const each of [ended, ...(await Promise.all(others))]) assertFailure(each, 'NET_REFUSED');
    await connections.destroy();
  });

  it('keeps 1,024 idle connections of 1,100 origins, the last ones, though more files may be open', async () => {
    const connections = new Connections({ timeout: 60_000, maxIdle: 250_000 });
    const taken = Array.from({ length: 1_100 }, (_, i) => connections.take(`http://127.0.0.1:${1 + i}`));
    for (const connection of taken) connections.giveBack(connection);
    const closed = taken.filter(({ client }) => client.closed);
    assert.deepEqual(closed, taken.slice(0, 76));
    const again = taken.map(({ origin }) => connections.take(origin));
    assert.equal(again.filter((connection) => taken.includes(connection)).length, 1_024);
    await connections.destroy();
    assert.ok(again.every(({ client }) => client.destroyed));
  });

  it('closes the socket of an idle connection that is one too many', () =>
    withServer({ onRequest: () => [answer('good')] }, async (server, connections) => {
      await fetchOne(connections, `${server.origin}/`);
      assert.equal(server.open, 1);
      const others: Connection[] = [];
      for (let port = 1; others.length < 1_024; port += 1) {
        if (port !== server.port) others.push(connections.take(`http://127.0.0.1:${port}`));
      }
      for (const connection of others) connections.giveBack(connection);
      await until(() => server.open === 0, 'the socket was closed');
      assert.deepEqual(await fetchOne(connections, `${server.origin}/`), GOOD);
    }));

  it('takes the connection that was given back last', async () => {
    const connections = new Connections({ timeout: 60_000 });
    const [first, second] = [connections.take('http://a.example'), connections.take('http://a.example')];
    const other = connections.take('http://b.example');
    for (const connection of [second, other, first]) connections.giveBack(connection);
    assert.equal(connections.take('http://a.example'), first);
    assert.equal(connections.take('http://a.example'), second);
    assert.equal(connections.take('http://b.example'), other);
    await connections.destroy();
  });

  describe('that are still being made when their requests end', () => {
    it('are closed at once when the server takes no connection', async () => {
      await using server = await startDeafServer();
      const connections = new Connections({ timeout: 60_000 });
      const running = Array.from({ length: 20 }, () => startFetch(connections, `${server.origin}/`));
      await until(() => connecting() === 20, 'all were being made');
      for (const each of running) each.cancel(CANCELLED);
      await until(() => connecting() === 0, 'all were closed');
      for (const { ended } of running) assertFailure(await ended, 'ABORTED');
      await connections.destroy();
    });

    it('are closed at once when the server takes no part in the handshake', async () => {
      await using server = await startRawServer({});
      const connections = new Connections({ timeout: 60_000 });
      const running = startFetch(connections, `https://127.0.0.1:${server.port}/`);
      await until(() => server.open === 1, 'it was connected');
      running.cancel(CANCELLED);
      await until(() => server.open === 0, 'the socket was closed');
      assertFailure(await running.ended, 'ABORTED');
      await connections.destroy();
    });

    it('do not have the name looked up that they wait for, and those that are wanted do', async (t) => {
      const asked: string[] = [];
      const answers: (() => void)[] = [];
      t.mock.method(dns, 'lookup', (host: string, _options: unknown, callback: (error: Error) => void) => {
        asked.push(host);
        answers.push(() => callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })));
      });
      const connections = new Connections({ timeout: 60_000 });
      const running = Array.from({ length: 500 }, (_, i) => startFetch(connections, `http://${i}.example/`));
      const begun = asked.length;
      for (const each of running) each.cancel(CANCELLED);
      const wanted = startFetch(connections, 'http://wanted.example/');
      assert.ok(begun < 100, `${begun} at once`);
      assert.equal(asked.length, begun);
      for (const answer of answers) answer();
      assertFailure(await wanted.ended, 'NET_DNS');
      assert.deepEqual(asked.slice(begun), ['wanted.example']);
      await connections.destroy();
    });
  });

  describe('that are destroyed', () => {
    it('fail what is under way, once, and close every socket', () =>
      withServer({ onRequest: ({ path }) => (path === '/' ? [answer('good')] : []) }, async (server, connections) => {
        await Promise.all([fetchOne(connections, `${server.origin}/`), fetchOne(connections, `${server.origin}/`)]);
        const running = fetchOne(connections, `${server.origin}/never`);
        await until(() => server.requests.length === 3, 'the request was there');
        await connections.destroy();
        assertFailure(await running, 'NET_OTHER');
        await until(() => server.open === 0, 'all sockets were closed');
      }));

    it('close the socket of a handshake that hangs', async () => {
      // A server that never says a word of TLS: what undici leaves alone would stay until its time is up.
      await using server = await startRawServer({});
      const connections = new Connections({ timeout: 60_000 });
      const running = startFetch(connections, `https://127.0.0.1:${server.port}/`);
      await until(() => server.open === 1, 'it was connected');
      await connections.destroy();
      assertFailure(await running.ended, 'NET_OTHER');
      await until(() => server.open === 0, 'the socket was closed');
    });
  });
});
