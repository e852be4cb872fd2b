/** Certificates that cannot be trusted: told of, asked for once, and never accepted in silence. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { Authority, type Certificate, noOpenssl, serveSecurely } from '../../helpers/certificates.js';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { Place } from '../../helpers/soundness.js';

const timeout = 600_000;
const BODY = Buffer.from('there');

function serve(t: TestContext, certificate: Certificate, location?: string) {
  return serveSecurely(t, certificate, { body: BODY, location });
}

describe('a certificate', { skip: noOpenssl, timeout }, () => {
  test('that has expired, is for another host or signed by itself: NET_TLS, not tried again; a good one is taken', async (t) => {
    const authority = new Authority(t);
    const bad = [
      ['expired', await serve(t, authority.sign('IP:127.0.0.1', -1)), 'it has expired'],
      ['elsewhere', await serve(t, authority.sign('DNS:elsewhere.example', 2)), 'it is for another host'],
      ['itself', await serve(t, authority.signedByItself()), 'it is signed by itself'],
    ] as const;
    const good = await serve(t, authority.sign('IP:127.0.0.1', 2));
    const place = new Place(t);
    const { status, stderr, report } = await place.get(
      [...bad.map(([name, { origin }]) => `${origin}/${name}`), `${good.origin}/good`],
      { env: { NODE_EXTRA_CA_CERTS: authority.path } },
    );
    assert.equal(status, 1, stderr);
    assert.deepEqual([report?.ok, report?.causes], [1, { NET_TLS: 3 }], stderr);
    for (const [name, { connections, requests }, because] of bad) {
      assert.deepEqual([connections, requests], [1, 0], name);
      assert.match(stderr, new RegExp(`/${name}: the certificate of the server cannot be trusted: ${because}`));
    }
    // The way out is told once.
    assert.equal(stderr.match(/; (?:check|name) .*/g)?.length, 1, stderr);
    place.assertSound({ good: BODY });
    const named = await place.get(['--cacert', authority.path, `${good.origin}/named`]);
    assert.equal(named.status, 0, named.stderr);
    // An authority that nobody has named is none.
    const unnamed = await place.get([`${good.origin}/other`], { env: { NODE_EXTRA_CA_CERTS: undefined } });
    assert.deepEqual(unnamed.report?.causes, { NET_TLS: 1 }, unnamed.stderr);
    assert.match(unnamed.stderr, /its authority is not known here.*; name it with --cacert FILE/);
  });

  test('is left unchecked only with NODE_TLS_REJECT_UNAUTHORIZED=0, which is told of, --quiet or not', async (t) => {
    const server = await serve(t, new Authority(t).signedByItself());
    for (const options of [[], ['--quiet']]) {
      const place = new Place(t);
      const { status, stderr } = await place.get([...options, `${server.origin}/a`], {
        env: { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' },
      });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /^\*\*\* Warning: certificates are not checked/);
    }
  });

  test('does not help a redirect from https to http', async (t) => {
    const authority = new Authority(t);
    await using plain = await startRawServer({ onRequest: () => [answer('there')] });
    const server = await serve(t, authority.sign('IP:127.0.0.1', 2), `${plain.origin}/a`);
    const place = new Place(t);
    const { status, stderr, report } = await place.get([`${server.origin}/a`], {
      env: { NODE_EXTRA_CA_CERTS: authority.path },
    });
    assert.deepEqual([status, report?.causes], [1, { HTTP_REDIRECT: 1 }], stderr);
    assert.match(stderr, /a redirect from https to http/);
    assert.deepEqual([server.requests, plain.requests.length], [1, 0]);
    place.assertSound({});
  });
});
