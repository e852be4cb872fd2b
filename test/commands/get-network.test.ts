/** How `sluice get` reaches servers, and as whom, as its options and the environment say. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { noise } from '../helpers/bodies.js';
import { Authority, noOpenssl } from '../helpers/certificates.js';
import { startHttp2 } from '../helpers/http2-server.js';
import { startHttpProxy, startSocks } from '../helpers/proxies.js';
import { answer, type RawServer, startRawServer } from '../helpers/raw-server.js';
import { type Bodies, Place } from '../helpers/soundness.js';
import { thorough } from '../helpers/thorough.js';

const BODY = Buffer.from('the body');
const timeout = 600_000;

function startServer(): Promise<RawServer> {
  return startRawServer({ onRequest: () => [answer(BODY)] });
}

function authorizations({ requests }: RawServer): (string | undefined)[] {
  return requests
    .map(({ head }) => /^authorization: Basic (.*)$/im.exec(head)?.[1])
    .map((text) => text && decoded(text));
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString();
}

describe('proxies', { timeout }, () => {
  test('of the environment are used, for lists by URL, too, and their passwords are nowhere to be read', async (t) => {
    await using server = await startRawServer({
      onRequest: ({ path }) => [answer(path === '/list' ? `http://127.0.0.1:${server.port}/a\n` : BODY)],
    });
    await using proxy = await startHttpProxy({ wants: 'user:s3cret' });
    const place = new Place(t, true);
    for (const executor of ['pool', 'threads']) {
      const { status, stderr, stdout } = await place.get(
        ['-i', `${server.origin}/list`, '--executor', executor, '--overwrite', '--no-journal'],
        { env: { http_proxy: `http://user:s3cret@127.0.0.1:${proxy.port}` } },
      );
      assert.equal(status, 0, stderr);
      assert.deepEqual(proxy.asked.slice(-2), [`GET ${server.origin}/list`, `GET ${server.origin}/a`]);
      assert.doesNotMatch(stderr + stdout, /s3cret/);
    }
    place.assertSound({ a: BODY });
  });

  test('that are down or refuse leave no password in messages, report and journal', async (t) => {
    await using proxy = await startHttpProxy({ wants: 'user:right' });
    const place = new Place(t, true);
    const given = ['--tries', '1', 'http://127.0.0.1:9/a', 'https://127.0.0.1:9/b'];
    const { status, stderr, report } = await place.get(given, {
      env: { all_proxy: `http://user:s3cret@127.0.0.1:${proxy.port}` },
    });
    assert.deepEqual([status, report?.causes], [1, { PROXY_REFUSED: 2 }], stderr);
    assert.match(stderr, /refused the user and the password; .*all_proxy/);
    const all = readdirSync(place.directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    assert.doesNotMatch(stderr + JSON.stringify(report) + all.join(''), /s3cret/);
  });

  test('count in the order that curl has: --proxy, variables in lower case, --no-proxy, no_proxy', async (t) => {
    await using server = await startServer();
    await using one = await startHttpProxy();
    await using other = await startSocks();
    const [first, second] = [`http://127.0.0.1:${one.port}`, `socks5h://127.0.0.1:${other.port}`];
    const cases: [args: string[], env: NodeJS.ProcessEnv, used: 'one' | 'other' | 'none'][] = [
      [[], { http_proxy: first, all_proxy: second }, 'one'],
      [[], { http_proxy: '', ALL_PROXY: second }, 'other'],
      [[], { HTTP_PROXY: first }, 'none'],
      [[], { https_proxy: first }, 'none'],
      [['--proxy', second], { http_proxy: first }, 'other'],
      [['--no-proxy'], { http_proxy: first }, 'none'],
      [['--proxy', ''], { http_proxy: first }, 'none'],
      [[], { http_proxy: first, NO_PROXY: 'example.com, 127.0.0.1' }, 'none'],
      [['--noproxy', 'example.com'], { http_proxy: first, no_proxy: '*' }, 'one'],
      [['--noproxy', '*', '--proxy', first], {}, 'none'],
      [['--all-proxy', first], {}, 'one'],
    ];
    const place = new Place(t, true);
    for (const [args, env, used] of cases) {
      const before = [one.asked.length, other.asked.length];
      const line = ['--overwrite', '--no-journal', ...args, `${server.origin}/a`];
      const { status, stderr } = await place.get(line, { env: { NO_PROXY: undefined, no_proxy: undefined, ...env } });
      assert.equal(status, 0, stderr);
      const grown = [one.asked.length - (before[0] as number), other.asked.length - (before[1] as number)];
      assert.deepEqual(grown, { one: [1, 0], other: [0, 1], none: [0, 0] }[used], JSON.stringify([args, env]));
      if (env['HTTP_PROXY'] !== undefined) assert.match(stderr, /HTTP_PROXY is not used/);
    }
  });
});

describe('credentials', { timeout }, () => {
  test('of --user and a netrc go to the servers of the items, not where they redirect to', async (t) => {
    await using other = await startServer();
    await using server = await startRawServer({
      onRequest: ({ path }) => [
        path === '/away'
          ? `HTTP/1.1 302 Found\r\nLocation: http://localhost:${other.port}/there\r\nContent-Length: 0\r\n\r\n`
          : answer(BODY),
      ],
    });
    const place = new Place(t, true);
    const netrc = join(place.cwd, 'netrc');
    writeFileSync(netrc, '# mine\nmachine 127.0.0.1 login "a b" password s3cret\ndefault login d password e\n', {
      mode: 0o600,
    });
    const get = async (...args: string[]) => place.get(['--no-journal', '--overwrite', ...args]);
    const own = `http://x:y@127.0.0.1:${server.port}/own`;
    const given = await get('--user', 'na me:pass:word', `${server.origin}/away`, own);
    assert.equal(given.status, 0, given.stderr);
    assert.deepEqual(
      [...new Set(authorizations(server))].toSorted((a = '', b = '') => a.localeCompare(b)),
      ['na me:pass:word', 'x:y'],
    );
    assert.deepEqual(authorizations(other), [undefined]);
    const byFile = await get('--netrc-file', netrc, `${server.origin}/away`);
    assert.equal(byFile.status, 0, byFile.stderr);
    assert.deepEqual([authorizations(server).at(-1), authorizations(other).at(-1)], ['a b:s3cret', undefined]);
    const header = await get('--user', 'a:b', '--header', 'Authorization: Bearer t', `${server.origin}/header`);
    assert.equal(header.status, 0, header.stderr);
    assert.match(server.requests.at(-1)?.head ?? '', /^Authorization: Bearer t$/m);
    assert.deepEqual(authorizations(server).at(-1), undefined);
  });

  test('in a netrc that others can read are used, and that is told', async (t) => {
    await using server = await startServer();
    const place = new Place(t, true);
    const netrc = join(place.cwd, 'mine');
    writeFileSync(netrc, 'machine 127.0.0.1\nlogin a\npassword b\n');
    chmodSync(netrc, 0o644);
    const { status, stderr } = await place.get(['--netrc', `${server.origin}/a`], { env: { NETRC: netrc } });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /others can read the passwords in .*mine: chmod 600/);
    assert.deepEqual(authorizations(server), ['a:b']);
  });

  test('of a file of cookies go to their own domains and paths', async (t) => {
    await using server = await startServer();
    const place = new Place(t, true);
    const cookies = join(place.cwd, 'cookies.txt');
    writeFileSync(
      cookies,
      [
        '# Netscape HTTP Cookie File',
        '#HttpOnly_127.0.0.1\tFALSE\t/in\tFALSE\t0\tsession\ts3cret',
        '127.0.0.1\tFALSE\t/\tFALSE\t9999999999\tall\t1',
        '127.0.0.1\tFALSE\t/\tFALSE\t1000\told\t1',
        '127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t1',
        '.example.com\tTRUE\t/\tFALSE\t0\tother\t1',
      ].join('\n'),
    );
    const line = ['--cookie-file', cookies, `${server.origin}/in/a`, `${server.origin}/inside`];
    const { status, stderr } = await place.get([...line, '-m', '1']);
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      server.requests.map(({ head }) => /^cookie: (.*)$/im.exec(head)?.[1]),
      ['session=s3cret; all=1', 'all=1'],
    );
  });
});

describe('HTTP/2', { timeout, skip: noOpenssl }, () => {
  test('is asked for with --http2, of https servers that speak it, and what it brings is the same', async (t) => {
    const authority = new Authority(t);
    const bodies: Bodies = {
      ...Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`small${n}`, noise(3_000 + n, n)])),
      large: noise(3_000_000, 99),
    };
    await using server = await startHttp2(authority.sign('IP:127.0.0.1', 2), (stream, path) => {
      const body = bodies[path.slice(1)];
      stream.respond({ ':status': body === undefined ? 404 : 200 });
      stream.end(body);
    });
    await using other = await startServer();
    const urls = Object.keys(bodies).map((name) => `${server.origin}/${name}\n`);
    const input = `${urls.join('')}${server.origin}/missing\n${other.origin}/other\n`;
    // More than once: while the client writes, Node gives bodies before their answers to who listens to both.
    for (const executor of thorough ? ['pool', 'inline', 'libuv', 'threads'] : ['pool']) {
      const place = new Place(t, true);
      const args = ['-i', '-', '--cacert', authority.path, '--http2', '--executor', executor, '-m', '20'];
      const { status, stderr, report } = await place.get(args, { input });
      assert.deepEqual([status, report?.ok, report?.notFound], [1, 62, 1], stderr);
      assert.doesNotMatch(stderr, /unproven/);
      place.assertSound({ ...bodies, other: BODY });
      if (executor === 'pool') assert.deepEqual([server.seen.requests, server.seen.connections], [62, 1]);
    }
    const place = new Place(t, true);
    const { status, report } = await place.get(['-i', '-', '--cacert', authority.path], { input });
    // This server speaks nothing else.
    assert.deepEqual([status, report?.ok], [1, 1]);
  });
});

test('what is wrong or does not go together is told before anything is requested', { timeout }, async (t) => {
  await using server = await startServer();
  const place = new Place(t, true);
  const file = (name: string, text: string): string => {
    writeFileSync(join(place.cwd, name), text);
    return name;
  };
  const garbage = file('garbage', 'garbage\n');
  const netrc = file('netrc', 'machine a login b\npassword\n');
  const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const cert = file('cert.pem', pem);
  const cases: [args: string[], told: RegExp, env?: NodeJS.ProcessEnv][] = [
    [['-4', '-6'], /--ipv4 does not go with --ipv6/],
    [['--key', 'k'], /--key has no --cert/],
    [['--insecure', '--cacert', garbage], /--insecure does not go with --cacert/],
    [['--no-check-certificate', '--cacert', garbage], /--insecure does not go with --cacert/],
    [['--netrc', '--netrc-file', netrc], /--netrc does not go with --netrc-file/],
    [['--proxy', 'ftp://u:s3cret@p:1'], /--proxy ftp:\/\/u:\*\*\*@p:1 has the scheme ftp/],
    [['--proxy', 'http://p:99999'], /no host or port/],
    [['--proxy', 'http://a b'], /--proxy http:\/\/a b is no proxy/],
    [
      [],
      /https_proxy socks:\/\/p has the scheme socks: give one of http, https, socks4, socks4a, socks5/,
      { https_proxy: 'socks://p' },
    ],
    [['--proxy', 'socks4://u:s3cret@p'], /--proxy socks4:\/\/u:\*\*\*@p has a password, which SOCKS 4 has not/],
    [['--pass', 's3cret'], /--pass has no --cert whose key it is for/],
    [['--cert', cert, '--pass', 's3cret', '--pass-file', garbage], /--pass does not go with --pass-file/],
    [['--user', 'name'], /--user has no name or no password/],
    [['--netrc-file', 'nowhere'], /--netrc-file: .*nowhere cannot be read \(ENOENT\)/],
    [['--netrc-file', netrc], /netrc, line 2: nothing follows password/],
    [['--netrc-file', garbage], /garbage, line 1: a word that is none of machine/],
    [['--cookie-file', 'nowhere'], /--cookie-file .*nowhere cannot be read/],
    [['--load-cookies', garbage], /--cookie-file .*garbage, line 1: no cookie of Netscape's form/],
    [['--cacert', 'nowhere'], /--cacert .*nowhere cannot be read/],
    [['--ca-certificate', garbage], /--cacert .*garbage has no certificate in it/],
    [['--cacert', cert], /--cacert .*cert.pem cannot be used/],
    [['--cert', cert], /--cert .*cert.pem has no private key with it/],
    [['--cert', cert, '--key', garbage], /--key .*garbage has no key in it/],
    [['--interface', 'nothing0'], /--interface nothing0 is no network device and no address of this machine/],
    [['--connect-timeout', '0'], /--connect-timeout 0 is out of bounds/],
    [['--all-proxy', 'http://a', '--proxy', 'http://b'], /--all-proxy says something else/],
  ];
  for (const [args, told, env = {}] of cases) {
    const { status, stderr } = await place.get([...args, `${server.origin}/a`], { env });
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, told);
    assert.doesNotMatch(stderr, /s3cret/);
  }
  assert.equal(server.connections, 0);
});

test('connections are made from an address and by a family that are asked for', { timeout }, async (t) => {
  await using server = await startServer();
  const place = new Place(t, true);
  const get = async (...args: string[]) => place.get(['--no-journal', '--overwrite', '--tries', '1', ...args]);
  for (const args of [['-4'], ['--interface', '127.0.0.1'], ['--connect-timeout', '5']]) {
    const { status, stderr } = await get(...args, `http://localhost:${server.port}/a`);
    assert.equal(status, 0, stderr);
  }
  const { stderr, report } = await get('-6', `${server.origin}/a`);
  assert.deepEqual(report?.causes, { NET_UNREACHABLE: 1 }, stderr);
  assert.match(stderr, /not of the kind that --ipv4 or --ipv6 asks for/);
});
