import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { Connections } from '../../src/fetch/client.js';
import { connectThrough, type Dial } from '../../src/fetch/proxy.js';
import { Way, type WaySettings } from '../../src/fetch/way.js';
import { parseProxy } from '../../src/options/proxy.js';
import { Authority, noOpenssl, serveSecurely } from '../helpers/certificates.js';
import { startHttpProxy, startSocks, startSocks4 } from '../helpers/proxies.js';
import { answer, END, startRawServer } from '../helpers/raw-server.js';
import { assertFailure, type Ended, fetchOne, startFetch, until } from './recording.js';

const BODY = Buffer.from('the body');
const PLAIN = { kind: 'body', text: 'the body' } as const;

interface Setting {
  readonly tls?: WaySettings['tls'];
  readonly connectTimeout?: number;
  readonly except?: string;
}

/** Fetches each URL through a proxy, one after the other, over connections that stay. */
async function fetchAll(urls: readonly string[], proxyUrl: string, setting: Setting = {}): Promise<Ended[]> {
  const { except = '', ...rest } = setting;
  const proxy = parseProxy(proxyUrl, '--proxy');
  const way = new Way({ proxies: { http: proxy, https: proxy, except }, ...rest });
  const connections = new Connections({ timeout: 60_000, way });
  try {
    const ended: Ended[] = [];
    for (const url of urls) ended.push(await fetchOne(connections, url));
    return ended;
  } finally {
    await connections.destroy();
  }
}

function assertBody(ended: Ended | undefined): void {
  assert.deepEqual(ended && { ...ended, chunks: 1, encoding: '' }, { ...PLAIN, chunks: 1, encoding: '' });
}

async function startServer() {
  return startRawServer({ onRequest: () => [answer('the body')] });
}

describe('an http proxy', () => {
  it('is asked for the whole URL of what is at an http server, and gets user and password by itself', async () => {
    await using server = await startServer();
    await using proxy = await startHttpProxy({ wants: 'na me:p@ss/word' });
    const url = `http://na%20me:p%40ss%2Fword@127.0.0.1:${proxy.port}`;
    const [first, second] = await fetchAll([`${server.origin}/a?b=c`, `${server.origin}/d`], url);
    assertBody(first);
    assertBody(second);
    assert.deepEqual(proxy.asked, [`GET ${server.origin}/a?b=c`, `GET ${server.origin}/d`]);
    assert.deepEqual(
      server.requests.map(({ path }) => path),
      ['/a?b=c', '/d'],
    );
    for (const { head } of server.requests) {
      assert.match(head, new RegExp(`^host: 127.0.0.1:${server.port}$`, 'm'));
      assert.doesNotMatch(head, /proxy-authorization/i);
    }
  });

  it('is not asked for hosts that are excepted', async () => {
    await using server = await startServer();
    await using proxy = await startHttpProxy();
    const [ended] = await fetchAll([`${server.origin}/a`], `127.0.0.1:${proxy.port}`, { except: '127.0.0.0/8' });
    assertBody(ended);
    assert.deepEqual([proxy.asked, server.requests.length], [[], 1]);
  });

  it('that wants a user and a password is a failure that names it, and no password', async () => {
    await using server = await startServer();
    await using proxy = await startHttpProxy({ wants: 'a:right' });
    for (const who of ['', 'a:s3cret@']) {
      const urls = [`${server.origin}/a`, 'https://127.0.0.1:1/b'];
      for (const ended of await fetchAll(urls, `http://${who}127.0.0.1:${proxy.port}`)) {
        assertFailure(ended, 'PROXY_REFUSED', new RegExp(`/[ab]: the proxy http://.*127.0.0.1:${proxy.port} `));
        assert.match(JSON.stringify(ended), /user and (?:a |the )?password/);
        assert.match(JSON.stringify(ended), /--proxy/);
        assert.doesNotMatch(JSON.stringify(ended), /s3cret/);
      }
    }
    assert.equal(server.requests.length, 0);
  });

  it('that is down, has no name or never answers is a failure that names it', async (t) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    for (const url of ['http://127.0.0.1:9/a', 'https://127.0.0.1:9/a']) {
      const [ended] = await fetchAll([url], `http://u:s3cret@127.0.0.1:${port}`);
      const told = `/a: the proxy http://u:\\*\\*\\*@127.0.0.1:${port} of --proxy refused the connection`;
      assertFailure(ended, 'PROXY_DOWN', new RegExp(told));
      assert.doesNotMatch(JSON.stringify(ended), /s3cret/);
    }
    const [nameless] = await fetchAll(['https://127.0.0.1:9/a'], 'http://proxy.invalid:3128');
    assertFailure(nameless, 'PROXY_DOWN', /could not be resolved|cannot be reached/);
    const silent = await silentServer(t);
    const [late] = await fetchAll(['https://127.0.0.1:9/a'], `http://127.0.0.1:${silent}`, { connectTimeout: 50 });
    assertFailure(late, 'PROXY_DOWN', /did not answer in time/);
  });

  it('that is none is a failure: a web page, a server of something else, one that closes', async () => {
    await using page = await startHttpProxy({ answer: 'HTTP/1.1 200 OK\r\n\r\n<html>log in</html>' });
    await using refusing = await startHttpProxy({ answer: 'HTTP/1.1 405 Not here\r\n\r\n<html>' });
    await using other = await startRawServer({ onConnection: () => ['SSH-2.0-server\r\n'] });
    await using closing = await startRawServer({ onRequest: () => [END] });
    const at = async ({ port }: { readonly port: number }) =>
      (await fetchAll(['https://127.0.0.1:9/a'], `http://127.0.0.1:${port}`))[0];
    assertFailure(await at(page), 'PROXY_REFUSED', /something else than a tunnel/);
    assertFailure(await at(refusing), 'PROXY_REFUSED', /did not connect to 127\.0\.0\.1:9: it answered 405/);
    assertFailure(await at(other), 'PROXY_REFUSED', /no http proxy/);
    assertFailure(await at(closing), 'PROXY_DOWN', /closed the connection/);
  });

  it('that cannot reach the server leaves the server to be judged', async () => {
    await using proxy = await startHttpProxy();
    const [ended] = await fetchAll(['https://127.0.0.1:9/a'], `http://127.0.0.1:${proxy.port}`);
    assertFailure(ended, 'NET_UNREACHABLE', /did not connect to 127\.0\.0\.1:9: it answered 503/);
  });
});

describe('a tunnel to an https server', { skip: noOpenssl }, () => {
  const schemes: [
    name: string,
    start: (t: Authority) => Promise<{ port: number; asked: readonly string[] } & AsyncDisposable>,
  ][] = [
    ['http', () => startHttpProxy({ wants: 'a:b' })],
    ['https', (authority) => startHttpProxy({ wants: 'a:b', certificate: authority.sign('IP:127.0.0.1', 2) })],
    ['socks5', () => startSocks('a:b')],
    ['socks5h', () => startSocks('a:b')],
    ['socks4', () => startSocks4('a')],
    ['socks4a', () => startSocks4('a')],
  ];
  for (const [scheme, start] of schemes) {
    it(`is made by ${scheme}, and carries requests one after the other`, async (t) => {
      const who = scheme.startsWith('socks4') ? 'a' : 'a:b';
      const authority = new Authority(t);
      const server = await serveSecurely(t, authority.sign('IP:127.0.0.1', 2), { body: BODY });
      await using proxy = await start(authority);
      const tls = { ca: readFileSync(authority.path, 'latin1'), insecure: false };
      const urls = [`${server.origin}/a`, `${server.origin}/b`];
      const ended = await fetchAll(urls, `${scheme}://${who}@127.0.0.1:${proxy.port}`, { tls });
      ended.forEach(assertBody);
      assert.deepEqual([proxy.asked.length, server.connections, server.requests], [1, 1, 2]);
      const [untrusted] = await fetchAll(urls, `${scheme}://${who}@127.0.0.1:${proxy.port}`);
      assert.equal(untrusted?.kind, 'failure');
      const what = scheme === 'https' ? /certificate of the proxy .* cannot be trusted/ : /certificate of the server/;
      assert.match(untrusted.error.message, what);
    });
  }

  it('is one through a proxy that is asked by https, also for http servers', async (t) => {
    const authority = new Authority(t);
    await using server = await startServer();
    await using proxy = await startHttpProxy({ certificate: authority.sign('IP:127.0.0.1', 2) });
    const tls = { ca: readFileSync(authority.path, 'latin1'), insecure: false };
    const [ended] = await fetchAll([`${server.origin}/a`], `https://127.0.0.1:${proxy.port}`, { tls });
    assertBody(ended);
    const [plain] = await fetchAll([`${server.origin}/a`], `http://127.0.0.1:${proxy.port}`);
    assert.equal(plain?.kind, 'failure');
    await using http = await startHttpProxy();
    const [wrong] = await fetchAll([`${server.origin}/a`], `https://127.0.0.1:${http.port}`, { tls });
    assertFailure(wrong, 'PROXY_REFUSED', /no secure connection could be made to the proxy/);
  });
});

describe('a SOCKS proxy', () => {
  it('gets names with socks5h, and addresses with socks5, which are looked up here', async () => {
    await using server = await startServer();
    const { port } = server;
    await using proxy = await startSocks();
    for (const scheme of ['socks5h', 'socks5']) {
      const [ended] = await fetchAll([`http://localhost:${port}/a`], `${scheme}://127.0.0.1:${proxy.port}`);
      if (scheme === 'socks5h') assertBody(ended);
    }
    assert.equal(proxy.asked[0], `name localhost:${port}`);
    assert.match(proxy.asked[1] ?? '', new RegExp(`^address (?:127\\.0\\.0\\.1|[0:]+1):${port}$`));
    await fetchAll([`http://[::1]:${port}/a`], `socks5h://127.0.0.1:${proxy.port}`);
    assert.equal(proxy.asked[2], `address 0000:0000:0000:0000:0000:0000:0000:0001:${port}`);
  });

  it('tells what went wrong: a password, the server, a name, or that it is none', async () => {
    await using proxy = await startSocks('a:right');
    await using http = await startRawServer({ onConnection: () => ['HTTP/1.1 400 Bad Request\r\n\r\n'] });
    await using free = await startSocks();
    const url = 'http://127.0.0.1:9/a';
    const at = async (to: string, what = url) => (await fetchAll([what], `socks5://${to}`))[0];
    assertFailure(await at(`a:s3cret@127.0.0.1:${proxy.port}`), 'PROXY_REFUSED', /refused the user and the password/);
    assertFailure(await at(`127.0.0.1:${proxy.port}`), 'PROXY_REFUSED', /wants a user and a password/);
    assertFailure(await at(`127.0.0.1:${http.port}`), 'PROXY_REFUSED', /does not speak SOCKS 5/);
    assertFailure(await at(`127.0.0.1:${free.port}`), 'NET_REFUSED', /the server refused the connection/);
    assertFailure(await at(`127.0.0.1:${free.port}`, 'http://server.invalid/a'), 'NET_DNS');
  });
});

describe('a proxy of SOCKS 4', () => {
  it('gets names with socks4a, and addresses of IPv4 with socks4, which are looked up here', async () => {
    await using server = await startServer();
    const { port } = server;
    await using proxy = await startSocks4();
    for (const scheme of ['socks4a', 'socks4']) {
      const [ended] = await fetchAll([`http://localhost:${port}/a`], `${scheme}://127.0.0.1:${proxy.port}`);
      assertBody(ended);
    }
    const [plain] = await fetchAll([`http://127.0.0.1:${port}/a`], `socks4a://127.0.0.1:${proxy.port}`);
    assertBody(plain);
    assert.deepEqual(proxy.asked, [`name localhost:${port}`, `address 127.0.0.1:${port}`, `address 127.0.0.1:${port}`]);
    for (const scheme of ['socks4a', 'socks4']) {
      const [ended] = await fetchAll([`http://[::1]:${port}/a`], `${scheme}://127.0.0.1:${proxy.port}`);
      assertFailure(ended, 'PROXY_REFUSED', /SOCKS 4 knows addresses of IPv4 alone/);
    }
  });

  it('tells what went wrong: the user, the server, a name, or that it is none', async () => {
    await using proxy = await startSocks4('right');
    await using http = await startRawServer({ onConnection: () => ['HTTP/1.1 400 Bad Request\r\n\r\n'] });
    await using free = await startSocks4();
    const at = async (to: string, what = 'http://127.0.0.1:9/a', scheme = 'socks4') =>
      (await fetchAll([what], `${scheme}://${to}`))[0];
    assertFailure(await at(`wrong@127.0.0.1:${proxy.port}`), 'PROXY_REFUSED', /it wants to know who asks/);
    assertFailure(await at(`127.0.0.1:${http.port}`), 'PROXY_REFUSED', /does not speak SOCKS 4/);
    assertFailure(await at(`127.0.0.1:${free.port}`, undefined, 'socks5'), 'PROXY_DOWN', /closed the connection/);
    assertFailure(await at(`127.0.0.1:${free.port}`), 'NET_UNREACHABLE', /did not connect to 127\.0\.0\.1:9/);
    assertFailure(await at(`127.0.0.1:${free.port}`, 'http://server.invalid/a'), 'NET_DNS');
  });
});

it('a name that hangs is waited for no longer than connecting may take', async (t) => {
  const { port } = await heldServer(t, () => undefined);
  const proxy = parseProxy(`socks5://127.0.0.1:${port}`, '--proxy');
  const near: Dial['near'] = (_wanted, callback) => {
    // The time may be over before it is connected.
    const socket = connect(port, '127.0.0.1', () => callback(null, socket));
    return socket.on('error', (error) => callback(error, null));
  };
  const dial = { near, far: near, lookup: () => undefined, timeout: 50, onSocket: () => undefined };
  const wanted = { protocol: 'http:', hostname: 'a.example', port: '80' };
  await assert.rejects(connectThrough(proxy, wanted, dial), /did not answer in time/);
});

it('a connection that nobody waits for any more is closed while a proxy is at its handshake', async (t) => {
  const closed = new Set<string>();
  for (const scheme of ['http', 'socks5h']) {
    const { promise, port } = await heldServer(t, () => closed.add(scheme));
    const proxy = parseProxy(`${scheme}://127.0.0.1:${port}`, '--proxy');
    const way = new Way({ proxies: { http: proxy, https: proxy, except: '' } });
    const connections = new Connections({ timeout: 60_000, way });
    const running = startFetch(connections, 'https://127.0.0.1:9/a');
    await promise;
    running.cancel({ code: 'ABORTED', message: 'enough', hint: 'none' });
    assertFailure(await running.ended, 'ABORTED');
    await until(() => closed.has(scheme), `${scheme} is closed`);
    await connections.destroy();
  }
});

/** Accepts connections and never answers. */
async function silentServer(t: TestContext): Promise<number> {
  return (await heldServer(t, () => undefined)).port;
}

/** The same; the promise is kept when something has come. */
async function heldServer(t: TestContext, onClose: () => void): Promise<{ promise: Promise<void>; port: number }> {
  let come: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    come = resolve;
  });
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket
      .on('data', come)
      .on('error', () => undefined)
      .on('close', onClose);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { promise, port: (server.address() as AddressInfo).port };
}
