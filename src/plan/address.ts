/** The text of a URL -> what a request needs of it, or why it is refused. */

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
const OTHER_SCHEME = /^(?!https?:)([a-z][a-z0-9+.-]*):\/\//i;

export class AddressParser {
  /** The last origin, kept as one string: items of one server share it, and looking it up does not hash it again. */
  #origin = '';

  /** Undefined where {@link whyRefused} has a reason. */
  parse(text: string): Address | undefined {
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
    // A normalised URL has a slash after its host, and none in the user information before it.
    const slash = href.indexOf('/', 'http://'.length + 1);
    if (slash !== this.#origin.length || !href.startsWith(this.#origin)) this.#origin = parsed.origin;
    return { url, origin: this.#origin, path: url.slice(slash) };
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
