/** The way of an item through redirects: where it is asked for, how, and what was set on the way. */
import type { PlainError } from '../errors.js';
import { Cookies, withCookies } from './cookies.js';
import { type Redirected, redirectTarget, type Target } from './redirect.js';

export class Chain {
  /** Its answers may break the rules of HTTP. */
  readonly isLenient: boolean;
  #target: Target;
  #redirects: number;
  /** Set by earlier attempts, and not looked at yet. */
  #kept: string | undefined;
  #cookies: Cookies | undefined;

  /** @param from where earlier attempts have led; undefined for none */
  constructor(start: Target, from: Redirected | undefined) {
    this.isLenient = from?.isLenient === true;
    this.#target = from?.target ?? start;
    this.#redirects = from?.redirects ?? 0;
    this.#kept = from?.cookies;
  }

  get target(): Target {
    return this.#target;
  }

  /** Where it is, safe to print. */
  get where(): string {
    return this.#target.origin + this.#target.path;
  }

  /** Goes on at once where nothing has set cookies, as nearly nothing does. */
  begin(next: () => void): void {
    if (this.#kept === undefined) next();
    else void this.#withCookies(() => next());
  }

  /** The headers of a request, with what was set for this place. */
  with(headers: string[]): string[] {
    const cookies = this.#cookies === undefined ? '' : this.#cookies.for(this.#target);
    return cookies === '' ? headers : withCookies(headers, cookies);
  }

  /**
   * @param location as received
   * @param setCookies lines of Set-Cookie, as received
   * @param next goes on, here or at another server
   * @returns why it does not
   */
  follow(
    location: string | undefined,
    setCookies: readonly string[],
    next: (isHere: boolean) => void,
  ): PlainError | undefined {
    const from = this.#target;
    const target = redirectTarget(from, location, this.#redirects);
    if ('code' in target) return target;
    this.#redirects += 1;
    this.#target = target;
    const isHere = target.origin === from.origin;
    if (setCookies.length === 0) next(isHere);
    else {
      void this.#withCookies((cookies) => {
        cookies.set(setCookies, from);
        next(isHere);
      });
    }
    return undefined;
  }

  /** For another attempt. @param isLenient whether its answers may break the rules */
  at(isLenient: boolean): Redirected {
    return { target: this.#target, redirects: this.#redirects, cookies: this.#cookies?.keep(), isLenient };
  }

  async #withCookies(use: (cookies: Cookies) => void): Promise<void> {
    this.#cookies ??= await Cookies.open(this.#kept);
    this.#kept = undefined;
    use(this.#cookies);
  }
}
