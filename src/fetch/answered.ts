/** What of an answer makes names. */
import type { Answered } from '../plan/answer-names.js';

/**
 * @param headers name, value, name, value ...
 * @param url where redirects have led
 */
export function answeredBy(headers: readonly Buffer[], url: string): Answered {
  return {
    url,
    disposition: headerOf(headers, 'content-disposition'),
    contentType: headerOf(headers, 'content-type'),
  };
}

/** Its bytes as Latin-1; empty where it is not there. */
function headerOf(headers: readonly Buffer[], lowerCase: string): string {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as Buffer;
    if (name.length !== lowerCase.length || name.toString('latin1').toLowerCase() !== lowerCase) continue;
    return (headers[i + 1] as Buffer).toString('latin1');
  }
  return '';
}
