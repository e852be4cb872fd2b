/** Parquet: the wanted columns, page by page. */
import type { FileHandle } from 'node:fs/promises';
import type { AsyncBuffer, Compressors, FileMetaData, SchemaTree } from 'hyparquet';
import { UsageError } from '../errors.js';
import type { Columns, ColumnValue } from '../item.js';
import { printable } from '../shared/printable.js';
import { keptUrl, type Places, placesIn, Values } from './columns.js';
import type { Opening } from './formats.js';
import type { ColumnPages } from './pages.js';
import type * as Loaded from './pages.js';
import { unreadable, unreadableBecause } from './read.js';
import { loaded } from './records.js';
import type { ListReader, ListRow } from './row.js';
import { spool } from './spool.js';

const CUT_HINT = 'fetch or write it again: its end, where a parquet file says what is in it, is missing';
const DAMAGED_HINT = 'fetch or write it again';
/** The largest description of a file. */
const MAX_METADATA_BYTES = 256 * 2 ** 20;

/** What reads parquet, as it is loaded. */
type Pages = typeof Loaded & { readonly compressors: Compressors };

/** @throws SluiceError LIST_UNREADABLE, or UsageError if it has not the columns that were asked for */
export async function openParquet(opening: Opening): Promise<ListReader> {
  const file = opening.file ?? (await spoolOf(opening));
  const spooled = file === opening.file ? undefined : file;
  try {
    const loaded = await import('./pages.js');
    const pages = { ...loaded, compressors: await loaded.loadCompressors() };
    return new ParquetRows(opening, file, pages, await metadataOf(file, pages, opening.label), spooled);
  } catch (error) {
    await spooled?.close();
    throw error;
  }
}

async function spoolOf({ chunks, label }: Opening): Promise<FileHandle> {
  try {
    return await spool(chunks);
  } catch (error) {
    throw unreadable(label, error);
  }
}

async function metadataOf(file: FileHandle, pages: Pages, label: string): Promise<FileMetaData> {
  const { size } = await file.stat();
  const ends = Buffer.alloc(8);
  if (size >= 12) await file.read(ends, 0, 8, size - 8);
  if (ends.toString('latin1', 4) !== 'PAR1') throw unreadableBecause(label, 'it is no whole parquet file', CUT_HINT);
  if (ends.readUInt32LE(0) > Math.min(size - 12, MAX_METADATA_BYTES)) {
    throw unreadableBecause(label, 'it is a damaged parquet file', DAMAGED_HINT);
  }
  const buffer: AsyncBuffer = {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(end - start);
      await file.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
  try {
    return await pages.parquetMetadataAsync(buffer, { geoparquet: false });
  } catch (error) {
    throw unreadableBecause(label, `it is a damaged parquet file (${(error as Error).message})`, DAMAGED_HINT, error);
  }
}

class ParquetRows implements ListReader {
  readonly #opening: Opening;
  readonly #spooled: FileHandle | undefined;
  readonly #values: Values;
  readonly #places: Places;
  /** Of the wanted columns, by their places. */
  readonly #columns = new Map<number, ColumnPages>();
  readonly #all: readonly ColumnPages[];
  readonly #url: ColumnPages;
  /** Rows of the pages at hand that all columns have. */
  #left = 0;
  #number = 0;
  /** In all. */
  readonly #rows: number;

  constructor(
    opening: Opening,
    file: FileHandle,
    pages: Pages,
    metadata: FileMetaData,
    spooled: FileHandle | undefined,
  ) {
    const { reading, label } = opening;
    this.#opening = opening;
    this.#spooled = spooled;
    this.#rows = Number(metadata.num_rows);
    this.#values = new Values(reading);
    const schema = pages.parquetSchema(metadata);
    const flat = schema.children.filter(({ element, children }) => {
      return children.length === 0 && element.repetition_type !== 'REPEATED';
    });
    const names = flat.map(({ element }) => element.name);
    refuseNested(schema, names, opening);
    const places = placesIn(names, reading, label);
    this.#places = places;
    const { url, name, checksum, kept } = places;
    const open = (at: number): ColumnPages => {
      const isText = at === url || at === name || at === checksum;
      const path = [schema, flat[at] as SchemaTree];
      return new pages.ColumnPages(file, metadata, names[at] ?? '', path, isText, pages.compressors);
    };
    for (const at of [url, name, checksum, ...kept.map((column) => column.at)]) {
      if (at !== undefined && !this.#columns.has(at)) this.#columns.set(at, open(at));
    }
    this.#all = [...this.#columns.values()];
    this.#url = this.#columns.get(url) as ColumnPages;
  }

  async more(): Promise<boolean> {
    const { label } = this.#opening;
    let left = Infinity;
    let ended = 0;
    for (const column of this.#all) {
      try {
        if (column.left === 0 && !(await column.load())) ended += 1;
      } catch (error) {
        throw unreadable(label, new Error(`a damaged parquet file (${(error as Error).message})`, { cause: error }));
      }
      left = Math.min(left, column.left);
    }
    if (ended > 0 && ended < this.#all.length) {
      throw unreadableBecause(label, 'its columns have not the same length', DAMAGED_HINT);
    }
    this.#left = left;
    return left > 0;
  }

  next(): ListRow | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    this.#number += 1;
    const { name, checksum, kept } = this.#places;
    for (const column of this.#all) column.step();
    const columns = kept.length === 0 ? undefined : this.#kept();
    const row = this.#values.row(this.#number, this.#url.value, this.#valueOf(name), this.#valueOf(checksum), columns);
    return loaded(this.#opening.units, row);
  }

  get share(): number {
    return this.#rows === 0 ? 1 : this.#number / this.#rows;
  }

  async close(): Promise<void> {
    await this.#spooled?.close();
  }

  #kept(): Columns {
    const { kept, url } = this.#places;
    const valueOf = (at: number): ColumnValue => {
      const value = plain(this.#valueOf(at));
      return at === url ? keptUrl(value) : value;
    };
    return Object.fromEntries(kept.map(({ name, at }) => [name, valueOf(at)]));
  }

  #valueOf(place: number | undefined): unknown {
    return place === undefined ? undefined : this.#columns.get(place)?.value;
  }
}

/** @throws UsageError for a column that was asked for and has columns of its own, or lists */
function refuseNested(schema: SchemaTree, flat: readonly string[], { reading, label }: Opening): void {
  const { urlColumn, nameColumn, checksumColumn, keepColumns } = reading;
  const kept = keepColumns === 'all' || keepColumns === undefined ? [] : keepColumns;
  for (const name of [urlColumn, nameColumn, checksumColumn?.column, ...kept]) {
    if (name === undefined || flat.includes(name)) continue;
    if (!schema.children.some(({ element }) => element.name === name)) continue;
    const message = `--input-file ${printable(label, 1000)}: the column ${printable(name)} is nested`;
    throw new UsageError(message, 'name a column that holds one value in each row');
  }
}

/** As JSON can say it. */
function plain(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value as ColumnValue;
}
