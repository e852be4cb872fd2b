/** Real proxies and a real server that wants certificates: files come whole through them, and refusals are told. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { noise } from '../../helpers/bodies.js';
import { Authority, noOpenssl, OPENSSL } from '../../helpers/certificates.js';
import { freePort, missing, runServer } from '../../helpers/programs.js';
import { startHttpProxy } from '../../helpers/proxies.js';
import { scratch } from '../../helpers/scratch.js';
import { type Bodies, Place } from '../../helpers/soundness.js';

const timeout = 600_000;
const noNginx = noOpenssl || missing('nginx');
/** One of them is large enough to go through in parts. */
const BODIES: Bodies = {
  ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`small${n}`, noise(3_000 + n, n)])),
  large: noise(3_000_000, 99),
};

/** Of a key. */
const LOCKED = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc' } as const;

interface Site {
  readonly authority: Authority;
  readonly http: string;
  readonly https: string;
  /** The version of HTTP of each request until now. */
  readonly protocols: () => string[];
}

/** nginx with http, https and HTTP/2. @param wantsCertificate it gives nothing to who has none */
async function startNginx(t: TestContext, wantsCertificate = false): Promise<Site> {
  const authority = new Authority(t);
  const { key, cert } = authority.sign('IP:127.0.0.1,DNS:localhost', 2);
  const folder = scratch(t);
  const root = join(folder, 'www');
  mkdirSync(root);
  for (const [name, body] of Object.entries(BODIES)) writeFileSync(join(root, name), body);
  const [httpPort, httpsPort] = [await freePort(), await freePort()];
  const conf = join(folder, 'nginx.conf');
  const wants = wantsCertificate ? `ssl_client_certificate ${authority.path}; ssl_verify_client on;` : '';
  writeFileSync(
    conf,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  log_format protocol $server_protocol; access_log ${folder}/access.log protocol; keepalive_requests 25; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${httpPort}; root ${root}; }
  server {
    listen 127.0.0.1:${httpsPort} ssl http2; root ${root}; ${wants}
    ssl_certificate ${authority.write('server.pem', cert)}; ssl_certificate_key ${authority.write('server.key', key)};
  }
}
`,
  );
  await runServer(t, ['nginx', '-c', conf, '-p', folder, '-e', join(folder, 'error.log')], httpsPort);
  const protocols = (): string[] => readFileSync(join(folder, 'access.log'), 'latin1').split('\n').filter(Boolean);
  return { authority, http: `http://127.0.0.1:${httpPort}`, https: `https://127.0.0.1:${httpsPort}`, protocols };
}

/** A proxy that wants `name:s3cret` on a free port. */
type Start = (t: TestContext) => Promise<{ readonly url: string; readonly without: string }>;

function urlsOf(scheme: string, port: number): { url: string; without: string } {
  return { url: `${scheme}://name:s3cret@127.0.0.1:${port}`, without: `${scheme}://127.0.0.1:${port}` };
}

const tinyproxy: Start = async (t) => {
  const port = await freePort();
  const conf = join(scratch(t), 'tinyproxy.conf');
  writeFileSync(conf, `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nBasicAuth name s3cret\n`);
  await runServer(t, ['tinyproxy', '-d', '-c', conf], port);
  return urlsOf('http', port);
};

const squid: Start = async (t) => {
  const port = await freePort();
  const folder = scratch(t);
  const passwords = join(folder, 'passwords');
  const { stdout } = spawnSync(OPENSSL, ['passwd', '-apr1', 's3cret'], { encoding: 'utf8' });
  writeFileSync(passwords, `name:${stdout}`);
  const conf = join(folder, 'squid.conf');
  writeFileSync(
    conf,
    `http_port 127.0.0.1:${port}
pid_filename none
cache deny all
access_log none
cache_log ${folder}/cache.log
coredump_dir ${folder}
shutdown_lifetime 0 seconds
auth_param basic program ${basicAuth()} ${passwords}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
`,
  );
  // It gives up being root.
  chmodSync(folder, 0o777);
  for (const path of [passwords, conf]) chmodSync(path, 0o644);
  const proxy = spawnSync('id', ['-u', 'proxy'], { encoding: 'utf8' }).stdout.trim();
  if (process.getuid?.() === 0 && proxy !== '') chownSync(folder, Number(proxy), -1);
  await runServer(t, ['squid', '-N', '-f', conf], port);
  return urlsOf('http', port);
};

function basicAuth(): string {
  return spawnSync('sh', ['-c', 'ls /usr/lib/squid*/basic_ncsa_auth | head -1'], { encoding: 'utf8' }).stdout.trim();
}

function microsocks(scheme: string): Start {
  return async (t) => {
    const port = await freePort();
    await runServer(t, ['microsocks', '-i', '127.0.0.1', '-p', String(port), '-u', 'name', '-P', 's3cret'], port);
    return urlsOf(scheme, port);
  };
}

/** Of SOCKS 4, which has no passwords. */
async function startDante(t: TestContext): Promise<number> {
  const port = await freePort();
  const conf = join(scratch(t), 'danted.conf');
  writeFileSync(
    conf,
    `logoutput: stderr
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
socks pass {
  from: 0.0.0.0/0 to: 0.0.0.0/0
  proxyprotocol: socks_v4
}
`,
  );
  await runServer(t, ['danted', '-f', conf], port);
  return port;
}

const PROXIES: readonly (readonly [what: string, program: string, start: Start])[] = [
  ['tinyproxy', 'tinyproxy', tinyproxy],
  ['squid', 'squid', squid],
  ['microsocks by socks5', 'microsocks', microsocks('socks5')],
  ['microsocks by socks5h', 'microsocks', microsocks('socks5h')],
];

for (const [what, program, start] of PROXIES) {
  test(
    `${what} with a password: all files come whole, by http and https`,
    { skip: noNginx || missing(program), timeout },
    async (t) => {
      const site = await startNginx(t);
      const { url, without } = await start(t);
      for (const [origin, executor] of [
        [site.http, 'pool'],
        [site.https, 'pool'],
        [site.https, 'threads'],
      ] as const) {
        const place = new Place(t);
        const list = Object.keys(BODIES).map((name) => `${origin}/${name}\n`);
        const line = ['-i', '-', '--cacert', site.authority.path, '--executor', executor];
        const { status, stderr, report } = await place.get(line, { input: list.join(''), env: { all_proxy: url } });
        assert.deepEqual([status, report?.ok], [0, Object.keys(BODIES).length], stderr);
        place.assertSound(BODIES);
      }
      for (const origin of [site.http, site.https]) {
        for (const proxy of [without, url.replace('s3cret', 'wr0ng')]) {
          const place = new Place(t);
          const { status, stderr, report } = await place.get(['--proxy', proxy, `${origin}/large`]);
          // tinyproxy takes a wrong password for none of its own: it answers 401, as a server does.
          const isServers = what === 'tinyproxy' && origin === site.http && proxy !== without;
          const code = isServers ? 'HTTP_STATUS' : 'PROXY_REFUSED';
          assert.deepEqual([status, report?.causes], [1, { [code]: 1 }], stderr);
          assert.doesNotMatch(stderr, /wr0ng/);
          place.assertSound({});
        }
      }
      const place = new Place(t);
      const closed = `https://127.0.0.1:${await freePort()}/a`;
      const { report, stderr } = await place.get(['--proxy', url, '--tries', '1', closed]);
      assert.match(Object.keys(report?.causes ?? {}).join(), /^NET_(?:UNREACHABLE|REFUSED)$/, stderr);
    },
  );
}

test(
  'dante by socks4 and socks4a: all files come whole, and who speaks SOCKS 5 is told',
  { skip: noNginx || missing('danted'), timeout },
  async (t) => {
    const site = await startNginx(t);
    const port = await startDante(t);
    for (const [scheme, origin] of [
      ['socks4', site.http],
      ['socks4a', site.https],
    ] as const) {
      const place = new Place(t);
      const list = Object.keys(BODIES).map((name) => `${origin}/${name}\n`);
      const line = ['-i', '-', '--cacert', site.authority.path, '--proxy', `${scheme}://127.0.0.1:${port}`];
      const { status, stderr, report } = await place.get(line, { input: list.join('') });
      assert.deepEqual([status, report?.ok], [0, Object.keys(BODIES).length], stderr);
      place.assertSound(BODIES);
    }
    const place = new Place(t);
    const { status, stderr, report } = await place.get(['--proxy', `socks5://127.0.0.1:${port}`, `${site.http}/large`]);
    assert.deepEqual([status, report?.causes], [1, { PROXY_REFUSED: 1 }], stderr);
    place.assertSound({});
  },
);

test(
  'nginx by HTTP/2: all files come whole, also over connections that it leaves after some requests',
  { skip: noNginx, timeout },
  async (t) => {
    const site = await startNginx(t);
    for (const [executor, proxied] of [
      ['pool', false],
      ['threads', false],
      ['pool', true],
    ] as const) {
      const place = new Place(t);
      const urls = Object.keys(BODIES).map((name) => `${site.https}/${name}\n`);
      await using tunnel = await startHttpProxy();
      const proxy = proxied ? ['--proxy', `http://127.0.0.1:${tunnel.port}`] : [];
      const args = ['-i', '-', '--cacert', site.authority.path, '--http2', '--executor', executor, ...proxy];
      const before = site.protocols().length;
      const { status, stderr, report } = await place.get(args, { input: urls.join('') });
      assert.deepEqual([status, report?.ok], [0, urls.length], stderr);
      place.assertSound(BODIES);
      assert.deepEqual(new Set(site.protocols().slice(before)), new Set(['HTTP/2.0']));
    }
  },
);

describe('a server that wants a certificate', { skip: noNginx, timeout }, () => {
  test('gets that of --cert, and who has none is told', async (t) => {
    const { authority, https } = await startNginx(t, true);
    const { key, cert } = authority.sign('DNS:client', 2);
    const [both, certOnly, keyOnly] = [
      authority.write('both.pem', Buffer.concat([cert, key])),
      authority.write('client.pem', cert),
      authority.write('client.key', key),
    ];
    const [locked, password] = [
      authority.write('locked.key', createPrivateKey(key).export({ ...LOCKED, passphrase: 'pass phrase' })),
      authority.write('password', 'pass phrase\n'),
    ];
    chmodSync(password, 0o600);
    for (const args of [
      ['--cert', certOnly, '--key', locked, '--pass-file', password],
      ['--cert', certOnly, '--key', locked, '--pass', 'pass phrase', '--executor', 'threads'],
      ['--cert', both],
      ['--certificate', certOnly, '--private-key', keyOnly],
      ['--cert', both, '--executor', 'threads'],
    ]) {
      const place = new Place(t);
      const { status, stderr } = await place.get(['--cacert', authority.path, ...args, `${https}/small1`]);
      assert.equal(status, 0, stderr);
      place.assertSound({ small1: BODIES['small1'] as Uint8Array });
    }
    const place = new Place(t);
    const none = await place.get(['--cacert', authority.path, `${https}/small1`]);
    assert.equal(none.status, 1, none.stderr);
    // nginx says it as a page.
    assert.deepEqual(none.report?.causes, { HTTP_STATUS: 1 }, none.stderr);
    const other = authority.sign('DNS:other', 2);
    const wrong = await place.get([
      '--cert',
      certOnly,
      '--key',
      authority.write('o.key', other.key),
      `${https}/small1`,
    ]);
    assert.equal(wrong.status, 2, wrong.stderr);
    assert.match(wrong.stderr, /belongs to another certificate/);
  });

  test('is not checked itself with --insecure, which every run tells', async (t) => {
    const { https } = await startNginx(t);
    for (const flag of ['--insecure', '-k', '--no-check-certificate']) {
      const place = new Place(t);
      const { status, stderr } = await place.get([flag, '--quiet', `${https}/small1`]);
      assert.equal(status, 0, stderr);
      assert.match(stderr, /certificates are not checked, because --insecure says so/);
    }
  });
});
