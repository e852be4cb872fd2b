/** Who is asking: what `--user`, a netrc and a file of cookies say. Loaded only where one of them is given. */
import { CookieFile, type FileCookie } from './cookie-file.js';
import type { Login } from './netrc.js';
import type { Target } from './redirect.js';

/** Plain data, so that threads get it, too. */
export interface CredentialSettings {
  /** `NAME:PASSWORD`. */
  readonly user: string | undefined;
  readonly logins: readonly Login[] | undefined;
  readonly cookies: readonly FileCookie[] | undefined;
}

export class Credentials {
  readonly #user: string | undefined;
  readonly #logins: readonly Login[];
  readonly #cookies: CookieFile | undefined;
  /** By origins. */
  readonly #known = new Map<string, string | undefined>();

  constructor({ user, logins = [], cookies }: CredentialSettings) {
    this.#user = user;
    this.#logins = logins;
    this.#cookies = cookies && new CookieFile(cookies);
  }

  /**
   * The headers of a request, with what they lack. User and password are for an item's own server, and no other that it redirects
   * to; a cookie goes where its domain is.
   *
   * @param isOwn whether the server is the item's own
   */
  complete(headers: string[], target: Target, isOwn: boolean): string[] {
    const own = isOwn && !has(headers, 'authorization') ? this.#authorizationFor(target.origin) : undefined;
    const cookies = has(headers, 'cookie') ? undefined : this.#cookies?.headerFor(target);
    if (own === undefined && cookies === undefined) return headers;
    return [
      ...headers,
      ...(own === undefined ? [] : ['authorization', own]),
      ...(cookies === undefined ? [] : ['cookie', cookies]),
    ];
  }

  #authorizationFor(origin: string): string | undefined {
    const known = this.#known.get(origin);
    if (known !== undefined || this.#known.has(origin)) return known;
    const found = this.#user ?? this.#loginFor(new URL(origin).hostname.replace(/^\[|\]$/g, ''));
    const header = found && `Basic ${Buffer.from(found).toString('base64')}`;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(origin, header);
    return header;
  }

  #loginFor(hostname: string): string | undefined {
    const login =
      this.#logins.find(({ host }) => host === hostname) ?? this.#logins.find(({ host }) => host === undefined);
    return login && `${login.user}:${login.password}`;
  }
}

/** Origins of which is kept what they are told. */
const MAX_KNOWN = 1_000;

function has(headers: readonly string[], lowerCase: string): boolean {
  return headers.some((text, index) => index % 2 === 0 && text.toLowerCase() === lowerCase);
}
