/** Certificates of tests, made by openssl. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { scratch } from './scratch.js';

export const OPENSSL = 'openssl';
/** Why tests skip; false if they need not. */
export const noOpenssl = spawnSync(OPENSSL, ['version']).status === 0 ? false : 'needs openssl';
/** Of a curve: a key of RSA takes long to find. */
const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** An authority, and certificates that it has signed. */
export class Authority {
  readonly path: string;
  readonly folder: string;

  constructor(t: { after(fn: () => void): void }) {
    this.folder = scratch(t);
    this.path = join(this.folder, 'ca.pem');
    this.#run(`req -x509 ${NEW_KEY} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem`);
  }

  /** @param days of which it is valid from now; negative: it has expired */
  sign(name: string, days: number): Certificate {
    writeFileSync(join(this.folder, 'ext'), `subjectAltName=${name}`);
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

  /** A file with it, beside those of the authority. */
  write(name: string, content: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  #read(cert: string): Certificate {
    return { key: readFileSync(join(this.folder, 'key.pem')), cert: readFileSync(join(this.folder, cert)) };
  }

  #run(command: string): void {
    const { status, stderr } = spawnSync(OPENSSL, command.split(' '), { cwd: this.folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
}

/** An authority for all tests of a suite, to be called in it: there are none before its tests begin. */
export function suiteCertificates(): { readonly tls: Certificate; readonly ca: string } {
  const ends: (() => void)[] = [];
  let made: { readonly tls: Certificate; readonly ca: string } | undefined;
  before(() => {
    const authority = new Authority({ after: (fn) => ends.push(fn) });
    made = { tls: authority.sign('IP:127.0.0.1', 2), ca: readFileSync(authority.path, 'latin1') };
  });
  after(() => {
    for (const end of ends) end();
  });
  const get = () => made ?? assert.fail('no test has begun');
  return {
    get tls() {
      return get().tls;
    },
    get ca() {
      return get().ca;
    },
  };
}

/** An https server on a free port, which answers each request with the body, or leads elsewhere. */
export async function serveSecurely(
  t: { after(fn: () => void): void },
  options: TlsOptions,
  { body, location }: { readonly body: Buffer; readonly location?: string | undefined },
) {
  const seen = { connections: 0, requests: 0, origin: '' };
  const server = createServer(options, (_request, response) => {
    seen.requests += 1;
    if (location === undefined) response.end(body);
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
