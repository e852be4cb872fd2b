/** Which format a list has, by what it begins with and by its name. */
import type { Buffer } from 'node:buffer';
import { extname } from 'node:path';
import { urlPlace } from './columns.js';
import { MAX_HEAD_BYTES } from './peek.js';
import type { FormatName, ReadingOptions } from './source.js';

const COMPRESSED = /\.(?:gz|zst|zstd)$/i;

/** By the end of a name, without what tells of a compression; undefined where that is left to its content. */
const EXTENSIONS: Readonly<Record<string, FormatName | undefined>> = {
  '.txt': undefined,
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.parquet': 'parquet',
  '.meta4': 'metalink',
  '.metalink': 'metalink',
  '.xml': undefined,
  '.aria2': undefined,
};

const ROOTS: Readonly<Record<string, FormatName>> = {
  urlset: 'sitemap',
  sitemapindex: 'sitemap',
  metalink: 'metalink',
};
/** What may stand before the root of XML. */
const PROLOGUE = /^(?:\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE(?!\s+html)[^>[]*(?:\[[^\]]*\])?[^>]*>)/i;
const ROOT = /^<(?:[\w.-]+:)?([\w.-]+)[\s/>]/;
/** A line of options of aria2, by which its lists are known. */
const ARIA2_OPTION =
  /^[ \t]+(?:out|dir|checksum|header|referer|user-agent|gid|split|continue|pause|allow-overwrite|always-resume|auto-file-renaming|all-proxy|conditional-get|connect-timeout|http-passwd|http-user|lowest-speed-limit|max-connection-per-server|max-download-limit|max-tries|min-split-size|parameterized-uri|remote-time|retry-wait|timeout|use-head)=/;
const MIRRORS = /^https?:\/\/[^\t\n]*\t[\t ]*https?:\/\//im;

/** @param reason why a list cannot be read, after its name */
export type Found = { readonly format: FormatName } | { readonly reason: string; readonly hint: string };

/** Whether a file of this name is a list. */
export function isListName(name: string): boolean {
  return Object.hasOwn(EXTENSIONS, extensionOf(name));
}

/**
 * @param isLast no more is there, or will be looked at
 * @returns undefined as long as that is not known
 */
export function detect(head: Buffer, isLast: boolean, label: string, reading: ReadingOptions): Found | undefined {
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return { format: 'parquet' };
  const named = EXTENSIONS[extensionOf(label)];
  const text = head.toString('latin1', 0, MAX_HEAD_BYTES).trimStart();
  if (text === '') return isLast ? { format: named ?? 'txt' } : undefined;
  if (text.startsWith('<')) return ofMarkup(text, isLast, named);
  if (named !== undefined) return { format: named };
  if (text.startsWith('{')) return { format: 'jsonl' };
  if (text.startsWith('[')) return { format: 'json' };
  return ofLines(text, isLast, reading);
}

function extensionOf(label: string): string {
  const path = /^https?:\/\//i.test(label) ? label.replace(/[?#].*$/s, '') : label;
  return extname(path.replace(COMPRESSED, '')).toLowerCase();
}

function ofMarkup(text: string, isLast: boolean, named: FormatName | undefined): Found | undefined {
  let rest = text;
  for (let prologue; (prologue = PROLOGUE.exec(rest)?.[0]); rest = rest.slice(prologue.length));
  const root = ROOT.exec(rest)?.[1]?.toLowerCase();
  const format = root === undefined ? undefined : ROOTS[root];
  if (format !== undefined) return { format };
  if (root === 'html' || /^<(?:!doctype\s+html|head|body)\b/i.test(rest)) {
    return { reason: 'it is a web page, not a list', hint: 'give the address of the list itself' };
  }
  if (root === undefined && !isLast) return undefined;
  if (named !== undefined && named !== 'metalink') return { format: named };
  return { reason: 'it is neither a sitemap nor a metalink', hint: 'say what it is with --input-format' };
}

/** By the first line that says something, and where that is a URL by what follows. */
function ofLines(text: string, isLast: boolean, reading: ReadingOptions): Found | undefined {
  const whole = isLast ? text : text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n');
  const first = lines.find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (first === undefined) return isLast ? { format: 'txt' } : undefined;
  if (!first.includes('://')) {
    const isWanted = (fields: readonly string[]): boolean =>
      fields.length > 1 && (reading.urlColumn !== undefined || urlPlace(fields) !== -1);
    if (isWanted(fieldsOf(first, '\t'))) return { format: 'tsv' };
    if (isWanted(fieldsOf(first, ','))) return { format: 'csv' };
  } else if (MIRRORS.test(whole) || lines.some((line) => ARIA2_OPTION.test(line))) return { format: 'aria2' };
  return { format: 'txt' };
}

function fieldsOf(line: string, separator: string): string[] {
  return line.split(separator).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
}
