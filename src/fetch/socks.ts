/** The handshake of SOCKS 5 (RFC 1928), with user and password if there are (RFC 1929). */
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import type { ProxyServer } from '../options/proxy.js';
import { ProxyError } from './proxy-error.js';

const VERSION = 5;
const NO_PASSWORD = 0;
const PASSWORD = 2;
/** Bytes of a name, a user or a password: their length is one byte. */
const MOST = 255;

/** What a server answers that does not connect (RFC 1928, 6). */
const ANSWERS: readonly string[] = [
  '',
  'it failed',
  'its rules do not allow it',
  'the network cannot be reached',
  'the host cannot be reached',
  'the server refused the connection',
  'it took too long',
  'it does not know the command',
  'it does not know this kind of address',
];

/**
 * Asks for a connection to `host`, a name or an address. Reads no more than the answer, so that the socket is the way to the
 * server afterwards.
 */
export async function shakeHands(socket: Socket, proxy: ProxyServer, host: string, port: number): Promise<void> {
  const { user, password = '', told, source } = proxy;
  socket.write(Buffer.from(user === undefined ? [VERSION, 1, NO_PASSWORD] : [VERSION, 2, NO_PASSWORD, PASSWORD]));
  const [version, method] = await take(socket, 2);
  if (version !== VERSION) {
    throw new ProxyError(
      'PROXY_REFUSED',
      `what answers at ${told} does not speak SOCKS 5`,
      `check the scheme in ${source}; an http proxy is http://host:port, one of SOCKS 4 socks4://host:port`,
    );
  }
  if (method === PASSWORD && user !== undefined) {
    socket.write(Buffer.concat([Buffer.from([1]), counted(user, proxy), counted(password, proxy)]));
    const [, status] = await take(socket, 2);
    if (status !== 0) throw refusedPassword(proxy);
  } else if (method !== NO_PASSWORD) {
    throw user === undefined ? wantsPassword(proxy) : refusedPassword(proxy);
  }
  const bytes = Buffer.from([port >> 8, port & 0xff]);
  socket.write(Buffer.concat([Buffer.from([VERSION, 1, 0]), addressOf(host, proxy), bytes]));
  const [, answer = 0, , kind] = await take(socket, 4);
  if (answer !== 0) throw refusal(answer, proxy, `${host}:${port}`);
  // Which address it asks from is of no account, but it has to be read.
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await take(socket, 1))[0] ?? 0);
  await take(socket, length + 2);
}

export function wantsPassword({ told, source, scheme }: ProxyServer): ProxyError {
  const hint = `write ${scheme}://NAME:PASSWORD@host:port in ${source}`;
  return new ProxyError('PROXY_REFUSED', `the proxy ${told} wants a user and a password`, hint);
}

export function refusedPassword({ told, source }: ProxyServer): ProxyError {
  const hint = `check the user and the password in ${source}; what a URL may not hold is written as %40`;
  return new ProxyError('PROXY_REFUSED', `the proxy ${told} refused the user and the password`, hint);
}

function refusal(answer: number, { told, source }: ProxyServer, where: string): ProxyError {
  const because = ANSWERS[answer] ?? `it answered ${answer}`;
  const what = `the proxy ${told} did not connect to ${where}: ${because}`;
  if (answer === 5) return new ProxyError('NET_REFUSED', what, 'check the host and the port, and that the server runs');
  // Many servers answer 1 for names that they cannot resolve, too.
  if (answer === 1 || answer === 3 || answer === 4 || answer === 6) {
    return new ProxyError('NET_UNREACHABLE', what, 'check the host and the port, and what the proxy can reach');
  }
  return new ProxyError('PROXY_REFUSED', what, `take another proxy in ${source}, or name the host in --noproxy`);
}

function addressOf(host: string, proxy: ProxyServer): Buffer {
  const family = isIP(host);
  if (family === 4) return Buffer.from([1, ...host.split('.').map(Number)]);
  if (family === 6) return Buffer.concat([Buffer.from([4]), bytesOfIpv6(host)]);
  return Buffer.concat([Buffer.from([3]), counted(host, proxy)]);
}

/** The URL standard writes the end of one that embeds IPv4 in hexadecimal digits, as all the rest. */
function bytesOfIpv6(address: string): Buffer {
  const { hostname } = new URL(`http://[${address}]/`);
  const [before = '', after] = hostname.slice(1, -1).split('::');
  const groups = (text = ''): string[] => text.split(':').filter((group) => group !== '');
  const [first, last] = [groups(before), groups(after)];
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function counted(text: string, { told }: ProxyServer): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= MOST) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const hint = `SOCKS takes names, users and passwords of at most ${MOST} bytes`;
  throw new ProxyError('PROXY_REFUSED', `the proxy ${told} cannot be asked for that host`, hint);
}

/** So many bytes, and no more. */
export function take(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const bytes = socket.read(length) as Buffer | null;
      if (bytes === null || bytes.length < length) return;
      leave();
      resolve(bytes);
    };
    const fail = (error?: unknown): void => {
      leave();
      const closed = Object.assign(new Error('the proxy closed the connection'), { code: 'ECONNRESET' });
      reject(error instanceof Error ? error : closed);
    };
    const leave = (): void => {
      socket.off('readable', look).off('error', fail).off('end', fail).off('close', fail);
    };
    socket.on('readable', look).on('error', fail).on('end', fail).on('close', fail);
    if (socket.destroyed) fail(socket.errored);
    else look();
  });
}
