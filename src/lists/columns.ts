/** The columns of lists that have some: which are wanted, and what becomes of their values. */
import { UsageError } from '../errors.js';
import { printable, withoutPassword } from '../shared/printable.js';
import { type Columns, type ColumnValue, type ItemDetails } from '../item.js';
import { readChecksum } from './checksum.js';
import type { Fault } from './fault.js';
import { faulty, type ListRow, type RowDetails } from './row.js';
import type { ReadingOptions } from './source.js';

/** How many names of columns a message tells. */
const TOLD_COLUMNS = 30;
/** Arrays and objects in one another that are kept. */
const MAX_DEPTH = 64;
/** Bytes of kept columns as JSON: with them, what the journal writes at once is not too long to be read. */
const MAX_KEPT_BYTES = 2 ** 20;
/** Bytes that JSON takes for a code unit and for a number, at the most. */
const MAX_UNIT_BYTES = 6;
const MAX_NUMBER_BYTES = 25;

/** Where the wanted columns are, from 0. */
export interface Places {
  readonly url: number;
  readonly name: number | undefined;
  readonly checksum: number | undefined;
  /** With the names that they are kept by. */
  readonly kept: readonly { readonly name: string; readonly at: number }[];
}

/**
 * @param columns their names, in order
 * @param found where the URL is, if that was found otherwise than by a name
 * @throws UsageError that tells which columns there are
 */
export function placesIn(columns: readonly string[], reading: ReadingOptions, label: string, found?: number): Places {
  const place = (wanted: string): number => {
    const named = columns.indexOf(wanted);
    if (named !== -1) return named;
    const number = /^\d{1,9}$/.test(wanted) ? Number(wanted) : 0;
    if (number >= 1 && number <= columns.length) return number - 1;
    throw noColumn(wanted, columns, label);
  };
  const { urlColumn, nameColumn, checksumColumn, keepColumns = [] } = reading;
  const url = urlColumn === undefined ? (found ?? urlPlace(columns)) : place(urlColumn);
  if (url === -1) throw noColumn('url', columns, label);
  const kept = keepColumns === 'all' ? columns.map((name, at) => ({ name, at })) : keepColumns.map(keep);
  function keep(wanted: string): { readonly name: string; readonly at: number } {
    const at = place(wanted);
    return { name: columns[at] ?? wanted, at };
  }
  return {
    url,
    name: nameColumn === undefined ? undefined : place(nameColumn),
    checksum: checksumColumn === undefined ? undefined : place(checksumColumn.column),
    kept,
  };
}

/** Of the column that is called `url`, whatever its case; -1 if there is none. */
export function urlPlace(columns: readonly string[]): number {
  const exact = columns.indexOf('url');
  return exact === -1 ? columns.findIndex((name) => name.trim().toLowerCase() === 'url') : exact;
}

function noColumn(wanted: string, columns: readonly string[], label: string): UsageError {
  const names = columns.slice(0, TOLD_COLUMNS).map((name) => printable(name));
  const more = columns.length > names.length ? `, and ${columns.length - names.length} more` : '';
  return new UsageError(
    `--input-file ${printable(label, 1000)} has no column ${printable(wanted)}; it has ${names.join(', ')}${more}`,
    wanted === 'url' ? 'name the column of the URLs with --url-column' : 'name one of them, or give its number from 1',
  );
}

/** What the columns of one row say besides its URL. */
export class Values {
  readonly #reading: ReadingOptions;

  constructor(reading: ReadingOptions) {
    this.#reading = reading;
  }

  /** A row of texts and other values; its URL has been seen to. */
  row(number: number, url: unknown, name: unknown, checksum: unknown, columns: Columns | undefined): ListRow {
    if (typeof url !== 'string') {
      const fault = { message: `the URL is ${kindOf(url)}, not a text`, hint: URL_HINT };
      return faulty(number, '', fault, keepable(columns));
    }
    const text = url.trim();
    const fault = fileNameFault(name);
    if (fault !== undefined) return faulty(number, text, fault, keepable(columns));
    const own = typeof name === 'string' ? name : typeof name === 'number' ? String(name) : '';
    if (columns === undefined && isNothing(checksum)) return { number, text, fault: undefined, name: own };
    const details = this.details(checksum, columns);
    if ('message' in details) return faulty(number, text, details, keepable(columns));
    return { number, text, fault: undefined, name: own, details };
  }

  details(checksum: unknown, columns: Columns | undefined): RowDetails | Fault {
    const details: { -readonly [K in keyof ItemDetails]: ItemDetails[K] } = {};
    if (columns !== undefined) {
      const fault = columnsFault(columns);
      if (fault !== undefined) return fault;
      details.columns = columns;
    }
    if (!isNothing(checksum)) {
      if (typeof checksum !== 'string') {
        return { message: `the checksum is ${kindOf(checksum)}, not a text`, hint: 'write it in hexadecimal digits' };
      }
      const read = readChecksum(checksum, this.#reading.checksumColumn?.algorithm);
      if ('message' in read) return read;
      details.checksum = read;
    }
    return details;
  }
}

/** What is kept of the column of the URLs: it is told wherever columns are, and passwords nowhere. */
export function keptUrl<T>(value: T): T | string {
  return typeof value === 'string' && value.includes('@') ? withoutPassword(value) : value;
}

/** The same columns, if they can be kept. */
export function keepable(columns: Columns | undefined): Columns | undefined {
  return columns === undefined || columnsFault(columns) !== undefined ? undefined : columns;
}

const URL_HINT = 'name the column of the URLs with --url-column';

function fileNameFault(name: unknown): Fault | undefined {
  if (isNothing(name) || typeof name === 'string' || typeof name === 'number') return undefined;
  return { message: `the name is ${kindOf(name)}, not a text`, hint: 'name another column with --name-column' };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Why columns cannot be kept. */
export function columnsFault(columns: Columns): Fault | undefined {
  const most = mostBytes(columns, MAX_DEPTH);
  if (most <= MAX_KEPT_BYTES) return undefined;
  if (most === Infinity) return { message: 'columns too deep in one another', hint: 'flatten them' };
  if (Buffer.byteLength(JSON.stringify(columns)) <= MAX_KEPT_BYTES) return undefined;
  return { message: 'columns of more than 1 MiB', hint: 'keep fewer of them with --keep-columns' };
}

/** Bytes that JSON takes for a value, at the most; without end for one that is too deep. */
function mostBytes(value: ColumnValue | undefined, levels: number): number {
  if (typeof value === 'string') return MAX_UNIT_BYTES * value.length + 2;
  if (typeof value !== 'object' || value === null) return MAX_NUMBER_BYTES;
  if (levels === 0) return Infinity;
  let bytes = 2;
  for (const [name, inner] of Object.entries(value as Columns)) {
    bytes += MAX_UNIT_BYTES * name.length + 4 + mostBytes(inner, levels - 1);
  }
  return bytes;
}
