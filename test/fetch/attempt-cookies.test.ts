/** Cookies that redirects set: along in their chain, where their own rules let them, and nowhere else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Cookies, withCookies } from '../../src/fetch/cookies.js';
import { answer, type RawRequest, type Script, startRawServer } from '../helpers/raw-server.js';
import { assertFailure, fetchOne, startFetch, withServer } from './recording.js';

const THERE = { kind: 'body', text: 'there', chunks: 1, encoding: '' };

function setting(location: string, ...cookies: string[]): Script {
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join('');
  return [answer('moved', `Location: ${location}\r\n${lines}`, '302 Found')];
}

function cookieIn({ head }: RawRequest): string | undefined {
  return /^cookie: (.*)$/im.exec(head)?.[1];
}

describe('cookies of redirects', () => {
  it('go along when a server sends a client away to come back with one', () =>
    withServer(
      {
        onRequest: (request) => (cookieIn(request) === undefined ? setting('/a', 'seen=1; Path=/') : [answer('there')]),
      },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), THERE);
        assert.deepEqual(server.requests.map(cookieIn), [undefined, 'seen=1']);
        // The next one begins without it.
        assert.deepEqual(await fetchOne(connections, `${server.origin}/a`), THERE);
        assert.deepEqual(server.requests.map(cookieIn), [undefined, 'seen=1', undefined, 'seen=1']);
        assert.equal(server.connections, 1);
      },
    ));

  it('go along as far as they say, and are changed and taken back on the way', () =>
    withServer(
      {
        onRequest: ({ path }) => {
          if (path === '/0') return setting('/a/1', 'everywhere=1; Path=/', 'there=2; Path=/b', 'here=3; Path=/a');
          if (path === '/a/1') return setting('/b/2', 'everywhere=; Path=/; Max-Age=0');
          if (path === '/b/2') return setting('/c', 'broken', '=; =', 'foreign=4; Domain=example.com');
          return [answer('there')];
        },
      },
      async (server, connections) => {
        assert.deepEqual(await fetchOne(connections, `${server.origin}/0`), THERE);
        const sent = server.requests.map((request) => cookieIn(request)?.split('; ').sort().join('; '));
        assert.deepEqual(sent.slice(0, 3), [undefined, 'everywhere=1; here=3', 'there=2']);
        assert.doesNotMatch(sent[3] ?? '', /foreign|everywhere|there|here/);
      },
    ));

  it('go to another port of the same host, which is the same to them, and not to another host', async () => {
    await using other = await startRawServer({ onRequest: () => [answer('there')] });
    for (const [host, cookie] of [
      ['127.0.0.1', 'a=b'],
      ['localhost', undefined],
    ] as const) {
      await withServer(
        { onRequest: () => setting(`http://${host}:${other.port}/`, 'a=b; Path=/') },
        async (server, connections) => {
          assert.deepEqual(await fetchOne(connections, `${server.origin}/`), THERE);
          assert.equal(cookieIn(other.requests.at(-1) as RawRequest), cookie);
        },
      );
    }
  });

  it('come after those that the user gives', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/a' ? setting('/b', 'a=b; Path=/') : [answer('there')]) },
      async (server, connections) => {
        await fetchOne(connections, `${server.origin}/a`, { headers: ['Cookie', 'own=1'] });
        assert.deepEqual(server.requests.map(cookieIn), ['own=1', 'own=1; a=b']);
      },
    ));

  it('do not make a loop any longer', () =>
    withServer({ onRequest: ({ number }) => setting('/a', `n=${number}; Path=/`) }, async (server, connections) => {
      assertFailure(await fetchOne(connections, `${server.origin}/a`), 'HTTP_REDIRECT', /more than 10 redirects/);
      assert.equal(server.requests.length, 11);
    }));

  it('of an answer that is no redirect are left', () =>
    withServer({ onRequest: () => [answer('there', 'Set-Cookie: a=b\r\n')] }, async (server, connections) => {
      await fetchOne(connections, `${server.origin}/a`);
      await fetchOne(connections, `${server.origin}/b`);
      assert.deepEqual(server.requests.map(cookieIn), [undefined, undefined]);
    }));

  it('do not bring an attempt back that was cancelled meanwhile', () =>
    withServer({ onRequest: () => setting('/a', 'a=b') }, async (server, connections) => {
      const running = startFetch(connections, `${server.origin}/a`);
      while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      running.cancel({ code: 'ABORTED', message: 'stopped', hint: 'none' });
      assertFailure(await running.ended, 'ABORTED');
    }));

  it('are kept as a text for another attempt', async () => {
    const [from, to] = [
      { origin: 'https://a.example', path: '/x/y' },
      { origin: 'https://a.example', path: '/x/z' },
    ];
    const cookies = await Cookies.open();
    cookies.set(['a=1', 'b=2; Secure; Path=/', 'c=3; Domain=com', 'd=4; Domain=a.example; Path=/'], from);
    const again = await Cookies.open(cookies.keep());
    assert.equal(again.for(to).split('; ').sort().join('; '), 'a=1; b=2; d=4');
    assert.equal(
      again
        .for({ ...to, origin: 'http://a.example' })
        .split('; ')
        .sort()
        .join('; '),
      'a=1; d=4',
    );
    assert.equal(again.for({ ...to, origin: 'https://b.a.example' }), 'd=4');
    assert.equal(again.for({ ...to, origin: 'https://b.example' }), '');
  });

  it('never throw and never end a header, whatever a server sets', async () => {
    const at = { origin: 'http://127.0.0.1:1', path: '/' };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }).map((text) => text.slice(0, 200))), async (lines) => {
        const cookies = await Cookies.open();
        cookies.set(lines, at);
        assert.doesNotMatch(cookies.for(at), /[\r\n\0]/);
        await Cookies.open(cookies.keep());
      }),
      { numRuns: 300 },
    );
  });

  it('change no headers that requests share', () => {
    const headers = Object.freeze(['accept', '*/*', 'COOKIE', 'a=b']);
    assert.deepEqual(withCookies(headers, 'c=d'), ['accept', '*/*', 'COOKIE', 'a=b; c=d']);
    assert.deepEqual(withCookies(headers.slice(0, 2), 'c=d'), ['accept', '*/*', 'cookie', 'c=d']);
  });
});
