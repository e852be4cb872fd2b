/** Writes the table of a destination. */
import type { Rows, TableRow } from '../../journal/table.js';
import { UsageError } from '../../errors.js';
import { printable } from '../../shared/printable.js';
import { Columns } from './columns.js';
import { type Field, fieldsFor, type FieldType, type RowStatus, statusOf } from './fields.js';
import { TABLE_FORMATS, type TableFormat } from './formats.js';
import type { Output } from './output.js';

export interface ExportOptions {
  readonly format: TableFormat;
  /** Rows that are wanted. Default: those that the format is for. */
  readonly statuses?: readonly RowStatus[] | undefined;
  /** Names of fields, in order. Default: all. */
  readonly fields?: readonly string[] | undefined;
  /** Destination. */
  readonly directory: string;
}

/**
 * @returns rows that were written
 * @throws UsageError for a field that is not there, StorageError
 */
export async function exportTable(table: Rows, output: Output, options: ExportOptions): Promise<number> {
  const format = TABLE_FORMATS[options.format];
  const statuses = new Set(options.statuses ?? format.statuses);
  const fields = format.hasFields ? chosen(fieldsFor(await columnsOf(table), table.someReplaced), options.fields) : [];
  const writer = await format.open(output, fields, options.directory);
  await writer.begin?.();
  let count = 0;
  for await (const batch of table.rows()) {
    const rows = format.hasFields ? batch : batch.filter(isFile);
    const wanted = statuses.size === 0 ? rows : rows.filter((row) => statuses.has(statusOf(row)));
    if (wanted.length > 0) await writer.write(wanted);
    count += wanted.length;
  }
  await writer.end?.();
  return count;
}

/** Whether it is a file to another program: one that has a URL, and is not there twice. */
function isFile(row: TableRow): boolean {
  return row.status !== 'refused' && !row.repeats;
}

async function columnsOf(table: Rows): Promise<ReadonlyMap<string, FieldType>> {
  const columns = new Columns();
  if (table.someDetails) for await (const batch of table.rows()) for (const row of batch) columns.note(row);
  return columns.types;
}

function chosen(fields: readonly Field[], names: readonly string[] | undefined): readonly Field[] {
  if (names === undefined) return fields;
  return names.map((name) => {
    const field = fields.find((candidate) => candidate.name === name);
    if (field !== undefined) return field;
    const known = fields.map((candidate) => printable(candidate.name)).join(', ');
    throw new UsageError(`--fields: there is no field ${printable(name)}`, `choose from ${known}`);
  });
}
