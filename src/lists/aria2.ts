/** Input files of aria2: URLs of one file on a line, between tabs, and its options on lines that begin with a blank. */
import { isUtf8 } from 'node:buffer';
import type { CodeUnits } from '../shared/code-units.js';
import { headerFault, splitHeader } from '../shared/header-line.js';
import { readNamedChecksum } from './checksum.js';
import type { Fault } from './fault.js';
import { NOT_UTF8, SHOWN_BYTES, TOO_LONG } from './held.js';
import { RawLines } from './raw-lines.js';
import { urlFault } from './records.js';
import { faulty, type ListRow, type RowDetails, type Splitter } from './row.js';

const OPTION = /^[ \t]+([\w-]+)=(.*)$/s;
const COMMENT = /^#/;
const BLANK = /^[ \t]/;
/** Other schemes that aria2 knows, and this program does not. */
const OTHER_SCHEME = /^(?:s?ftp|magnet|file):/i;
/** Lines of options for one file. */
const MAX_OPTIONS = 1000;

interface Download {
  readonly number: number;
  readonly urls: readonly string[];
  readonly options: (readonly [name: string, value: string])[];
  fault: Fault | undefined;
}

export class Aria2Input implements Splitter {
  readonly #units: CodeUnits;
  readonly #lines = new RawLines();
  /** Whose options may follow. */
  #download: Download | undefined;

  constructor(units: CodeUnits) {
    this.#units = units;
  }

  feed(chunk: Uint8Array): void {
    this.#lines.feed(chunk);
  }

  end(): void {
    this.#lines.end();
  }

  next(): ListRow | undefined {
    while (this.#lines.next()) {
      const before = this.#line();
      if (before !== undefined) return this.#row(before);
    }
    if (!this.#lines.ended || this.#download === undefined) return undefined;
    const last = this.#download;
    this.#download = undefined;
    return this.#row(last);
  }

  /** Reads a line; one that begins a download gives back the one before it, which is whole now. */
  #line(): Download | undefined {
    const { number, bytes, start, stop, isTooLong } = this.#lines;
    const line = bytes.toString('utf8', start, isTooLong ? start + SHOWN_BYTES : stop).replace(/\r$/, '');
    const broken = line.includes('\ufffd') && !isUtf8(bytes.subarray(start, stop)) ? NOT_UTF8 : undefined;
    const fault = isTooLong ? { message: TOO_LONG, hint: 'end every line with LF or CRLF' } : broken;
    if (BLANK.test(line)) {
      const [, name, value] = OPTION.exec(line) ?? [];
      const download = this.#download;
      if (download === undefined) return undefined;
      download.fault ??= fault;
      if (name !== undefined && value !== undefined && download.options.length < MAX_OPTIONS) {
        download.options.push([name, value.trim()]);
      }
      return undefined;
    }
    if (line === '' || COMMENT.test(line)) return undefined;
    const before = this.#download;
    const urls = line.split('\t').flatMap((url) => (url.trim() === '' ? [] : [url.trim()]));
    this.#download = { number, urls, options: [], fault };
    return before;
  }

  #row({ number, urls, options, fault }: Download): ListRow {
    const known = urls.filter((url) => !OTHER_SCHEME.test(url));
    const [text = urls[0] ?? '', ...mirrors] = known;
    const given = new Map(options);
    const details = detailsOf(options, given);
    const wrong = fault ?? urlFault(text) ?? ('message' in details ? details : undefined);
    if (wrong !== undefined || 'message' in details) return faulty(number, text, wrong ?? (details as Fault));
    this.#units.load(text);
    return {
      number,
      text,
      fault: undefined,
      name: given.get('out') ?? '',
      folder: given.get('dir') || undefined,
      mirrors: mirrors.length === 0 ? undefined : mirrors,
      details: Object.keys(details).length === 0 ? undefined : details,
    };
  }
}

function detailsOf(options: Download['options'], given: ReadonlyMap<string, string>): RowDetails | Fault {
  const checksum = given.get('checksum');
  const read = checksum === undefined ? undefined : readNamedChecksum(checksum);
  if (read !== undefined && 'message' in read) return read;
  const headers = headersOf(options);
  if ('message' in headers) return headers;
  return { ...(read && { checksum: read }), ...(headers.length > 0 && { headers }) };
}

function headersOf(options: Download['options']): string[] | Fault {
  const headers: string[] = [];
  for (const [option, value] of options) {
    const isOwn = option === 'referer' || option === 'user-agent';
    if (!isOwn && option !== 'header') continue;
    const header: readonly [string, string] | undefined = isOwn ? [option, value] : splitHeader(value);
    const fault = header === undefined ? 'no header' : headerFault(...header);
    if (fault === 'no header') return { message: 'a header that is none', hint: 'write it as header=Name: value' };
    if (fault !== undefined) return { message: 'a header that belongs to the connection', hint: 'leave it out' };
    headers.push(...(header ?? []));
  }
  return headers;
}
