/** JSON values -> rows: an object has the columns of a row, a text is a URL. */
import { controlFault } from './lines.js';
import type { Columns, ColumnValue } from '../item.js';
import { type CodeUnits, Has } from '../shared/code-units.js';
import { printable } from '../shared/printable.js';
import { keepable, keptUrl, Values } from './columns.js';
import type { Fault } from './fault.js';
import { faulty, type ListRow } from './row.js';
import type { ReadingOptions } from './source.js';

type Record = Readonly<{ [name: string]: ColumnValue }>;

export class Records {
  readonly #units: CodeUnits;
  readonly #reading: ReadingOptions;
  readonly #values: Values;
  /** The last name under which a URL was found. */
  #url: string;

  constructor(units: CodeUnits, reading: ReadingOptions) {
    this.#units = units;
    this.#reading = reading;
    this.#values = new Values(reading);
    this.#url = reading.urlColumn ?? 'url';
  }

  /** @param value as `JSON.parse` gives it */
  row(number: number, value: unknown): ListRow {
    return loaded(this.#units, this.#rowOf(number, value));
  }

  #rowOf(number: number, value: unknown): ListRow {
    if (typeof value === 'string') return this.#values.row(number, value, undefined, undefined, undefined);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const fault = { message: 'neither an object nor a text', hint: 'write {"url": "https://..."}' };
      return faulty(number, printable(JSON.stringify(value) ?? ''), fault);
    }
    const record = value as Record;
    const { nameColumn, checksumColumn, keepColumns } = this.#reading;
    const url = this.#urlOf(record);
    const picked = keepColumns === undefined ? undefined : keepColumns === 'all' ? record : pick(record, keepColumns);
    const columns = picked && this.#withoutPassword(picked);
    if (url === undefined) return faulty(number, '', this.#noUrl(record), keepable(columns));
    const name = nameColumn === undefined ? undefined : record[nameColumn];
    const checksum = checksumColumn === undefined ? undefined : record[checksumColumn.column];
    return this.#values.row(number, url, name, checksum, columns);
  }

  #urlOf(record: Record): ColumnValue | undefined {
    const url = Object.hasOwn(record, this.#url) ? record[this.#url] : undefined;
    if (url !== undefined || this.#reading.urlColumn !== undefined) return url;
    const found = Object.keys(record).find((name) => name.toLowerCase() === 'url');
    if (found === undefined) return undefined;
    this.#url = found;
    return record[found];
  }

  #withoutPassword(columns: Columns): Columns {
    const url = Object.hasOwn(columns, this.#url) ? columns[this.#url] : undefined;
    const kept = keptUrl(url);
    // Mostly the same object: it need not be copied.
    return kept === undefined || kept === url ? columns : { ...columns, [this.#url]: kept };
  }

  #noUrl(record: Record): Fault {
    const names = Object.keys(record).slice(0, 10).join(', ');
    const wanted = this.#reading.urlColumn ?? 'url';
    return {
      message: `no ${printable(wanted)} among ${names === '' ? 'no columns' : printable(names)}`,
      hint: 'name the column of the URLs with --url-column',
    };
  }
}

/** A row with the code units of its text at hand. */
export function loaded(units: CodeUnits, row: ListRow): ListRow {
  if (row.fault !== undefined) return row;
  units.load(row.text);
  const fault = (units.kinds & (Has.other | Has.tab)) === 0 ? undefined : urlFault(row.text);
  return fault === undefined ? row : faulty(row.number, row.text, fault, row.details?.columns);
}

/** What makes a text no URL wherever it stands in a list. */
export function urlFault(text: string): Fault | undefined {
  if (text.includes('\t')) return { message: 'a tab within the URL', hint: 'delete it, or write it as %09' };
  return controlFault(text);
}

function pick(record: Record, names: readonly string[]): Columns {
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(record, name) ? [[name, record[name] as ColumnValue] as const] : [])),
  );
}
