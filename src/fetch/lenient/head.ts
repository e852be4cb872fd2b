/**
 * The head of an answer, read as browsers and curl read it: what is meant beyond doubt is taken, and whatever could mean
 * two things, or comes with bytes that no header may have, is refused.
 */
import { BrokenAnswer } from './broken.js';

/** How the end of the body is told (RFC 9112, 6.3). */
export type Framing =
  { readonly by: 'length'; readonly length: number } | { readonly by: 'chunks' } | { readonly by: 'connection' };

export interface Head {
  readonly status: number;
  /** Name, value, name, value ... Of what tells the end of the body no more than what holds. */
  readonly headers: readonly Buffer[];
  readonly framing: Framing;
  /** It breaks a rule that senders have to keep. */
  readonly isBent: boolean;
}

interface Header {
  readonly name: string;
  value: string;
}

/** What every answer begins with. */
const BEGINNING = 'HTTP/';
const LF = 0x0a;
const CR = 0x0d;

/** The version is of no account: what speaks another one than 1 would have no lines. */
const STATUS_LINE = /^HTTP\/\d+(?:\.\d+)?[ \t]+([1-9]\d\d)(?:\D.*)?$/i;
/** As the strict parser reads it. */
const SOUND_STATUS_LINE = /^HTTP\/(?:0\.9|1\.[01]|2\.0) [1-9]\d\d(?: .*)?$/;
/** Of lines with a control character those that tell of the body, or may, since they go on with one that does. */
const TELLS_OF_BODY = /^[ \t]|content-length|transfer-encoding/i;
const CONTROLS = /[^\t\x20-\x7e\x80-\xff]/g;
/** Of names (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TAB = 0x09;
const SPACE = 0x20;
const DELETE = 0x7f;

/**
 * Where the head ends in what has come of an answer; undefined where more is to come.
 *
 * @throws BrokenAnswer when it is no answer
 */
export function endOfHead(bytes: Buffer): number | undefined {
  let start = 0;
  while (bytes[start] === LF || (bytes[start] === CR && bytes[start + 1] === LF)) start += 1;
  const begun = bytes.toString('latin1', start, start + BEGINNING.length).toUpperCase();
  if (bytes[start] !== CR && !BEGINNING.startsWith(begun)) {
    throw new BrokenAnswer('it does not begin with HTTP/');
  }
  for (let at = bytes.indexOf(LF, start); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return undefined;
}

/** @throws BrokenAnswer when it can be read in more than one way, or in none */
export function readHead(bytes: Buffer): Head {
  const lines = bytes.toString('latin1').split('\n').slice(0, -2);
  // An empty line before the answer is the rest of another one (RFC 9112, 2.2).
  while (lines[0] === '' || lines[0] === '\r') lines.shift();
  let isBent = !bytes.subarray(-4).equals(Buffer.from('\r\n\r\n'));
  const [first = '', ...rest] = lines.map((line) => {
    if (!line.endsWith('\r')) isBent = true;
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (!hasControl(text)) return text;
    isBent = true;
    return withoutControls(text);
  });
  const [, status] = STATUS_LINE.exec(first) ?? [];
  if (status === undefined) throw new BrokenAnswer('its first line does not tell a status');
  if (!SOUND_STATUS_LINE.test(first)) isBent = true;
  const read = readHeaders(rest);
  const framed = frame(Number(status), read.headers);
  return {
    status: Number(status),
    headers: framed.headers.flatMap(({ name, value }) => [Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1')]),
    framing: framed.framing,
    isBent: isBent || read.isBent || framed.isBent,
  };
}

/**
 * Others than the end of a line and NUL say nothing (RFC 9110, 5.5).
 *
 * @throws BrokenAnswer
 */
function withoutControls(line: string): string {
  if (line.includes('\0') || line.includes('\r') || TELLS_OF_BODY.test(line)) {
    throw new BrokenAnswer('a control character in a header');
  }
  return line.replace(CONTROLS, ' ');
}

/** Of controls a line may have the tab alone: a CR may be meant as its end, or not. */
export function hasControl(line: string): boolean {
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if ((code < SPACE && code !== TAB) || code === DELETE) return true;
  }
  return false;
}

/** What is no header is passed over: such a line may be anything, but nothing that tells of the body. */
function readHeaders(lines: readonly string[]): { headers: Header[]; isBent: boolean } {
  const headers: Header[] = [];
  let isBent = false;
  let last: Header | undefined;
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      if (last === undefined) throw new BrokenAnswer('its first header goes on before it begins');
      last.value = `${last.value} ${line.trim()}`.trim();
      isBent = true;
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon === -1 ? '' : line.slice(0, colon).trimEnd();
    last = { name, value: line.slice(colon + 1).trim() };
    if (TOKEN.test(name)) headers.push(last);
    if (name.length !== colon || !TOKEN.test(name)) isBent = true;
  }
  return { headers, isBent };
}

interface Framed {
  readonly headers: readonly Header[];
  readonly framing: Framing;
  readonly isBent: boolean;
}

function frame(status: number, headers: readonly Header[]): Framed {
  const lengths = valuesOf(headers, 'content-length');
  const codings = valuesOf(headers, 'transfer-encoding').map((coding) => coding.toLowerCase());
  const length = lengths.length === 0 ? undefined : theOne(lengths);
  const isChunked = codings.includes('chunked');
  if (codings.some((coding) => coding !== 'chunked' && coding !== 'identity')) {
    throw new BrokenAnswer('a transfer coding that nobody asked for');
  }
  const others = headers.filter(({ name }) => !/^(?:content-length|transfer-encoding)$/i.test(name));
  const isBent = lengths.length > 1 || codings.includes('identity') || codings.length > 1;
  if (status < 200 || status === 204 || status === 304) {
    return { headers: others, framing: { by: 'length', length: 0 }, isBent };
  }
  if (isChunked) {
    // The chunks hold, whatever the length says (RFC 9112, 6.3).
    const chunked = { name: 'Transfer-Encoding', value: 'chunked' };
    return { headers: [...others, chunked], framing: { by: 'chunks' }, isBent: isBent || length !== undefined };
  }
  if (length === undefined) return { headers: others, framing: { by: 'connection' }, isBent };
  const told = { name: 'Content-Length', value: String(length) };
  return { headers: [...others, told], framing: { by: 'length', length }, isBent };
}

/** Of all headers of that name, and of each the values between its commas. */
function valuesOf(headers: readonly Header[], lowerCase: string): string[] {
  return headers
    .filter(({ name }) => name.toLowerCase() === lowerCase)
    .flatMap(({ value }) => value.split(',').map((part) => part.trim()));
}

/** The length that all of them tell. */
function theOne(lengths: readonly string[]): number {
  const numbers = new Set(lengths.map((text) => (/^\d+$/.test(text) ? Number(text) : NaN)));
  const [length = NaN] = numbers;
  if (numbers.size > 1) throw new BrokenAnswer('more than one length');
  if (!Number.isSafeInteger(length)) throw new BrokenAnswer('a length that is none');
  return length;
}
