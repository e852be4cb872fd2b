/** The headers of requests, made once for a run: undici copies them for each request anyway. */
import type { Item } from '../item.js';
import { ACCEPT_ENCODING, isCompressedFile } from './encoding.js';
import type { Credentials } from './credentials.js';
import type { Kept } from '../protocol/result.js';
import type { Target } from './redirect.js';
import { USER_AGENT } from './user-agent.js';

export class RequestHeaders {
  readonly #encoded: string[];
  readonly #plain: string[];
  /** The same for other servers than an item's own. */
  readonly #encodedElsewhere: string[];
  readonly #plainElsewhere: string[];
  readonly #given: readonly string[];
  readonly #credentials: Credentials | undefined;

  /**
   * @param headers what the user gave with `--header`: name, value, name, value ...; only an item's own origin gets them
   * @param credentials what it gives besides
   */
  constructor(headers: readonly string[], userAgent = USER_AGENT, credentials?: Credentials) {
    const shared = ['user-agent', userAgent, 'accept', '*/*'];
    this.#encodedElsewhere = [...shared, 'accept-encoding', ACCEPT_ENCODING];
    this.#plainElsewhere = [...shared, 'accept-encoding', 'identity'];
    this.#given = headers;
    this.#credentials = credentials;
    this.#encoded = [...headers, ...withoutGiven(headers, this.#encodedElsewhere)];
    this.#plain = [...headers, ...withoutGiven(headers, this.#plainElsewhere)];
  }

  /** For a request to `target` on behalf of `item`: what is private stays with the item's own scheme, host and port. */
  for(item: Item, target: Target): string[] {
    return this.#for(item, target, isCompressedFile(target.path) || (target !== item && isCompressedFile(item.path)));
  }

  /** The same for a request for the rest of what is kept, if it is still the same; encoded it would be another body. */
  forRest(item: Item, target: Target, { validator, from }: Kept): string[] {
    const range = ['range', `bytes=${from}-`, 'if-range', validator];
    return [...this.#for(item, target, true), ...withoutGiven(this.#given, range)];
  }

  /** The same as {@link for} for what is there already, which is to come only if it has changed. */
  forChanged(item: Item, target: Target, conditions: readonly string[]): string[] {
    return [...this.for(item, target), ...withoutGiven(this.#given, conditions)];
  }

  /** Its own take the place of those that were given for all. */
  #with(own: readonly string[], isPlain: boolean): string[] {
    return [...own, ...withoutGiven(own, isPlain ? this.#plain : this.#encoded)];
  }

  #for(item: Item, target: Target, isPlain: boolean): string[] {
    const headers = this.#ofItem(item, target, isPlain);
    if (this.#credentials === undefined) return headers;
    return this.#credentials.complete(headers, target, target.origin === item.origin);
  }

  #ofItem(item: Item, target: Target, isPlain: boolean): string[] {
    if (target.origin !== item.origin) return isPlain ? this.#plainElsewhere : this.#encodedElsewhere;
    const own = item.details?.headers;
    const headers = own === undefined ? (isPlain ? this.#plain : this.#encoded) : this.#with(own, isPlain);
    const url = item.mirror ?? item.url;
    // A header that the user gave is meant to replace what the URL says, as in curl.
    if (!url.includes('@') || isAuthorized(headers)) return headers;
    const { username, password } = new URL(url);
    if (username === '' && password === '') return headers;
    const credentials = Buffer.concat([percentDecoded(username), Buffer.from(':'), percentDecoded(password)]);
    return [...headers, 'authorization', `Basic ${credentials.toString('base64')}`];
  }
}

/** The same, asking for no coding of the body. */
export function asItLies(headers: readonly string[]): string[] {
  const before = (at: number): string => (headers[at - 1] ?? '').toLowerCase();
  return headers.map((text, at) => (at % 2 === 1 && before(at) === 'accept-encoding' ? 'identity' : text));
}

function isAuthorized(headers: readonly string[]): boolean {
  return headers.some((text, index) => index % 2 === 0 && text.toLowerCase() === 'authorization');
}

/** Bytes, as the URL standard decodes them: any bytes may come out, and a `%` without two digits stays. */
function percentDecoded(text: string): Buffer {
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(decoded, 'latin1');
}

/** The defaults that the user did not give otherwise. */
function withoutGiven(given: readonly string[], defaults: readonly string[]): string[] {
  const names = new Set(given.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
  return defaults.filter((_, index) => !names.has((defaults[index - (index % 2)] as string).toLowerCase()));
}
