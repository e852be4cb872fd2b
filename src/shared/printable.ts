/** Text from lists as it may be shown: on a terminal, in a log, in an error's message. */

const UNPRINTABLE = /[\p{Other}\p{Line_Separator}\p{Paragraph_Separator}]/gu;
const SCHEME = /^\s*[a-z][a-z0-9+.-]*:[/\\]+/i;
const AUTHORITY = /^[^/\\?#]*@/;

/** At most `limit` characters, on one line, with `\u{1b}` for control, bidirectional and other invisible characters. */
export function printable(text: string, limit = 100): string {
  const short = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return short.replace(UNPRINTABLE, escaped);
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/**
 * The text of a URL, well-formed or not, without its password: `http://user:***@host/`. User information without a
 * colon is taken for a token and goes as a whole. A password may hold a slash by mistake, so with a colon it ends at
 * the last `@`: rather too much is hidden than too little.
 */
export function withoutPassword(text: string): string {
  const start = SCHEME.exec(text)?.[0].length ?? 0;
  const at = text.lastIndexOf('@');
  const colon = text.indexOf(':', start);
  if (colon !== -1 && colon < at) return `${text.slice(0, colon)}:***${text.slice(at)}`;
  return text.slice(0, start) + text.slice(start).replace(AUTHORITY, '***@');
}

/** A message without the URL that it begins with, for where that is told beside it. */
export function withoutUrl(message: string, url: string): string {
  // Messages name the URL as it was requested: user and password were a header.
  const where = `${url.replace(/\/\/[^/]*@/, '//')}: `;
  return message.startsWith(where) ? message.slice(where.length) : message;
}
