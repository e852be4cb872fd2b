/** The formats in which a table is exported: each has a class in a file beside this one, and a row here. */
import type { TableRow } from '../../journal/table.js';
import { version } from '../../shared/version.js';
import type { Field, RowStatus } from './fields.js';
import type { Output } from './output.js';

export interface TableWriter {
  /** Before any row. */
  begin?(): Promise<void>;
  write(rows: readonly TableRow[]): Promise<void>;
  /** After the last one. */
  end?(): Promise<void>;
}

interface Format {
  /** What the name of a file of it ends in. */
  readonly extension?: string;
  /** Rows that it is for. Default: all. */
  readonly statuses?: readonly RowStatus[];
  /** Whether it has fields: the others have a form of their own. */
  readonly hasFields: boolean;
  /** Whether it tells the passwords of URLs, so that another program can request them. */
  readonly isPrivate: boolean;
  readonly open: (output: Output, fields: readonly Field[], directory: string) => Promise<TableWriter>;
}

/** What another program has to do yet: not what nobody is to take. */
const LEFT: readonly RowStatus[] = ['error', 'not_found', 'pending'];

export type TableFormat = 'csv' | 'jsonl' | 'parquet' | 'sha256sum' | 'aria2' | 'urls';

export const TABLE_FORMATS: Readonly<Record<TableFormat, Format>> = {
  csv: {
    extension: '.csv',
    hasFields: true,
    isPrivate: false,
    open: async (output, fields) => new (await import('./text.js')).CsvWriter(output, fields),
  },
  jsonl: {
    extension: '.jsonl',
    hasFields: true,
    isPrivate: false,
    open: async (output, fields) => new (await import('./text.js')).JsonLinesWriter(output, fields),
  },
  parquet: {
    extension: '.parquet',
    hasFields: true,
    isPrivate: false,
    open: async (output, fields) =>
      new (await import('./parquet.js')).ParquetTable(output, fields, `sluice ${version}`),
  },
  sha256sum: {
    extension: '.sha256',
    statuses: ['ok'],
    hasFields: false,
    isPrivate: false,
    open: async (output, _fields, directory) => new (await import('./lists.js')).Sha256Writer(output, directory),
  },
  aria2: {
    extension: '.aria2',
    statuses: LEFT,
    hasFields: false,
    isPrivate: true,
    open: async (output) => new (await import('./lists.js')).Aria2Writer(output),
  },
  urls: {
    extension: '.txt',
    statuses: LEFT,
    hasFields: false,
    isPrivate: true,
    open: async (output) => new (await import('./lists.js')).UrlsWriter(output),
  },
};

/** By the name of the file; undefined for one that tells none. */
export function formatFor(path: string): TableFormat | undefined {
  const names = Object.keys(TABLE_FORMATS) as TableFormat[];
  return names.find((name) => path.toLowerCase().endsWith(TABLE_FORMATS[name].extension ?? '\0'));
}
