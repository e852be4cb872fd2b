/** The text of a proxy -> what a connection needs of it, or what is wrong with it. As curl reads them. */
import { domainToASCII } from 'node:url';
import { printable, withoutPassword } from '../shared/printable.js';
import { UsageError } from '../errors.js';

/** `socks5` and `socks4` get addresses, `socks5h` and `socks4a` names, which the proxy looks up. */
export type ProxyScheme = 'http' | 'https' | 'socks4' | 'socks4a' | 'socks5' | 'socks5h';

/** Plain data, so that threads get it, too. */
export interface ProxyServer {
  readonly scheme: ProxyScheme;
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Decoded. */
  readonly user?: string;
  readonly password?: string;
  /** Where it was named: `--proxy`, or a variable. */
  readonly source: string;
  /** As it may be shown: without its password, and with its source. */
  readonly told: string;
}

/** curl's: what has no port is at 1080, but for https. */
const PORTS: Readonly<Record<ProxyScheme, number>> = {
  http: 1080,
  https: 443,
  socks4: 1080,
  socks4a: 1080,
  socks5: 1080,
  socks5h: 1080,
};
/** A password may hold what it should not, so user information ends at the last `@`. */
const PROXY = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:(.*)@)?(\[[0-9a-f:.]+\]|[^\s:/?#@[\]]+)(?::(\d{1,5}))?\/?$/i;

/** @param source what named it @throws UsageError */
export function parseProxy(text: string, source: string): ProxyServer {
  const [whole, given = 'http', userInfo, name = '', digits] = PROXY.exec(text.trim()) ?? [];
  const shown = printable(withoutPassword(text));
  if (whole === undefined) throw new UsageError(`${source} ${shown} is no proxy`, `write it as ${EXAMPLE}`);
  const scheme = given.toLowerCase();
  if (!isScheme(scheme)) {
    throw new UsageError(`${source} ${shown} has the scheme ${printable(scheme)}`, `give one of ${PROXY_SCHEMES}`);
  }
  const host = name.startsWith('[') ? name.slice(1, -1) : domainToASCII(name);
  const port = digits === undefined ? PORTS[scheme] : Number(digits);
  if (host === '' || port === 0 || port > 65_535) {
    throw new UsageError(`${source} ${shown} has no host or port that there could be`, `write it as ${EXAMPLE}`);
  }
  const colon = userInfo?.indexOf(':') ?? -1;
  const user = colon === -1 ? userInfo : userInfo?.slice(0, colon);
  if (colon !== -1 && scheme.startsWith('socks4')) {
    throw new UsageError(`${source} ${shown} has a password, which SOCKS 4 has not`, 'leave it out, or take socks5://');
  }
  const who = colon === -1 ? '***' : `${printable(user ?? '')}:***`;
  return {
    scheme,
    host,
    port,
    ...(user !== undefined && {
      user: decoded(user),
      password: colon === -1 ? '' : decoded(userInfo?.slice(colon + 1)),
    }),
    source,
    told: `${scheme}://${user === undefined ? '' : `${who}@`}${host.includes(':') ? `[${host}]` : host}:${port} of ${source}`,
  };
}

const EXAMPLE = 'http://host:port, with NAME:PASSWORD@ before the host if it wants them';
export const PROXY_SCHEMES = Object.keys(PORTS).join(', ');

function isScheme(scheme: string): scheme is ProxyScheme {
  return Object.hasOwn(PORTS, scheme);
}

/** What is no escape stays. */
function decoded(text = ''): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
