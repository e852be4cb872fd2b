/** The text of a URL -> what a request needs of it, or why it is refused. */

import { domainToUnicode } from 'node:url';

import { type CodeUnits, Has } from '../shared/code-units.js';
import { withoutInvisible } from '../shared/invisible.js';
import type { Fault } from '../lists/fault.js';

export interface Address {
  /** Normalised as the URL standard says, in the same way on every version of Node, without the fragment. */
  readonly url: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/** Stricter than the URL standard, which takes `http:///a/b` for host `a` and `http:a` for `http://a/`. */
const HTTP_URL = /^https?:\/\/[^/\\?#]/i;
const ESCAPED_DOT = /\/%2e/i;
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/;
const OTHER_SCHEME = /^(?!https?:)([a-z][a-z0-9+.-]*):\/\//i;

/** Where the slash after the host is looked for: after the first character of the host. */
const IN_HOST = 'http://'.length + 1;
/** What needs the standard's parser. */
const NOT_PLAIN = Has.other | Has.tab | Has.unusual;
/** How many origins are kept. */
const MAX_ORIGINS = 1000;

export class AddressParser {
  /** Every origin as one string, which the items of one server share: looking it up does not hash it again. */
  readonly #origins = new Map<string, string>();
  #lastOrigin = '';

  /**
   * Undefined where {@link whyRefused} has a reason.
   * @param units the text's; those of the normalised URL afterwards
   */
  parse(text: string, units: CodeUnits): Address | undefined {
    return this.#asItStands(text, units) ?? this.#parse(text, units);
  }

  /** An URL at a known origin that is normalised already, as nearly all are, in an eighth of the time. */
  #asItStands(text: string, { kinds }: CodeUnits): Address | undefined {
    if ((kinds & NOT_PLAIN) !== 0) return undefined;
    const slash = text.indexOf('/', IN_HOST);
    if (slash === -1) return undefined;
    if (slash !== this.#lastOrigin.length || !text.startsWith(this.#lastOrigin)) {
      const origin = this.#origins.get(text.slice(0, slash));
      if (origin === undefined) return undefined;
      this.#lastOrigin = origin;
    }
    if (text.includes('/.', slash) || ((kinds & Has.percent) !== 0 && ESCAPED_DOT.test(text))) return undefined;
    return { url: text, origin: this.#lastOrigin, path: text.slice(slash) };
  }

  #parse(given: string, units: CodeUnits): Address | undefined {
    const text = withoutInvisible(given);
    if (!HTTP_URL.test(text)) return undefined;
    let parsed;
    try {
      parsed = new URL(text);
    } catch {
      return undefined;
    }
    const { href } = parsed;
    if (href.includes('xn--') && isWrongInternational(parsed.hostname)) return undefined;
    const fragment = href.indexOf('#');
    const url = normalise(fragment === -1 ? href : href.slice(0, fragment));
    units.load(url);
    return { url, origin: this.#keep(parsed.origin), path: url.slice(pathAt(url)) };
  }

  #keep(origin: string): string {
    const kept = this.#origins.get(origin);
    if (kept !== undefined) return kept;
    if (this.#origins.size === MAX_ORIGINS) this.#origins.clear();
    this.#origins.set(origin, origin);
    return origin;
  }
}

/**
 * What the parsers of all versions of Node make of a URL, of what that of one version has made of it. Those of Node 20
 * and 22 leave a `^` in the path, and they leave `/./` and `/../` where a segment before begins with a dot.
 */
export function normalise(url: string): string {
  if (!url.includes('^') && !url.includes('/.')) return url;
  const question = url.indexOf('?');
  const end = question === -1 ? url.length : question;
  const start = pathAt(url);
  const path = url.slice(start, end);
  const dotless = DOT_SEGMENT.test(path) ? withoutDots(path) : path;
  return url.slice(0, start) + dotless.replaceAll('^', '%5E') + url.slice(end);
}

/** Of a URL that is normalised. */
export function addressOf(url: string): Address {
  return { url, origin: new URL(url).origin, path: url.slice(pathAt(url)) };
}

/** Where the path of a normalised URL begins: it has a slash after its host, and none in the user information before it. */
function pathAt(url: string): number {
  return url.indexOf('/', IN_HOST);
}

function withoutDots(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [];
  for (const segment of segments.slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  // What ends in one is a folder.
  const last = segments.at(-1);
  if (last === '.' || last === '..') kept.push('');
  return `/${kept.join('/')}`;
}

/**
 * A host that no domain can have, since a label of it is none in Unicode, or is one in ASCII already. The parsers differ in which
 * of these they refuse.
 */
function isWrongInternational(hostname: string): boolean {
  return /(?:^|\.)xn--[^.]*-(?:\.|$)/.test(hostname) || /(?:^|\.)xn--/.test(domainToUnicode(hostname));
}

export function whyRefused(text: string): Fault {
  if (text === '') return { message: 'no URL', hint: 'write a URL that starts with http:// or https://' };
  const scheme = OTHER_SCHEME.exec(text)?.[1];
  if (scheme !== undefined) {
    return { message: `the scheme ${scheme} is neither http nor https`, hint: 'only http and https are downloaded' };
  }
  if (!/^https?:/i.test(text)) {
    return { message: 'not an http or https URL', hint: 'write http:// or https:// before the host' };
  }
  return { message: 'not a valid URL', hint: 'check the host and the port: http://host:port/path' };
}
