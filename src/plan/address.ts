/** The text of a URL -> what a request needs of it, or why it is refused. */

import { type CodeUnits, Has } from './code-units.js';

/** What is wrong with a line. */
export interface Fault {
  readonly message: string;
  /** What to do about it, as a sentence without a full stop. */
  readonly hint: string;
}

export interface Address {
  /** Normalised as the URL standard says, without the fragment. */
  readonly url: string;
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/** Stricter than the URL standard, which takes `http:///a/b` for host `a` and `http:a` for `http://a/`. */
const HTTP_URL = /^https?:\/\/[^/\\?#]/i;
const ESCAPED_DOT = /\/%2e/i;
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

  #parse(text: string, units: CodeUnits): Address | undefined {
    if (!HTTP_URL.test(text)) return undefined;
    let parsed;
    try {
      parsed = new URL(text);
    } catch {
      return undefined;
    }
    const { href } = parsed;
    const fragment = href.indexOf('#');
    const url = fragment === -1 ? href : href.slice(0, fragment);
    units.load(url);
    // A normalised URL has a slash after its host, and none in the user information before it.
    const slash = href.indexOf('/', IN_HOST);
    return { url, origin: this.#keep(parsed.origin), path: url.slice(slash) };
  }

  #keep(origin: string): string {
    const kept = this.#origins.get(origin);
    if (kept !== undefined) return kept;
    if (this.#origins.size === MAX_ORIGINS) this.#origins.clear();
    this.#origins.set(origin, origin);
    return origin;
  }
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
