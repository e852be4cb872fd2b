/** Tables as parquet, a group of rows at a time. */
import { type BasicType, ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { TableRow } from '../../journal/table.js';
import type { Field, FieldType, Value } from './fields.js';
import type { Output } from './output.js';
import type { TableWriter } from './formats.js';

/** Rows that are held until they are written together. */
const GROUP = 10_000;

const TYPES: Readonly<Record<FieldType, BasicType>> = {
  text: 'STRING',
  whole: 'INT64',
  number: 'DOUBLE',
  yesno: 'BOOLEAN',
  time: 'TIMESTAMP',
  json: 'JSON',
};

export class ParquetTable implements TableWriter {
  readonly #output: Output;
  readonly #fields: readonly Field[];
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #columns: unknown[][];
  #rows = 0;

  constructor(output: Output, fields: readonly Field[], createdBy: string) {
    this.#output = output;
    this.#fields = fields;
    this.#columns = fields.map(() => []);
    const schema = schemaFromColumnData({ columnData: this.#columnData() });
    this.#parquet = new ParquetWriter({ writer: this.#bytes, schema, createdBy });
  }

  async write(rows: readonly TableRow[]): Promise<void> {
    for (const row of rows) {
      for (const [at, { type, of }] of this.#fields.entries()) {
        (this.#columns[at] as unknown[]).push(parquetValue(of(row), type));
      }
    }
    this.#rows += rows.length;
    if (this.#rows >= GROUP) await this.#flush();
  }

  async end(): Promise<void> {
    if (this.#rows > 0) await this.#flush();
    await this.#parquet.finish();
    await this.#take();
  }

  async #flush(): Promise<void> {
    await this.#parquet.write({ columnData: this.#columnData(), rowGroupSize: this.#rows });
    this.#columns = this.#fields.map(() => []);
    this.#rows = 0;
    await this.#take();
  }

  async #take(): Promise<void> {
    const bytes = Buffer.from(this.#bytes.buffer, 0, this.#bytes.index);
    // What it writes next belongs behind it in the file, and may lie in its place in memory.
    this.#bytes.index = 0;
    await this.#output.write(bytes);
  }

  #columnData(): { name: string; type: BasicType; nullable: boolean; data: unknown[] }[] {
    return this.#fields.map(({ name, type }, at) => {
      return { name, type: TYPES[type], nullable: true, data: this.#columns[at] as unknown[] };
    });
  }
}

function parquetValue(value: Value, type: FieldType): unknown {
  if (value === undefined) return null;
  if (type === 'whole') return BigInt(value);
  if (type === 'time') return new Date(value as number);
  return type === 'json' ? (JSON.parse(value as string) as unknown) : value;
}
