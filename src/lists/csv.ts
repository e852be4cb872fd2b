/** CSV and TSV: a header and records, or records of which one field is a URL. */
import { UsageError } from '../errors.js';
import type { Columns } from '../item.js';
import { type CodeUnits, Has } from '../shared/code-units.js';
import { printable } from '../shared/printable.js';
import { keepable, keptUrl, type Places, placesIn, urlPlace, Values } from './columns.js';
import type { Fault } from './fault.js';
import { FieldSplitter } from './fields.js';
import { urlFault } from './records.js';
import { SHOWN_BYTES } from './held.js';
import { faulty, type ListRow, type Splitter } from './row.js';
import type { ReadingOptions } from './source.js';

const HTTP_URL = /^\s*https?:\/\//i;

export class DelimitedText implements Splitter {
  readonly #fields: FieldSplitter;
  readonly #units: CodeUnits;
  readonly #reading: ReadingOptions;
  readonly #values: Values;
  readonly #label: string;
  #places: Places | undefined;
  #width = 0;
  /** Whether the record that was read for the header is a row. */
  #isFirstRow = false;

  constructor(separator: ',' | '\t', units: CodeUnits, reading: ReadingOptions, label: string) {
    this.#fields = new FieldSplitter(separator);
    this.#units = units;
    this.#reading = reading;
    this.#values = new Values(reading);
    this.#label = label;
  }

  get isReady(): boolean {
    return this.#places !== undefined;
  }

  /** @throws UsageError if the list has not the columns that were asked for */
  feed(chunk: Uint8Array): void {
    this.#fields.feed(chunk);
    this.#readHeader();
  }

  end(): void {
    this.#fields.end();
    this.#readHeader();
  }

  next(): ListRow | undefined {
    const places = this.#places;
    if (places === undefined) return undefined;
    const fields = this.#fields;
    if (this.#isFirstRow) this.#isFirstRow = false;
    else if (!fields.next()) return undefined;
    if (fields.fault !== undefined) return this.#faulty(fields.fault);
    if (fields.count !== this.#width) return this.#faulty(this.#otherWidth());
    return this.#row(places);
  }

  #readHeader(): void {
    if (this.#places !== undefined || !this.#fields.next()) return;
    const fields = this.#fields;
    if (fields.fault !== undefined) {
      const { message, hint } = fields.fault;
      throw new UsageError(`--input-file ${printable(this.#label, 1000)}:${fields.number}: ${message}`, hint);
    }
    this.#width = fields.count;
    const first = Array.from({ length: fields.count }, (_, field) => fields.text(field).trim());
    const { urlColumn } = this.#reading;
    const isUrl = (text: string | undefined): boolean => text !== undefined && HTTP_URL.test(text);
    const found =
      urlColumn === undefined && urlPlace(first) === -1 ? first.findIndex(isUrl) : asPlace(first, urlColumn, isUrl);
    this.#isFirstRow = found !== -1;
    // What has no header is called by its numbers.
    const names = this.#isFirstRow ? first.map((_, field) => String(field + 1)) : first;
    this.#places = placesIn(names, this.#reading, this.#label, this.#isFirstRow ? found : undefined);
  }

  #row({ url, name, checksum, kept }: Places): ListRow {
    const fields = this.#fields;
    const units = this.#units;
    const { number } = fields;
    const columns = kept.length === 0 ? undefined : this.#kept(kept, url);
    const [start, end] = [fields.startOf(url), fields.endOf(url)];
    let text;
    // What holds a line break is not read to its end.
    const isLoaded = fields.isPlain(url) && units.loadLine(fields.bytes, start, end) === end;
    if (isLoaded && (units.kinds & (Has.other | Has.tab)) === 0) {
      text = fields.bytes.toString('latin1', start, end);
      if ((units.kinds & Has.unusual) !== 0) {
        text = text.trim();
        units.load(text);
      }
    } else {
      text = fields.text(url).trim();
      units.load(text);
      const fault = urlFault(text);
      if (fault !== undefined) return faulty(number, text, fault, keepable(columns));
    }
    const own = name === undefined ? '' : fields.text(name);
    if (checksum === undefined && columns === undefined) return { number, text, fault: undefined, name: own };
    const hash = checksum === undefined ? undefined : fields.text(checksum);
    const details = this.#values.details(hash, columns);
    if ('message' in details) return faulty(number, text, details, keepable(columns));
    return { number, text, fault: undefined, name: own, details };
  }

  #kept(kept: Places['kept'], url: number): Columns {
    const valueOf = (at: number): string => (at === url ? keptUrl(this.#fields.text(at)) : this.#fields.text(at));
    return Object.fromEntries(kept.map(({ name, at }) => [name, valueOf(at)]));
  }

  #faulty(fault: Fault): ListRow {
    const fields = this.#fields;
    const start = fields.startOf(0);
    const end = Math.min(fields.endOf(fields.count - 1), start + SHOWN_BYTES);
    return faulty(fields.number, fields.bytes.toString('utf8', start, end), fault);
  }

  #otherWidth(): Fault {
    const { count } = this.#fields;
    const fields = count === 1 ? '1 field' : `${count} fields`;
    return {
      message: `${fields}, where the first row has ${this.#width}`,
      hint: 'put fields with a separator in them into quotes',
    };
  }
}

/** Where a URL stands in the first row though it was asked for by a number: then there is no header. */
function asPlace(first: readonly string[], wanted: string | undefined, isUrl: (text?: string) => boolean): number {
  const at = wanted !== undefined && /^\d{1,9}$/.test(wanted) && !first.includes(wanted) ? Number(wanted) - 1 : -1;
  return isUrl(first[at]) ? at : -1;
}
