/** Requests for what has changed only (RFC 9110, 13.1): with what the last answer called what is there. */
import type { Conditions } from '../item.js';
import { placeOf } from './range.js';
import type { Target } from './redirect.js';

/** Quotes and what may be between them. What a journal has cut, or a server has not written by the rules, is none. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
/** The form of dates that all have to send (RFC 9110, 5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

const NONE: readonly string[] = [];

/**
 * Headers by which a server answers 304 where it has what is there: name, value, name, value ... What an answer has told is
 * true of the place that it came from. Where the query is another one, often a signature that is made anew each time, a tag still
 * tells bodies apart, and a date does not.
 */
export function conditionsAt({ url, etag, lastModified }: Conditions, target: Target): readonly string[] {
  if (etag === '' && lastModified === '') return NONE;
  const where = target.origin + target.path;
  const isSame = url === where;
  if (!isSame && placeOf(target) !== withoutQuery(url)) return NONE;
  const headers: string[] = [];
  if (ENTITY_TAG.test(etag)) headers.push('if-none-match', etag);
  if (isSame && HTTP_DATE.test(lastModified)) headers.push('if-modified-since', lastModified);
  return headers;
}

function withoutQuery(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
