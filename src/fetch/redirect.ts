/** Where a redirect leads, and what it may not do. Pure. */
import type { PlainError } from '../errors.js';

/** Where a request goes. */
export interface Target {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/** Where redirects have led an item, and how it is asked for there. */
export interface Redirected {
  readonly target: Target;
  /** How many they were. */
  readonly redirects: number;
  /** What they set, as `Cookies` keeps it; undefined for none. */
  readonly cookies?: string | undefined;
  /** The answer breaks the rules of HTTP: it is asked for once more, to be read leniently. */
  readonly isLenient?: boolean;
}

/** Redirects that are followed for one item; RFC 9110, 15.4 leaves the number open, curl's and wget's defaults are 50 and 20. */
const MAX_REDIRECTS = 10;

const NOT_ASCII = /[\x80-\xff]/g;

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * @param location as received, one character for each byte
 * @param followed redirects before this one
 * @returns where to go, or why not
 */
export function redirectTarget(from: Target, location: string | undefined, followed: number): Target | PlainError {
  const where = from.origin + from.path;
  if (location === undefined) return refuse(`${where}: a redirect that does not say where to`);
  if (followed >= MAX_REDIRECTS) return refuse(`${where}: more than ${MAX_REDIRECTS} redirects`);
  const reference = location.replace(NOT_ASCII, encodeByte);
  if (!URL.canParse(reference, where)) return refuse(`${where}: a redirect to what is no URL`);
  const url = new URL(reference, where);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refuse(`${where}: a redirect to ${url.protocol}, which is neither http nor https`);
  }
  if (from.origin.startsWith('https:') && url.protocol === 'http:') {
    return refuse(`${where}: a redirect from https to http, which anybody on the way could read and change`);
  }
  return { origin: url.origin, path: url.pathname + url.search };
}

/** Many servers send other bytes than ASCII as they are; they go back as they came, whatever their charset. */
function encodeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}

function refuse(message: string): PlainError {
  return { code: 'HTTP_REDIRECT', message, hint: 'check the URL in a browser, and put what it leads to into the list' };
}
