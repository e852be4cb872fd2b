/**
 * The handshake of SOCKS 4 (Ying-Da Lee, 1992) and of its extension 4a, which takes names. It knows addresses of IPv4 alone, and
 * a user without a password.
 */
import { isIP, type Socket } from 'node:net';
import type { ProxyServer } from '../options/proxy.js';
import { ProxyError } from './proxy-error.js';
import { take } from './socks.js';

const VERSION = 4;
const CONNECT = 1;
/** Of 4a: no address, but a name after the user. */
const NAMED = [0, 0, 0, 1];
const GRANTED = 90;
/** It asks this machine by the protocol ident (RFC 1413), which nearly none speaks any more, who the user is. */
const UNIDENTIFIED: ReadonlySet<number> = new Set([92, 93]);

/**
 * Asks for a connection to `host`, an address or, with 4a, a name. Reads no more than the answer, so that the socket is the way to
 * the server afterwards.
 */
export async function shakeHands4(socket: Socket, proxy: ProxyServer, host: string, port: number): Promise<void> {
  const { user = '', told, source } = proxy;
  const family = isIP(host);
  if (family === 6) throw knowsNoIpv6(proxy, host);
  const address = family === 4 ? host.split('.').map(Number) : NAMED;
  const texts = family === 4 ? [user] : [user, host];
  const head = Buffer.from([VERSION, CONNECT, port >> 8, port & 0xff, ...address]);
  socket.write(Buffer.concat([head, ...texts.map((text) => ended(text, proxy))]));
  const [version, answer = 0] = await take(socket, 8);
  if (version !== 0) {
    throw new ProxyError(
      'PROXY_REFUSED',
      `what answers at ${told} does not speak SOCKS 4`,
      `check the scheme in ${source}; most proxies of SOCKS are socks5://host:port`,
    );
  }
  if (answer === GRANTED) return;
  const what = `the proxy ${told} did not connect to ${host}:${port}`;
  if (UNIDENTIFIED.has(answer)) {
    const hint = `write ${proxy.scheme}://NAME@host:port in ${source}, or take another proxy`;
    throw new ProxyError('PROXY_REFUSED', `${what}: it wants to know who asks`, hint);
  }
  // There is one answer for all else, be it the server's fault or its own.
  throw new ProxyError('NET_UNREACHABLE', what, 'check the host and the port, and what the proxy can reach');
}

/** @param host an address of IPv6, or a name that has none of IPv4 */
export function knowsNoIpv6({ told, source }: ProxyServer, host: string): ProxyError {
  const hint = `take a proxy of SOCKS 5 in ${source}, or name the host in --noproxy`;
  const what = `the proxy ${told} cannot be asked for ${host}: SOCKS 4 knows addresses of IPv4 alone`;
  return new ProxyError('PROXY_REFUSED', what, hint);
}

/** A text that may not hold what ends it. */
function ended(text: string, { told }: ProxyServer): Buffer {
  if (!text.includes('\0')) return Buffer.from(`${text}\0`);
  throw new ProxyError('PROXY_REFUSED', `the proxy ${told} cannot have that user`, 'SOCKS 4 takes no NUL in a name');
}
