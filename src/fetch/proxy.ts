/** The way through a proxy: by CONNECT, by SOCKS, or, for http, by asking the proxy itself for the whole URL. */
import { request } from 'node:http';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { PROXY_SCHEMES, type ProxyServer } from '../options/proxy.js';
import type { Connect, Wanted } from './client.js';
import { whyUntrusted } from './certificate.js';
import { ProxyError } from './proxy-error.js';
import { refusedPassword, shakeHands, wantsPassword } from './socks.js';
import { knowsNoIpv6, shakeHands4 } from './socks4.js';

/** What connects. */
export interface Dial {
  /** To the proxy. */
  readonly near: Connect;
  /** To the server: makes a socket through the proxy secure. */
  readonly far: Connect;
  readonly lookup: LookupFunction;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** Told of the socket that is being connected, and of the one that takes its place. */
  readonly onSocket: (socket: Socket) => void;
}

export function isSocks({ scheme }: ProxyServer): boolean {
  return scheme.startsWith('socks');
}

/** Name, value, or nothing. */
export function authorizationFor({ user, password = '' }: ProxyServer): string[] {
  if (user === undefined) return [];
  return ['proxy-authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`];
}

/** A socket over which the server, or the proxy in its place, can be asked. */
export async function connectThrough(proxy: ProxyServer, wanted: Wanted, dial: Dial): Promise<Socket> {
  const isSecure = wanted.protocol === 'https:';
  let current: Socket | undefined;
  const onSocket = (socket: Socket): void => {
    current = socket;
    // It may fail between the steps, when nobody else listens.
    socket.on('error', () => undefined);
    dial.onSocket(socket);
  };
  const late = Object.assign(new Error('connecting took too long'), { code: 'UND_ERR_CONNECT_TIMEOUT' });
  const timer = setTimeout(() => current?.destroy(late), dial.timeout);
  try {
    let socket: Socket;
    try {
      socket = await connected(dial.near, toProxy(proxy), onSocket);
      if (isSocks(proxy)) await throughSocks(socket, proxy, wanted, dial.lookup);
      else if (isSecure) socket = await tunnel(socket, proxy, wanted);
    } catch (error) {
      current?.destroy();
      throw explained(error as NodeJS.ErrnoException, proxy);
    }
    return isSecure ? await connected(dial.far, { ...wanted, httpSocket: socket }, onSocket) : socket;
  } finally {
    clearTimeout(timer);
  }
}

function toProxy({ scheme, host, port }: ProxyServer): Wanted {
  const protocol = scheme === 'https' ? 'https:' : 'http:';
  // An address has no name that a certificate could be asked for by.
  return { protocol, hostname: host, host: isIP(host) === 0 ? host : '', port: String(port) };
}

function connected(connect: Connect, wanted: Wanted, onSocket: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    onSocket(connect(wanted, (error, socket) => (error === null ? resolve(socket) : reject(error))));
  });
}

async function throughSocks(socket: Socket, proxy: ProxyServer, wanted: Wanted, lookup: LookupFunction): Promise<void> {
  const { hostname } = wanted;
  const { scheme } = proxy;
  const isHere = (scheme === 'socks5' || scheme === 'socks4') && isIP(hostname) === 0;
  const host = isHere ? await Promise.race([addressOf(hostname, lookup, proxy), closed(socket)]) : hostname;
  const shake = scheme.startsWith('socks4') ? shakeHands4 : shakeHands;
  await shake(socket, proxy, host, portOf(wanted));
}

/** Rejects when the socket is closed, for what does not use it meanwhile. */
function closed(socket: Socket): Promise<never> {
  return new Promise((_, reject) => {
    socket.once('close', () => reject(socket.errored ?? Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}

/** @throws Error of the server's name, which is none of the proxy */
function addressOf(hostname: string, lookup: LookupFunction, proxy: ProxyServer): Promise<string> {
  const isOfUse = (address: string): boolean => proxy.scheme === 'socks5' || isIP(address) === 4;
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, address) => {
      if (error !== null) {
        reject(new NameError(error));
        return;
      }
      const all = Array.isArray(address) ? address.map((each) => each.address) : [address];
      const first = all.find(isOfUse);
      if (first !== undefined) resolve(first);
      else
        reject(all.length === 0 ? new NameError(new Error('the name has no address')) : knowsNoIpv6(proxy, hostname));
    });
  });
}

/** A name that is the server's. */
class NameError extends Error {
  readonly error: Error;

  constructor(error: Error) {
    super(error.message);
    this.error = error;
  }
}

function portOf({ protocol, port }: Wanted): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

/** RFC 9110, 9.3.6. */
function tunnel(socket: Socket, proxy: ProxyServer, wanted: Wanted): Promise<Socket> {
  const { hostname } = wanted;
  const where = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${portOf(wanted)}`;
  const headers = ['host', where, 'user-agent', 'sluice', 'proxy-connection', 'keep-alive', ...authorizationFor(proxy)];
  return new Promise((resolve, reject) => {
    const asked = request({ method: 'CONNECT', path: where, headers, createConnection: () => socket });
    asked.on('connect', ({ statusCode = 0 }, through: Socket, head: Buffer) => {
      if (statusCode >= 200 && statusCode < 300) {
        // Behind a tunnel a server of TLS says nothing before it is spoken to: a page comes from somebody between.
        if (head.length > 0) reject(noTunnel(proxy));
        else resolve(through);
      } else {
        reject(refusal(statusCode, proxy, where));
      }
    });
    asked.on('error', reject);
    asked.end();
  });
}

function refusal(status: number, proxy: ProxyServer, where: string): ProxyError {
  const { told, user, source } = proxy;
  // Some say 401, which is for servers.
  if (status === 407 || status === 401) return user === undefined ? wantsPassword(proxy) : refusedPassword(proxy);
  const what = `the proxy ${told} did not connect to ${where}: it answered ${status}`;
  if (status >= 500) {
    return new ProxyError('NET_UNREACHABLE', what, 'check the host and the port, and what the proxy can reach');
  }
  const hint = `check that ${source} names an http proxy which allows this host and port; --noproxy asks a host directly`;
  return new ProxyError('PROXY_REFUSED', what, hint);
}

function noTunnel({ told, source }: ProxyServer): ProxyError {
  const hint = `check that ${source} names an http proxy, and that nobody wants you to log in first`;
  return new ProxyError('PROXY_REFUSED', `the proxy ${told} answers with something else than a tunnel`, hint);
}

/** What an error on the way to a proxy means. */
function explained(error: NodeJS.ErrnoException, proxy: ProxyServer): Error {
  if (error instanceof ProxyError) return error;
  if (error instanceof NameError) return error.error;
  const { code = '' } = error;
  // Those are of this machine.
  if (code === 'EMFILE' || code === 'ENFILE') return error;
  const { told, source } = proxy;
  const untrusted = whyUntrusted(code);
  if (untrusted !== undefined) {
    const what = `the certificate of the proxy ${told} cannot be trusted: ${untrusted.what}`;
    return new ProxyError('PROXY_REFUSED', what, 'name its authority with --cacert', error);
  }
  if (/^(?:EPROTO$|ERR_SSL)/.test(code)) {
    const hint = `if it does not speak TLS itself, write http:// in ${source}`;
    return new ProxyError('PROXY_REFUSED', `no secure connection could be made to the proxy ${told}`, hint, error);
  }
  if (code.startsWith('HPE_')) {
    const hint = `check the scheme in ${source}: ${PROXY_SCHEMES}`;
    return new ProxyError('PROXY_REFUSED', `what answers at ${told} is no http proxy`, hint, error);
  }
  const [what, hint] = DOWN.get(code) ?? ['cannot be reached', 'see the cause, and check'];
  return new ProxyError('PROXY_DOWN', `the proxy ${told} ${what}`, `${hint} ${source}; ${DIRECTLY}`, error);
}

type Told = readonly [what: string, hint: string];
const DIRECTLY = '--no-proxy asks servers directly';
const RESET: Told = ['closed the connection', 'check that it is one, and'];
const LATE: Told = ['did not answer in time', 'try again later, or check'];
const DOWN: ReadonlyMap<string, Told> = new Map<string, Told>([
  ['ECONNREFUSED', ['refused the connection', 'check that it runs, and the host and the port in']],
  ['ENOTFOUND', ['has a name that could not be resolved', 'check the host in']],
  ['ECONNRESET', RESET],
  ['EPIPE', RESET],
  ['UND_ERR_CONNECT_TIMEOUT', LATE],
  ['ETIMEDOUT', LATE],
]);
