/** How a body that broke off goes on: which one may, and whether an answer is the rest of it (RFC 9110, 13 and 14). */
import type { Kept, Whole } from '../protocol/result.js';
import type { Target } from './redirect.js';

/** Bytes of a body, from which on it is worth being gone on with. */
const LEAST_TOTAL = 2 << 20;
/** Milliseconds by which a body's last change must be older than its answer, to tell it from other ones (8.8.2.2). */
const STRONG_AGE = 60_000;

/** Quotes and what may be between them, without what a header may not carry everywhere. A weak tag begins with W/. */
const STRONG_TAG = /^"[\x21\x23-\x7e]*"$/;

/** A body of this length may be worth it: to be asked before headers are looked through again. */
export function isWorthKeeping(contentLength: string): boolean {
  return Number(contentLength) >= LEAST_TOTAL;
}

/** What a body is known by when more of it is asked for; undefined for one that cannot be proven to be the same later. */
export function wholeOf(headers: readonly Buffer[], place: string): Whole | undefined {
  const { contentLength, contentEncoding, ...told } = readHeaders(headers);
  const total = Number(contentLength);
  const validator = validatorIn(told);
  if (validator === undefined || !Number.isSafeInteger(total) || contentEncoding !== '') return undefined;
  return { validator, total, place };
}

/** Where a body is, as far as it stays the same: what follows the path is often a signature that is made anew each time. */
export function placeOf({ origin, path }: Target): string {
  const query = path.indexOf('?');
  return origin + (query === -1 ? path : path.slice(0, query));
}

/** Whether an answer with status 206 has all that there is: some servers give that to who has asked for no part. */
export function isAll(headers: readonly Buffer[]): boolean {
  const { contentRange, contentLength } = readHeaders(headers);
  const [, last = '', size = ''] = /^bytes 0-(\d+)\/(\d+)$/i.exec(contentRange) ?? [];
  return size !== '' && Number(last) === Number(size) - 1 && contentLength === size;
}

/** Whether an answer with status 206 is the rest of what is kept. */
export function isRestOf({ validator, total, from }: Kept, headers: readonly Buffer[]): boolean {
  const { contentEncoding, contentRange, contentLength, etag, lastModified } = readHeaders(headers);
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(contentRange) ?? [];
  const isRest = Number(first) === from && Number(last) === total - 1 && Number(size) === total;
  const isWhole = contentLength === '' || Number(contentLength) === total - from;
  // A server that honours If-Range may leave out the date, but has to repeat the tag (15.3.7).
  const isSame = validator.startsWith('"') ? etag === validator : lastModified === '' || lastModified === validator;
  return isRest && isWhole && isSame && contentEncoding === '';
}

interface Told {
  readonly etag: string;
  readonly lastModified: string;
  readonly date: string;
}

function validatorIn({ etag, lastModified, date }: Told): string | undefined {
  if (STRONG_TAG.test(etag)) return etag;
  // Where there is a tag, even a weak one, a date must not be used (13.1.5).
  if (etag !== '') return undefined;
  return Date.parse(date) - Date.parse(lastModified) >= STRONG_AGE ? lastModified : undefined;
}

/** Values that come twice are joined, and are nothing that could be used then. */
function readHeaders(headers: readonly Buffer[]) {
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as Buffer).toString('latin1').toLowerCase();
    const value = (headers[i + 1] as Buffer).toString('latin1').trim();
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return {
    contentEncoding: values.get('content-encoding') ?? '',
    contentLength: values.get('content-length') ?? '',
    contentRange: values.get('content-range') ?? '',
    etag: values.get('etag') ?? '',
    lastModified: values.get('last-modified') ?? '',
    date: values.get('date') ?? '',
  };
}
