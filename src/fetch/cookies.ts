/**
 * The cookies of one chain of redirects: a server that sends a client away to come back with a cookie would send it away
 * for ever. They go along in that chain, where their own rules let them: domain, path, Secure (RFC 6265, 5.4).
 */
import type { CookieJar } from 'tough-cookie';
import type { Target } from './redirect.js';

export class Cookies {
  readonly #jar: CookieJar;

  private constructor(jar: CookieJar) {
    this.#jar = jar;
  }

  /** @param kept what {@link Cookies.keep} gave. Default: none yet */
  static async open(kept?: string): Promise<Cookies> {
    const { CookieJar } = await import('tough-cookie');
    return new Cookies(kept === undefined ? new CookieJar() : CookieJar.deserializeSync(kept));
  }

  /** Those that are for this place, as a header has them; empty for none. */
  for({ origin, path }: Target): string {
    return this.#jar.getCookieStringSync(origin + path);
  }

  /** @param lines of Set-Cookie, as received from there; those that may not be set are passed over */
  set(lines: readonly string[], { origin, path }: Target): void {
    for (const line of lines) this.#jar.setCookieSync(line, origin + path, { ignoreError: true });
  }

  /** All of them as a text, for another thread, too. */
  keep(): string {
    return JSON.stringify(this.#jar.serializeSync());
  }
}

/** The headers of a request with its cookies, besides those that the user gives. */
export function withCookies(headers: readonly string[], cookies: string): string[] {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'cookie');
  if (at === -1) return [...headers, 'cookie', cookies];
  return headers.map((text, index) => (index === at + 1 ? `${text}; ${cookies}` : text));
}
