/** The name that an answer's Content-Disposition gives its body (RFC 6266). */
import { Buffer } from 'node:buffer';

/**
 * One parameter, or the type, which has no value; what follows it up to the next semicolon is passed over. Nothing in it can
 * fail behind what repeats, so that the time it takes grows with the text.
 */
const PARAMETER = /[\s;]*([^\s=;"]+)\s*(?:=\s*("(?:[^"\\]|\\[^])*"|[^;"]*))?[^;]*/y;
/** `charset'language'value` (RFC 8187), of those characters that need no escape. */
const EXTENDED = /^(utf-8|iso-8859-1)'[^']*'((?:[\w!#$&+.^`|~-]|%[\da-f]{2})+)$/i;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The last segment of the name, whichever slashes are before it; as it was sent besides, to be made safe.
 *
 * @param header its bytes as Latin-1
 * @returns undefined where it gives none that could be used
 */
export function nameFromDisposition(header: string): string | undefined {
  let plain: string | undefined;
  let extended: string | undefined;
  PARAMETER.lastIndex = 0;
  for (let found = PARAMETER.exec(header); found !== null; found = PARAMETER.exec(header)) {
    const [, name = '', value] = found;
    if (value === undefined) continue;
    // Of one that is there twice the first counts.
    if (/^filename$/i.test(name)) plain ??= lastSegment(asText(unquoted(value)));
    else if (/^filename\*$/i.test(name)) extended ??= lastSegment(decodeExtended(unquoted(value)));
  }
  return extended ?? plain;
}

/** Only quotes and backslashes are taken for escaped: many servers send `C:\x` as it is. */
function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : value.trim();
}

/** Servers send UTF-8 where Latin-1 is agreed on, and browsers take it. */
function asText(latin1: string): string {
  return decodeUtf8(Buffer.from(latin1, 'latin1')) ?? latin1;
}

/** Empty for what is broken. */
function decodeExtended(value: string): string {
  const [, charset, escaped] = EXTENDED.exec(value) ?? [];
  if (charset === undefined || escaped === undefined) return '';
  const latin1 = escaped.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^utf-8$/i.test(charset) ? (decodeUtf8(Buffer.from(latin1, 'latin1')) ?? '') : latin1;
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return undefined;
  }
}

function lastSegment(text: string): string | undefined {
  const segment = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf('\\')) + 1).trim();
  // Of dots alone no name can be made that says anything.
  return /^\.*$/.test(segment) ? undefined : segment;
}
