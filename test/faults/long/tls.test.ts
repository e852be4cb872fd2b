/** Certificates that cannot be trusted: told of, asked for once, and never accepted in silence. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';
import { Place } from '../../helpers/soundness.js';

const OPENSSL = 'openssl';
const noOpenssl = spawnSync(OPENSSL, ['version']).status === 0 ? false : 'needs openssl';
/** Of a curve: a key of RSA takes long to find. */
const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
const timeout = 60_000;
const BODY = Buffer.from('there');

interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** An authority, and certificates that it has signed. */
class Authority {
  readonly path: string;
  readonly #folder: string;

  constructor(t: TestContext) {
    this.#folder = scratch(t);
    this.path = join(this.#folder, 'ca.pem');
    this.#run(`req -x509 ${NEW_KEY} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem`);
  }

  /** @param days of which it is valid from now; negative: it has expired */
  sign(name: string, days: number): Certificate {
    writeFileSync(join(this.#folder, 'ext'), `subjectAltName=${name}`);
    this.#run(`req ${NEW_KEY} -subj /CN=server -keyout key.pem -out request.pem`);
    this.#run(
      `x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext -out cert.pem -days ${days}`,
    );
    return this.#read('cert.pem');
  }

  signedByItself(): Certificate {
    const how = `req -x509 ${NEW_KEY} -days 2 -subj /CN=server -addext subjectAltName=IP:127.0.0.1`;
    this.#run(`${how} -keyout key.pem -out self.pem`);
    return this.#read('self.pem');
  }

  #read(cert: string): Certificate {
    return { key: readFileSync(join(this.#folder, 'key.pem')), cert: readFileSync(join(this.#folder, cert)) };
  }

  #run(command: string): void {
    const { status, stderr } = spawnSync(OPENSSL, command.split(' '), { cwd: this.#folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
}

async function serve(t: TestContext, certificate: Certificate, location?: string) {
  const seen = { connections: 0, requests: 0, origin: '' };
  const server = createServer(certificate, (_request, response) => {
    seen.requests += 1;
    if (location === undefined) response.end(BODY);
    else response.writeHead(302, { location }).end();
  });
  server.on('connection', () => (seen.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  seen.origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return seen;
}

describe('a certificate', { skip: noOpenssl, timeout }, () => {
  test('that has expired, is for another host or signed by itself: NET_TLS, not tried again; a good one is taken', async (t) => {
    const authority = new Authority(t);
    const bad = [
      ['expired', await serve(t, authority.sign('IP:127.0.0.1', -1))],
      ['elsewhere', await serve(t, authority.sign('DNS:elsewhere.example', 2))],
      ['itself', await serve(t, authority.signedByItself())],
    ] as const;
    const good = await serve(t, authority.sign('IP:127.0.0.1', 2));
    const place = new Place(t);
    const { status, stderr, report } = await place.get(
      [...bad.map(([name, { origin }]) => `${origin}/${name}`), `${good.origin}/good`],
      { env: { NODE_EXTRA_CA_CERTS: authority.path } },
    );
    assert.equal(status, 1, stderr);
    assert.deepEqual([report?.ok, report?.causes], [1, { NET_TLS: 3 }], stderr);
    for (const [name, { connections, requests }] of bad) {
      assert.deepEqual([connections, requests], [1, 0], name);
      assert.match(stderr, new RegExp(`/${name}: the certificate of the server cannot be trusted`));
    }
    place.assertSound({ good: BODY });
    // An authority that nobody has named is none.
    const unnamed = await place.get([`${good.origin}/other`], { env: { NODE_EXTRA_CA_CERTS: undefined } });
    assert.deepEqual(unnamed.report?.causes, { NET_TLS: 1 }, unnamed.stderr);
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

test('proxies of the environment are told of without their passwords, and not used', { timeout }, async (t) => {
  await using proxy = await startRawServer({ onRequest: () => [answer('by the proxy')] });
  await using server = await startRawServer({ onRequest: () => [answer(BODY)] });
  const place = new Place(t);
  const { status, stderr } = await place.get([`${server.origin}/a`], {
    env: { http_proxy: `http://user:s3cret@127.0.0.1:${proxy.port}` },
  });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /not used.*http_proxy=http:\/\/user:\*\*\*@127/);
  assert.doesNotMatch(stderr, /s3cret/);
  assert.deepEqual([proxy.requests.length, server.requests.length], [0, 1]);
  place.assertSound({ a: BODY });
});
