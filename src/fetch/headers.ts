/** The headers of requests, made once for a run: undici copies them for each request anyway. */
import type { Item } from '../plan.js';
import { ACCEPT_ENCODING, isCompressedFile } from './encoding.js';
import type { Target } from './redirect.js';

export class RequestHeaders {
  readonly #private: readonly string[];
  readonly #encoded: string[];
  readonly #plain: string[];

  /** @param headers what the user gave with `--header`: name, value, name, value ...; only an item's own origin gets them */
  constructor(headers: readonly string[]) {
    const shared = ['user-agent', 'sluice', 'accept', '*/*'];
    this.#private = headers;
    this.#encoded = [...headers, ...withoutGiven(headers, [...shared, 'accept-encoding', ACCEPT_ENCODING])];
    this.#plain = [...headers, ...withoutGiven(headers, [...shared, 'accept-encoding', 'identity'])];
  }

  /** For a request to `target` on behalf of `item`: what is private stays with the item's own scheme, host and port. */
  for(item: Item, target: Target): string[] {
    const headers = isCompressedFile(target.path) ? this.#plain : this.#encoded;
    if (target.origin !== item.origin) return headers.slice(this.#private.length);
    if (!item.url.includes('@')) return headers;
    const { username, password } = new URL(item.url);
    if (username === '' && password === '') return headers;
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
      'base64',
    );
    return [...headers, 'authorization', `Basic ${credentials}`];
  }
}

/** The defaults that the user did not give otherwise. */
function withoutGiven(given: readonly string[], defaults: readonly string[]): string[] {
  const names = new Set(given.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  return defaults.filter((_, index) => !names.has(defaults[index - (index % 2)] as string));
}
