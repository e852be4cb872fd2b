/**
 * How servers are reached where that is not just directly: through which proxy, from which address, with which certificates.
 * Loaded only where something of that is asked for.
 */
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { ProxyServer } from '../options/proxy.js';
import type { OnConnected, Wanted } from './client.js';
import { authorizationFor, connectThrough, type Dial, isSocks } from './proxy.js';

export interface Proxies {
  /** For servers that are asked by http. */
  readonly http: ProxyServer | undefined;
  readonly https: ProxyServer | undefined;
  /** Hosts that are asked directly, as curl's `--noproxy` has them. */
  readonly except: string;
}

/** Plain data, so that threads get it, too. */
export interface WaySettings {
  readonly proxies?: Proxies | undefined;
  /** Texts of PEM. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
        readonly insecure: boolean;
      }
    | undefined;
  readonly family?: 4 | 6 | undefined;
  readonly localAddress?: string | undefined;
  /** Milliseconds. */
  readonly connectTimeout?: number | undefined;
}

/** A proxy, as it is asked for what is at one server. */
export interface Through {
  readonly proxy: ProxyServer;
  /** It is asked for the whole URL; otherwise it makes a tunnel. */
  readonly asksProxy: boolean;
  /** For it: name, value ... */
  readonly headers: readonly string[];
}

export class Way {
  /** Besides what all connections have. */
  readonly toServers: object;
  /** The same for connections to proxies: certificates of the user are for servers. */
  readonly toProxies: object;
  readonly connectTimeout: number | undefined;
  readonly #settings: WaySettings;
  readonly #except: (hostname: string) => boolean;
  readonly #known = new Map<string, Through | undefined>();

  constructor(settings: WaySettings) {
    const { tls, localAddress, proxies, connectTimeout } = settings;
    this.#settings = settings;
    this.connectTimeout = connectTimeout;
    const from = localAddress === undefined ? {} : { localAddress };
    this.toServers = {
      ...from,
      ...(tls && { secureContext: secureContextOf(tls), rejectUnauthorized: !tls.insecure }),
    };
    this.toProxies = {
      ...from,
      ...(tls?.ca !== undefined && { secureContext: createSecureContext({ ca: tls.ca }) }),
    };
    this.#except = exceptions(proxies?.except ?? '');
  }

  /** Takes the place of another one that asks for both kinds of addresses. */
  lookup(lookup: LookupFunction): LookupFunction {
    const { family } = this.#settings;
    return family === undefined ? lookup : (host, options, callback) => lookup(host, { ...options, family }, callback);
  }

  /** Undefined for a server that is asked directly. */
  through(origin: string): Through | undefined {
    const { proxies } = this.#settings;
    if (proxies === undefined) return undefined;
    const known = this.#known.get(origin);
    if (known !== undefined || this.#known.has(origin)) return known;
    const through = this.#find(origin, proxies);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(origin, through);
    return through;
  }

  connect(through: Through | undefined, wanted: Wanted, dial: Dial, onConnected: OnConnected): void {
    if (through === undefined) this.#connectDirectly(wanted, dial, onConnected);
    else {
      connectThrough(through.proxy, wanted, dial).then(
        (socket) => onConnected(null, socket),
        (error: Error) => onConnected(error, null),
      );
    }
  }

  #connectDirectly(wanted: Wanted, { far, onSocket }: Dial, onConnected: OnConnected): void {
    const { family } = this.#settings;
    const kind = isIP(wanted.hostname);
    if (family === undefined || kind === 0 || kind === family) {
      onSocket(far(wanted, onConnected));
      return;
    }
    const error = Object.assign(new Error(`${wanted.hostname} is not of IPv${family}`), { code: 'EAFNOSUPPORT' });
    queueMicrotask(() => onConnected(error, null));
  }

  #find(origin: string, proxies: Proxies): Through | undefined {
    const { protocol, hostname } = new URL(origin);
    const isSecure = protocol === 'https:';
    const proxy = isSecure ? proxies.https : proxies.http;
    if (proxy === undefined || this.#except(hostname)) return undefined;
    const asksProxy = !isSecure && !isSocks(proxy);
    return { proxy, asksProxy, headers: asksProxy ? authorizationFor(proxy) : [] };
  }
}

/** Origins of which is kept which proxy they have. */
const MAX_KNOWN = 1_000;

/** Made once: each connection would read the certificates again. */
function secureContextOf({ ca, cert, key = cert }: NonNullable<WaySettings['tls']>): SecureContext {
  return createSecureContext({ ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert, key }) });
}

/**
 * Hosts that no proxy is asked for, as curl reads them: `*` alone is all; otherwise names with all that ends in them, whether or
 * not a dot stands before, addresses, and networks as `10.0.0.0/8`.
 */
export function exceptions(text: string): (hostname: string) => boolean {
  if (text.trim() === '*') return () => true;
  const names: string[] = [];
  const addresses = new BlockList();
  for (const entry of text.toLowerCase().split(/[\s,]+/)) {
    const bare = entry.replaceAll(/[[\]]/g, '');
    const [address = '', bits] = bare.split('/');
    const family = isIP(address);
    const kind = family === 6 ? 'ipv6' : 'ipv4';
    const most = family === 6 ? 128 : 32;
    if (family === 0) {
      const name = entry.replace(/^\.+|\.+$/g, '');
      if (name !== '') names.push(name);
    } else if (bits === undefined) addresses.addAddress(address, kind);
    else if (/^\d+$/.test(bits) && Number(bits) <= most) addresses.addSubnet(address, Number(bits), kind);
  }
  return (hostname) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const family = isIP(host);
    if (family !== 0) return addresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
    const name = host.replace(/\.+$/, '');
    return names.some((excepted) => name === excepted || name.endsWith(`.${excepted}`));
  };
}
