import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../src/errors.js';
import { Connections } from '../../src/fetch/client.js';
import { describeNetworkFailure, describeStatus, refusedAs } from '../../src/fetch/failure.js';
import { retryDelay } from '../../src/schedule/retry.js';
import { startRawServer } from '../helpers/raw-server.js';
import { assertFailure, type Ended, fetchOne } from './recording.js';

const URL = 'http://a.example/b';
const OPENSSL = 'openssl';

function failure(code: string | undefined, name = 'Error', message = 'inner'): Error {
  return Object.assign(new Error(message), { name, ...(code !== undefined && { code }) });
}

describe('describeNetworkFailure', () => {
  const meanings: [inner: string, code: ErrorCode][] = [
    ['ECONNRESET', 'NET_RESET'],
    ['ECONNABORTED', 'NET_RESET'],
    ['EPIPE', 'NET_RESET'],
    ['UND_ERR_SOCKET', 'NET_RESET'],
    ['ECONNREFUSED', 'NET_REFUSED'],
    ['ENETUNREACH', 'NET_UNREACHABLE'],
    ['EHOSTUNREACH', 'NET_UNREACHABLE'],
    ['ENOTFOUND', 'NET_DNS'],
    ['EAI_AGAIN', 'NET_TIMEOUT'],
    ['ETIMEDOUT', 'NET_TIMEOUT'],
    ['ERR_SOCKET_CONNECTION_TIMEOUT', 'NET_TIMEOUT'],
    ['UND_ERR_CONNECT_TIMEOUT', 'NET_TIMEOUT'],
    ['UND_ERR_HEADERS_TIMEOUT', 'NET_TIMEOUT'],
    ['UND_ERR_BODY_TIMEOUT', 'NET_TIMEOUT'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'BODY_CUT'],
    ['UND_ERR_HEADERS_OVERFLOW', 'HTTP_BROKEN'],
    ['CERT_HAS_EXPIRED', 'NET_TLS'],
    ['CERT_NOT_YET_VALID', 'NET_TLS'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'NET_TLS'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'NET_TLS'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NET_TLS'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'NET_TLS'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'NET_TLS'],
    ['INVALID_CA', 'NET_TLS'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'NET_TLS'],
    ['EPROTO', 'NET_TLS'],
    ['EMFILE', 'NET_TOO_MANY_OPEN'],
    ['ENFILE', 'NET_TOO_MANY_OPEN'],
    ['UND_ERR_INVALID_ARG', 'NET_OTHER'],
    ['constructor', 'NET_OTHER'],
    ['', 'NET_OTHER'],
  ];
  for (const [inner, code] of meanings) {
    it(`takes ${inner || 'an error without a code'} for ${code}`, () => {
      const plain = describeNetworkFailure(failure(inner || undefined), URL, true);
      assert.equal(plain.code, code);
      assert.ok(plain.message.startsWith(`${URL}: `));
      assert.notEqual(plain.hint, '');
      assert.deepEqual(plain.cause, { name: 'Error', message: 'inner', ...(inner !== '' && { code: inner }) });
    });
  }

  it('tells a fault of the certificate from a fault of the handshake', () => {
    assert.match(describeNetworkFailure(failure('CERT_HAS_EXPIRED'), URL, false).message, /certificate/);
    assert.doesNotMatch(describeNetworkFailure(failure('EPROTO'), URL, false).message, /certificate/);
  });

  it('takes a wrong length before the answer for broken HTTP: the body cannot be too short yet', () => {
    const error = failure('UND_ERR_RES_CONTENT_LENGTH_MISMATCH');
    assert.equal(describeNetworkFailure(error, URL, false).code, 'HTTP_BROKEN');
  });

  it('says which answers another reading may bring more of', () => {
    const reset = failure('UND_ERR_SOCKET', 'SocketError', 'bad response');
    assert.equal(refusedAs(failure(undefined, 'HTTPParserError', 'Missing expected CR'), true), 'broken');
    assert.equal(refusedAs(failure('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), false), 'broken');
    assert.equal(refusedAs(reset, false), 'interim');
    for (const [error, answered] of [
      [reset, true],
      [failure('UND_ERR_SOCKET', 'SocketError', 'other side closed'), false],
      [failure('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), true],
      [failure('UND_ERR_HEADERS_OVERFLOW'), false],
      [failure(undefined, 'HTTPParserError', 'Invalid EOF state'), true],
      [failure('ECONNRESET'), false],
    ] as const) {
      assert.equal(refusedAs(error, answered), undefined, error.message);
    }
  });

  it("tells a body that ended early from other errors of undici's parser", () => {
    const cut = failure(
      undefined,
      'HTTPParserError',
      'Response does not match the HTTP/1.1 protocol (Invalid EOF state)',
    );
    assert.equal(describeNetworkFailure(cut, URL, true).code, 'BODY_CUT');
    const broken = failure(
      undefined,
      'HTTPParserError',
      'Response does not match the HTTP/1.1 protocol (Invalid method)',
    );
    assert.equal(describeNetworkFailure(broken, URL, true).code, 'HTTP_BROKEN');
  });
});

describe('describeStatus', () => {
  for (const status of [401, 403, 404, 410, 418, 429, 500, 503]) {
    it(`says what ${status} was and what to do`, () => {
      const { code, message, hint } = describeStatus(status, URL);
      assert.deepEqual([code, message], ['HTTP_STATUS', `${URL}: the server answered ${status}`]);
      assert.notEqual(hint, '');
    });
  }
});

describe('a real failure', () => {
  async function fetchFrom(url: string): Promise<Ended> {
    const connections = new Connections({ timeout: 60_000 });
    try {
      return await fetchOne(connections, url);
    } finally {
      await connections.destroy();
    }
  }

  function assertRetried(ended: Ended, expected: boolean): void {
    assert.ok(ended.kind === 'failure');
    const delay = retryDelay(ended, 1, { tries: 5, baseDelay: 1, maxDelay: 1, maxRetryAfter: 1, patience: 1 }, 0, 0);
    assert.equal(delay !== undefined, expected);
  }

  it('of a port that nobody listens on is NET_REFUSED, and tried again', async () => {
    const server = await startRawServer({});
    await server.close();
    const ended = await fetchFrom(`${server.origin}/`);
    assertFailure(ended, 'NET_REFUSED', new RegExp(`^${server.origin}/: the server refused the connection$`));
    assertRetried(ended, true);
  });

  it('of localhost, which may have two addresses, is NET_REFUSED too', async () => {
    const server = await startRawServer({});
    await server.close();
    assertFailure(await fetchFrom(`http://localhost:${server.port}/`), 'NET_REFUSED');
  });

  it('of a name that does not exist is NET_DNS, and not tried again', async () => {
    const ended = await fetchFrom('http://sluice.invalid/');
    assert.ok(ended.kind === 'failure');
    // Without a name server at all, there is no telling.
    const noServer = ended.error.cause?.code === 'EAI_AGAIN';
    assertFailure(ended, noServer ? 'NET_TIMEOUT' : 'NET_DNS');
    assertRetried(ended, noServer);
  });

  it('of https to a server that speaks http is NET_TLS, and not tried again', async () => {
    await using server = await startRawServer({ onConnection: () => ['HTTP/1.1 400 Bad Request\r\n\r\n'] });
    const ended = await fetchFrom(`https://127.0.0.1:${server.port}/`);
    assertFailure(ended, 'NET_TLS', /no secure connection could be made/);
    assertRetried(ended, false);
  });

  it('of a certificate that is signed by itself is NET_TLS, and not tried again', async (t) => {
    const certificate = selfSigned();
    if (certificate === undefined) {
      t.skip('openssl is not installed, so there is no certificate');
      return;
    }
    let requests = 0;
    const server = createServer(certificate, (_request, response) => {
      requests += 1;
      response.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ended = await fetchFrom(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assertFailure(ended, 'NET_TLS', /the certificate of the server cannot be trusted/);
    assertRetried(ended, false);
    assert.ok(ended.kind === 'failure');
    assert.equal(ended.error.cause?.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    assert.equal(requests, 0);
  });
});

/** Undefined where openssl is not installed. */
function selfSigned(): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const how = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1';
    execFileSync(OPENSSL, [...how.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
