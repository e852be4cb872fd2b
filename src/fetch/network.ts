/**
 * What the options and the environment say of how servers are reached and who is asking: read before anything is requested.
 * Where they say nothing, nothing is loaded.
 */
import type { NetworkOptions } from '../options/resolve.js';
import type { Credentials, CredentialSettings } from './credentials.js';
import type { ConnectionOptions } from './client.js';
import type { Proxies, WaySettings } from './way.js';

export interface Network {
  readonly way: WaySettings | undefined;
  /** Servers that speak HTTP/2 are asked so. */
  readonly http2: boolean;
  readonly credentials: CredentialSettings | undefined;
  /** What nobody may overlook, as lines. */
  readonly warnings: readonly string[];
}

const read = new WeakMap<NetworkOptions, Promise<Network>>();

/** Once for the same options: lists and the run have them from here. @throws UsageError */
export function readNetwork(options: NetworkOptions): Promise<Network> {
  const known = read.get(options) ?? doRead(options);
  read.set(options, known);
  return known;
}

async function doRead(options: NetworkOptions): Promise<Network> {
  const warnings: string[] = [];
  const proxies = await readProxies(options, warnings);
  const [tls, from] = [await readTls(options, warnings), await readInterface(options)];
  const { connectTimeout } = options;
  const family = options.ipv4 ? 4 : options.ipv6 ? 6 : from?.family;
  const isAsked = proxies ?? tls ?? family ?? connectTimeout;
  const way = isAsked === undefined ? undefined : { proxies, tls, family, localAddress: from?.address, connectTimeout };
  return { way, http2: options.http2, credentials: await readCredentials(options, warnings), warnings };
}

/** What connections need to know of it. Default: servers are just asked directly */
export async function openWay(
  network?: Pick<Network, 'way' | 'http2'>,
): Promise<Pick<ConnectionOptions, 'way' | 'http2'>> {
  if (network === undefined) return {};
  const { way, http2 } = network;
  if (way === undefined) return { http2 };
  const { Way } = await import('./way.js');
  return { way: new Way(way), http2 };
}

export async function openCredentials(settings: CredentialSettings | undefined): Promise<Credentials | undefined> {
  if (settings === undefined) return undefined;
  const { Credentials } = await import('./credentials.js');
  return new Credentials(settings);
}

const VARIABLES = /^(?:https?|all)_proxy$/i;

async function readProxies(options: NetworkOptions, warnings: string[]): Promise<Proxies | undefined> {
  const { proxy, noproxy, proxyFromEnvironment } = options;
  if (proxy === false) return undefined;
  const hasVariables =
    proxyFromEnvironment && Object.keys(process.env).some((name) => VARIABLES.test(name) && process.env[name] !== '');
  if (proxy === undefined && !hasVariables) return undefined;
  const { proxiesOf } = await import('./proxy-environment.js');
  return proxiesOf(proxy, noproxy, proxyFromEnvironment ? process.env : {}, warnings);
}

async function readTls(options: NetworkOptions, warnings: string[]): Promise<WaySettings['tls']> {
  const { cacert, cert, insecure } = options;
  if (cacert === undefined && cert === undefined && !insecure) return undefined;
  const { readCertificates } = await import('./certificate-files.js');
  return readCertificates(options, warnings);
}

async function readInterface({ interface: name, ipv6 }: NetworkOptions) {
  if (name === undefined) return undefined;
  const { addressOf } = await import('./interface.js');
  return addressOf(name, ipv6);
}

async function readCredentials(options: NetworkOptions, warnings: string[]): Promise<CredentialSettings | undefined> {
  const { user, netrc, netrcFile, cookieFile } = options;
  if (user === undefined && !netrc && netrcFile === undefined && cookieFile === undefined) return undefined;
  const { readNetrc } = await import('./netrc.js');
  const { readCookies } = await import('./cookie-file.js');
  return {
    user,
    logins: netrc || netrcFile !== undefined ? await readNetrc(netrcFile, process.env, warnings) : undefined,
    cookies: cookieFile === undefined ? undefined : await readCookies(cookieFile, Date.now()),
  };
}
