/** What the header X-Robots-Tag of an answer says of its file. */
import type { PlainError } from '../errors.js';
import { productToken } from './user-agent.js';

/** What forbids a file. */
export interface Disallowing {
  /** What servers call this program, in lower case. */
  readonly token: string;
  /** In lower case. */
  readonly directives: ReadonlySet<string>;
}

/** That have a value after a colon, where others have the name of a program before it. */
const WITH_VALUE: ReadonlySet<string> = new Set([
  'unavailable_after',
  'max-snippet',
  'max-image-preview',
  'max-video-preview',
]);

/** Undefined where none is to be respected. */
export function disallowingOf(options: {
  readonly headers: readonly string[];
  readonly userAgent: string | undefined;
  readonly respectDirectives: ReadonlySet<string> | undefined;
}): Disallowing | undefined {
  const { respectDirectives: directives } = options;
  return directives && { token: productToken(options), directives };
}

/**
 * The first directive that forbids the file. What follows `name:` is for that program, and what comes before any name for
 * everyone. `none` says `noindex` and `nofollow`.
 *
 * @param value of one header; there may be more of them
 */
export function directiveIn(value: string, { token, directives }: Disallowing): string | undefined {
  let isForUs = true;
  for (const part of value.toLowerCase().split(',')) {
    const colon = part.indexOf(':');
    const name = part.slice(0, Math.max(0, colon)).trim();
    if (WITH_VALUE.has(name)) continue;
    if (colon !== -1) isForUs = name === token;
    const directive = part.slice(colon + 1).trim();
    if (!isForUs) continue;
    if (directives.has(directive)) return directive;
    if (directive === 'none' && (directives.has('noindex') || directives.has('nofollow'))) return directive;
  }
  return undefined;
}

export function disallowedBy(directive: string, url: string): PlainError {
  return {
    code: 'ROBOTS_TAG',
    message: `${url}: X-Robots-Tag says ${directive}`,
    hint: 'whose server it is does not want it to be taken; see --respect-directives',
  };
}
