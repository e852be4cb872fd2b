/** What of an answer's headers its attempt goes by. Nearly all headers are passed over without being decoded. */
import { directiveIn, type Disallowing } from './directives.js';
import { isWorthKeeping } from './range.js';

/**
 * How the end of a body is told (RFC 9112, 6.3), by a stream's own end with HTTP/2; `foreign`: it has a transfer coding that
 * nobody asked for.
 */
export type Framing = 'length' | 'chunks' | 'stream' | 'connection' | 'foreign';

/** What is not there is empty. */
export interface ResponseHead {
  readonly framing: Framing;
  /** Bytes of the body; 0 where nothing tells. */
  readonly announced: number;
  /** The body is so large that it may be worth going on with. */
  readonly isLarge: boolean;
  /** Content codings as received. */
  readonly coding: string;
  readonly type: string;
  readonly etag: string;
  readonly lastModified: string;
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
  /** When it was sent, where it says when to come back. */
  readonly date: string | undefined;
  /** What a redirect sets. */
  readonly setCookies: readonly string[];
  /** What says that the file is not to be taken. */
  readonly directive: string | undefined;
}

const NONE: readonly string[] = [];

const CONTENT_LENGTH = Buffer.from('content-length');
const CONTENT_ENCODING = Buffer.from('content-encoding');
const CONTENT_TYPE = Buffer.from('content-type');
const DATE = Buffer.from('date');
const ETAG = Buffer.from('etag');
const LAST_MODIFIED = Buffer.from('last-modified');
const LOCATION = Buffer.from('location');
const RETRY_AFTER = Buffer.from('retry-after');
const SET_COOKIE = Buffer.from('set-cookie');
const TRANSFER_ENCODING = Buffer.from('transfer-encoding');
const X_ROBOTS_TAG = Buffer.from('x-robots-tag');

/**
 * @param headers name, value, name, value ...
 * @param disallowing what is looked for in X-Robots-Tag. Default: nothing
 * @param unannounced how the end of a body is told of which the headers say nothing
 */
export function readResponseHead(
  headers: readonly Buffer[],
  disallowing?: Disallowing,
  unannounced: 'stream' | 'connection' = 'connection',
): ResponseHead {
  let framing: Framing = unannounced;
  let announced = 0;
  let isLarge = false;
  let coding = '';
  let type = '';
  let etag = '';
  let lastModified = '';
  let location: string | undefined;
  let retryAfter: string | undefined;
  // Names are compared by length first.
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as Buffer;
    const value = headers[i + 1] as Buffer;
    if (isNamed(name, CONTENT_LENGTH)) {
      framing = 'length';
      announced = numberIn(value);
      // A size of seven digits is the least that may be.
      isLarge = value.length >= 7 && isWorthKeeping(value.toString('latin1'));
    } else if (isNamed(name, CONTENT_ENCODING)) coding += (coding && ', ') + value.toString('latin1');
    else if (isNamed(name, CONTENT_TYPE)) type = value.toString('latin1');
    else if (isNamed(name, ETAG)) etag = value.toString('latin1');
    else if (isNamed(name, LAST_MODIFIED)) lastModified = value.toString('latin1');
    else if (isNamed(name, LOCATION)) location ??= value.toString('latin1');
    else if (isNamed(name, RETRY_AFTER)) retryAfter = value.toString('latin1');
    else if (isNamed(name, TRANSFER_ENCODING)) framing = framingBy(value, framing);
  }
  return {
    framing,
    announced,
    isLarge,
    coding,
    type,
    etag,
    lastModified,
    location,
    retryAfter,
    date: retryAfter === undefined ? undefined : valuesIn(headers, DATE)[0],
    setCookies: location === undefined ? NONE : valuesIn(headers, SET_COOKIE),
    directive: disallowing === undefined ? undefined : directiveFrom(valuesIn(headers, X_ROBOTS_TAG), disallowing),
  };
}

function directiveFrom(values: readonly string[], disallowing: Disallowing): string | undefined {
  for (const value of values) {
    const directive = directiveIn(value, disallowing);
    if (directive !== undefined) return directive;
  }
  return undefined;
}

function valuesIn(headers: readonly Buffer[], lowerCase: Buffer): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (isNamed(headers[i] as Buffer, lowerCase)) values.push((headers[i + 1] as Buffer).toString('latin1'));
  }
  return values;
}

/** @param lowerCase letters and hyphens: with the bit that tells cases apart they are themselves */
function isNamed(name: Buffer, lowerCase: Buffer): boolean {
  if (name.length !== lowerCase.length) return false;
  for (let i = 0; i < name.length; i += 1) if (((name[i] as number) | 0x20) !== lowerCase[i]) return false;
  return true;
}

/** A number in decimal digits, up to where they end. */
function numberIn(text: Buffer): number {
  let number = 0;
  for (let i = 0; i < text.length && isDigit(text[i] as number); i += 1)
    number = 10 * number + (text[i] as number) - ZERO;
  return number;
}

const ZERO = 0x30;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

const CHUNKED = Buffer.from('chunked');

/**
 * What undici's parser does not know it passes over: of `gzip, chunked` the file would be gzip, of `chunked;` it would have the chunks'
 * sizes in it.
 *
 * @param before what other headers have said
 */
function framingBy(transferEncoding: Buffer, before: Framing): Framing {
  if (before === 'foreign') return before;
  if (isNamed(transferEncoding, CHUNKED)) return 'chunks';
  return framingOf(transferEncoding.toString('latin1')) ?? (before === 'chunks' ? 'foreign' : 'connection');
}

/** @returns undefined for a value that names no coding */
export function framingOf(transferEncoding: string): 'chunks' | 'foreign' | undefined {
  const codings = transferEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '');
  if (codings.every((coding) => coding === 'identity')) return undefined;
  // Only as the last coding it tells where a body ends.
  const isChunked = codings.at(-1) === 'chunked' && codings.every((coding) => /^(?:chunked|identity)$/.test(coding));
  return isChunked ? 'chunks' : 'foreign';
}
