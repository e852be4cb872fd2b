/** Tables as text: csv as RFC 4180 has it, and JSON lines. */
import type { TableRow } from '../../journal/table.js';
import type { Field, Value } from './fields.js';
import type { Output } from './output.js';
import type { TableWriter } from './formats.js';

/** Fields that a program may take for more than one. */
const TO_QUOTE = /[",\r\n]|^ | $/;

export class CsvWriter implements TableWriter {
  readonly #output: Output;
  readonly #fields: readonly Field[];

  constructor(output: Output, fields: readonly Field[]) {
    this.#output = output;
    this.#fields = fields;
  }

  async begin(): Promise<void> {
    await this.#output.write(`${this.#fields.map(({ name }) => quoted(name)).join(',')}\n`);
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    const line = (row: TableRow): string =>
      this.#fields.map(({ type, of }) => textOf(of(row), type === 'time')).join(',');
    await this.#output.write(rows.map((row) => `${line(row)}\n`).join(''));
  }
}

export class JsonLinesWriter implements TableWriter {
  readonly #output: Output;
  readonly #fields: readonly Field[];

  constructor(output: Output, fields: readonly Field[]) {
    this.#output = output;
    this.#fields = fields;
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    await this.#output.write(rows.map((row) => this.#line(row)).join(''));
  }

  /** What nobody knows is null; a column that is JSON is what it is, not a text of it. */
  #line(row: TableRow): string {
    const parts = this.#fields.map(({ name, type, of }) => {
      const value = of(row);
      const json =
        value === undefined
          ? 'null'
          : type === 'json'
            ? (value as string)
            : JSON.stringify(type === 'time' ? isoOf(value as number) : value);
      return `${JSON.stringify(name)}:${json}`;
    });
    return `{${parts.join(',')}}\n`;
  }
}

function textOf(value: Value, isTime: boolean): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? quoted(value) : String(isTime ? isoOf(value as number) : value);
}

function quoted(text: string): string {
  return TO_QUOTE.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function isoOf(time: number): string {
  return new Date(time).toISOString();
}
