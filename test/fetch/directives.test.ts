import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { directiveIn, type Disallowing } from '../../src/fetch/directives.js';
import { resolveOptions } from '../../src/options/resolve.js';
import { answer, pause } from '../helpers/raw-server.js';
import { fetchOne, withServer } from './recording.js';

const { respectDirectives: directives = new Set<string>() } = resolveOptions({ respectDirectives: true });
const DISALLOWING: Disallowing = { token: 'sluice', directives };

describe('directiveIn', () => {
  const said: readonly [value: string, directive: string | undefined][] = [
    ['noai', 'noai'],
    ['NoAI', 'noai'],
    ['nofollow, noindex', 'noindex'],
    ['all', undefined],
    ['', undefined],
    ['noairplane, no ai', undefined],
    ['sluice: noimageai', 'noimageai'],
    ['SLUICE:noai', 'noai'],
    ['googlebot: noindex, noai', undefined],
    ['googlebot: noindex, sluice: noai', 'noai'],
    ['noai, googlebot: nofollow', 'noai'],
    // What has a value is for everyone, as what stands before it.
    ['max-image-preview: large, noimageindex', 'noimageindex'],
    ['unavailable_after: 25 Jun 2010 15:00:00 PST', undefined],
    ['googlebot: max-snippet: 3, noai', undefined],
    ['none', 'none'],
  ];
  for (const [value, directive] of said) {
    it(`finds ${directive ?? 'nothing'} in ${JSON.stringify(value)}`, () => {
      assert.equal(directiveIn(value, DISALLOWING), directive);
    });
  }

  it('takes none for what nobody respects', () => {
    assert.equal(directiveIn('none', { token: 'sluice', directives: new Set(['noai']) }), undefined);
    assert.equal(directiveIn('noindex', { token: 'sluice', directives: new Set(['noai']) }), undefined);
  });
});

describe('an attempt', () => {
  it('ends where a header forbids the file, also the second of them, and keeps the connection', async () => {
    const headers = 'X-Robots-Tag: nofollow\r\nx-robots-tag: otherbot: all\r\nX-ROBOTS-TAG: noai\r\n';
    const script = { onRequest: () => [answer('body', headers)] };
    await withServer(script, async (server, connections) => {
      for (let i = 0; i < 3; i += 1) {
        const ended = await fetchOne(connections, `${server.origin}/a`, { disallowing: DISALLOWING });
        assert.ok(ended.kind === 'disallowed', JSON.stringify(ended));
        assert.equal(ended.error.code, 'ROBOTS_TAG');
        assert.equal(ended.error.message, `${server.origin}/a: X-Robots-Tag says noai`);
      }
      assert.equal(server.connections, 1);
      assert.equal((await fetchOne(connections, `${server.origin}/a`)).kind, 'body', 'nobody asked for it');
    });
  });

  it('takes no more of a large body than is on its way, and breaks it off', async () => {
    let sent = 0;
    const script = {
      async *onRequest() {
        yield `HTTP/1.1 200 OK\r\nContent-Length: ${1 << 30}\r\nX-Robots-Tag: noindex\r\n\r\n`;
        for (; sent < 1 << 12; sent += 1) yield Buffer.alloc(1 << 14);
      },
    };
    await withServer(script, async (server, connections) => {
      const ended = await fetchOne(connections, `${server.origin}/a`, { disallowing: DISALLOWING });
      assert.equal(ended.kind, 'disallowed');
      await pause(50);
      assert.ok(sent < 1 << 12, `${sent} of them`);
    });
  });

  it('follows a redirect and fails as ever, whatever the header says of those', async () => {
    const tag = 'X-Robots-Tag: noai\r\n';
    const script = {
      onRequest: ({ path }: { path: string }) => [
        path === '/to'
          ? answer('', `Location: /there\r\n${tag}`, '302 Found')
          : path === '/gone'
            ? answer('', tag, '404 Gone')
            : answer('x'),
      ],
    };
    await withServer(script, async (server, connections) => {
      const kinds = [];
      for (const path of ['/to', '/gone']) {
        kinds.push((await fetchOne(connections, server.origin + path, { disallowing: DISALLOWING })).kind);
      }
      assert.deepEqual(kinds, ['body', 'not_found']);
    });
  });
});
