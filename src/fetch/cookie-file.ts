/** Cookies in the form that Netscape's browser had, and curl, wget and the add-ons of browsers write. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { UsageError } from '../errors.js';
import { printable } from '../shared/printable.js';
import type { Target } from './redirect.js';

/** Plain data, so that threads get it, too. */
export interface FileCookie {
  /** Without a dot before it. */
  readonly domain: string;
  /** It goes to hosts below its domain, too. */
  readonly below: boolean;
  readonly path: string;
  /** Only by https. */
  readonly secure: boolean;
  /** Seconds since the epoch; 0 for one without an end. */
  readonly expires: number;
  readonly name: string;
  readonly value: string;
}

/** @param now milliseconds since the epoch: cookies whose end has come are left out @throws UsageError */
export async function readCookies(path: string, now: number): Promise<readonly FileCookie[]> {
  let text: string;
  try {
    text = await readFile(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const hint = 'check the path and who may read it';
    throw new UsageError(`--cookie-file ${path} cannot be read (${code})`, hint, error);
  }
  const cookies = parseCookies(text, `--cookie-file ${printable(path, 1000)}`);
  return cookies.filter(({ expires }) => expires === 0 || expires * 1000 > now);
}

const HTTP_ONLY = '#HttpOnly_';

/** @throws UsageError with the number of a line, and never with what is in it */
export function parseCookies(text: string, label: string): FileCookie[] {
  const lines = text.replace(/^\u00ef\u00bb\u00bf/, '').split(/\r?\n/);
  return lines.flatMap((line, index) => {
    const whole = line.startsWith(HTTP_ONLY) ? line.slice(HTTP_ONLY.length) : line;
    if (whole.startsWith('#') || whole.trim() === '') return [];
    const cookie = cookieIn(whole);
    if (cookie !== undefined) return [cookie];
    throw new UsageError(
      `${label}, line ${index + 1}: no cookie of Netscape's form`,
      'each line has seven fields with tabs between: domain, TRUE or FALSE, path, TRUE or FALSE, seconds, name, value',
    );
  });
}

function cookieIn(line: string): FileCookie | undefined {
  // A value may be empty, and editors take away tabs at the end.
  const [domain = '', below = '', path = '', secure = '', expires = '', name, value = '', more] = line.split('\t');
  const isRight = /^\.?[^\s/]+$/.test(domain) && isFlag(below) && isFlag(secure) && /^\d+(?:\.\d+)?$/.test(expires);
  // eslint-disable-next-line no-control-regex
  if (!isRight || name === undefined || more !== undefined || /[\x00-\x1f\x7f;]/.test(name + value)) return undefined;
  return {
    domain: domain.toLowerCase().replace(/^\./, ''),
    below: below === 'TRUE' || domain.startsWith('.'),
    path: path.startsWith('/') ? path : '/',
    secure: secure === 'TRUE',
    expires: Math.floor(Number(expires)),
    name,
    value,
  };
}

function isFlag(text: string): boolean {
  return text === 'TRUE' || text === 'FALSE';
}

/** By what they are for; the same rules as RFC 6265, 5.4. */
export class CookieFile {
  /** By their domains, so that hosts with none are told from others at once; longer paths come first. */
  readonly #byDomain = new Map<string, FileCookie[]>();

  constructor(cookies: readonly FileCookie[]) {
    for (const cookie of cookies.toSorted((one, other) => other.path.length - one.path.length)) {
      const others = this.#byDomain.get(cookie.domain);
      if (others === undefined) this.#byDomain.set(cookie.domain, [cookie]);
      else others.push(cookie);
    }
  }

  /** The header `Cookie`; undefined where no cookie is for it. */
  headerFor({ origin, path }: Target): string | undefined {
    const { hostname, protocol } = new URL(origin);
    const found: string[] = [];
    for (const domain of domainsOf(hostname)) {
      for (const cookie of this.#byDomain.get(domain) ?? []) {
        if (domain !== hostname && !cookie.below) continue;
        if ((cookie.secure && protocol !== 'https:') || !isBelow(path, cookie.path)) continue;
        found.push(cookie.name === '' ? cookie.value : `${cookie.name}=${cookie.value}`);
      }
    }
    return found.length === 0 ? undefined : found.join('; ');
  }
}

/** The host's name, and those that it ends in. */
function domainsOf(hostname: string): string[] {
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) return [hostname];
  const labels = hostname.split('.');
  return labels.map((_, from) => labels.slice(from).join('.'));
}

/** RFC 6265, 5.1.4. */
function isBelow(target: string, path: string): boolean {
  const end = target.indexOf('?');
  const asked = end === -1 ? target : target.slice(0, end);
  if (!asked.startsWith(path)) return false;
  return asked.length === path.length || path.endsWith('/') || asked[path.length] === '/';
}
