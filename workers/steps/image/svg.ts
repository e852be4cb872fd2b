/** SVG: that its elements are closed, up to the first. No validator: what is between the tags is a renderer's affair. */
import { Buffer } from 'node:buffer';
import { checkBounds, type Extent } from './bounds.js';
import type { Cursor } from './cursor.js';

/** Bytes before the first element: a declaration, comments, a doctype with entities. */
const MAX_PROLOG = 64 << 10;
/** Elements in one another: those of librsvg, which refuses more. */
const MAX_DEPTH = 4_096;
/** What an image has that does not say how large it is (CSS 2, 10.3.2). */
const USUAL = { width: 300, height: 150 };
/** Characters of the name of an element that are looked at. */
const MAX_NAME = 200;
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const UNITS: Readonly<Record<string, number>> = { px: 1, pt: 1, pc: 12, mm: 72 / 25.4, cm: 72 / 2.54, in: 72 };
const SLASH = 0x2f;
const END = 0x3e;
const QUOTES = new Set([0x22, 0x27]);

/** What begins with a byte order mark, blanks, a declaration, comments or a doctype, and then is an element `svg`. */
export function isSvg(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x3c && bytes[0] !== 0xef && !SPACE.has(bytes[0] ?? 0)) return false;
  const start = Buffer.from(bytes.subarray(0, MAX_PROLOG)).toString('latin1');
  const prolog = /^(?:\xef\xbb\xbf)?(?:\s+|<\?[^]*?\?>|<!--[^]*?-->|<!DOCTYPE[^[>]*(?:\[[^]*?\]\s*)?>)*/.exec(start);
  return /^<(?:[\w-]+:)?svg[\s/>]/.test(start.slice(prolog?.[0].length));
}

/** Walks to the end of the first element. What follows is not part of the image. */
export function walkSvg(cursor: Cursor): Extent {
  const { buffer, byteOffset, length } = cursor.bytes;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const names: string[] = [];
  let extent: Extent | undefined;
  for (let at = 0; ;) {
    const begin = find(cursor, bytes, '<', at, 'the image');
    const mark = bytes.toString('latin1', begin, begin + 9);
    if (mark.startsWith('<!--')) {
      at = find(cursor, bytes, '-->', begin + 4, 'a comment') + 3;
    } else if (mark === '<![CDATA[') {
      at = find(cursor, bytes, ']]>', begin + 9, 'a text') + 3;
    } else if (mark.startsWith('<?')) {
      at = find(cursor, bytes, '?>', begin + 2, 'an instruction') + 2;
    } else if (mark.startsWith('<!')) {
      at = endOfDoctype(cursor, bytes, begin);
    } else if (mark.startsWith('</')) {
      const end = find(cursor, bytes, '>', begin, 'a tag');
      const name = bytes.toString('latin1', begin + 2, end).trimEnd();
      const opened = names.pop();
      if (name !== opened) cursor.fail(`</${name.slice(0, 40)}> where </${opened ?? ''}> is due`, begin);
      at = end + 1;
      if (names.length === 0) return extent as Extent;
    } else {
      const end = endOfTag(cursor, bytes, begin);
      const name =
        /^[^\s/>]*/.exec(bytes.toString('latin1', begin + 1, Math.min(end, begin + 1 + MAX_NAME)))?.[0] ?? '';
      if (extent === undefined) {
        extent = sizeOf(bytes.toString('latin1', begin, end));
        cursor.at = begin;
        checkBounds(cursor, extent);
      }
      at = end + 1;
      if (bytes[end - 1] !== SLASH) names.push(name);
      else if (names.length === 0) return extent;
      if (names.length > MAX_DEPTH) cursor.fail(`more than ${MAX_DEPTH} elements in one another`, begin);
    }
  }
}

function find(cursor: Cursor, bytes: Buffer, what: string, from: number, where: string): number {
  const found = bytes.indexOf(what, from, 'latin1');
  if (found === -1) cursor.fail(`cut in ${where}`, bytes.length);
  return found;
}

/** A `>` in quotes does not end it. */
function endOfTag(cursor: Cursor, bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === END) return at;
    if (QUOTES.has(byte)) at = find(cursor, bytes, String.fromCharCode(byte), at + 1, 'a tag');
  }
  return cursor.fail('cut in a tag', bytes.length);
}

/** Entities of its own stand in brackets. */
function endOfDoctype(cursor: Cursor, bytes: Buffer, from: number): number {
  const end = find(cursor, bytes, '>', from, 'the doctype');
  const bracket = bytes.indexOf('[', from, 'latin1');
  if (bracket === -1 || bracket > end) return end + 1;
  return find(cursor, bytes, '>', find(cursor, bytes, ']', bracket, 'the doctype'), 'the doctype') + 1;
}

/** In pixels, 72 of them an inch, as sharp renders it; of its view where it has no size of its own. */
function sizeOf(tag: string): Extent {
  const view = /\sviewBox\s*=\s*["']\s*[\d.eE+-]+[\s,]+[\d.eE+-]+[\s,]+([\d.eE+-]+)[\s,]+([\d.eE+-]+)/.exec(tag);
  const usual = view === null ? USUAL : { width: Number(view[1]), height: Number(view[2]) };
  const side = (name: 'width' | 'height'): number => {
    const given = new RegExp(`\\s${name}\\s*=\\s*["']\\s*([\\d.]+)(px|pt|pc|mm|cm|in)?\\s*["']`).exec(tag);
    const pixels = given === null ? usual[name] : Number(given[1]) * (UNITS[given[2] ?? 'px'] as number);
    return pixels > 0 ? Math.max(1, Math.round(pixels)) : 0;
  };
  return { width: side('width'), height: side('height'), frames: 1 };
}
