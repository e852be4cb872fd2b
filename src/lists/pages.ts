/** One column of a parquet file, page after page: what is in memory is a page, however long a row group is. */
import type { FileHandle } from 'node:fs/promises';
import type { ColumnMetaData, Compressors, DecodedArray, FileMetaData, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { PlainPage } from './plain-page.js';

export { parquetMetadataAsync, parquetSchema } from 'hyparquet';

type Decoder = Parameters<typeof readPage>[2];
type Header = ReturnType<typeof parquetHeader>;

/** Read at once, in bytes. */
const READ_BYTES = 256 * 1024;
/** The largest header of a page, which may have statistics in it, and the largest page. */
const MAX_HEADER_BYTES = 4 * 2 ** 20;
const MAX_PAGE_BYTES = 256 * 2 ** 20;
const MAX_PAGE_VALUES = 2 ** 24;

const PARSERS: Decoder['parsers'] = {
  ...DEFAULT_PARSERS,
  stringFromBytes: (bytes: Uint8Array) => asBuffer(bytes).toString('utf8'),
  jsonFromBytes: (bytes: Uint8Array) => asJson(asBuffer(bytes).toString('utf8')),
  geometryFromBytes: (bytes: Uint8Array) => bytes,
  geographyFromBytes: (bytes: Uint8Array) => bytes,
};

/** Apart, since it is large and an ES module: no bundle of CommonJS has it in it, or can require it on all of Node 22. */
export async function loadCompressors(): Promise<Compressors> {
  return (await import('hyparquet-compressors')).compressors;
}

export class ColumnPages {
  /** Of the row at hand. */
  value: unknown;
  /** What is left of the page at hand: one of them is empty. */
  #plain: PlainPage | undefined;
  #values: DecodedArray = [];
  #at = 0;
  readonly #file: FileHandle;
  readonly #chunks: readonly ColumnMetaData[];
  readonly #schemaPath: readonly SchemaTree[];
  readonly #isText: boolean;
  readonly #compressors: Compressors;
  #chunk = -1;
  #decoder: Decoder | undefined;
  #dictionary: DecodedArray | undefined;
  /** In the file: what is to be read of the chunk. */
  #from = 0;
  #to = 0;
  /** What was read of it, and where that begins. */
  #bytes = Buffer.alloc(0);
  #bytesFrom = 0;

  /** @param isText bytes are text, whatever the file says */
  constructor(
    file: FileHandle,
    metadata: FileMetaData,
    name: string,
    schemaPath: readonly SchemaTree[],
    isText: boolean,
    compressors: Compressors,
  ) {
    this.#file = file;
    this.#chunks = metadata.row_groups.flatMap(({ columns }) =>
      columns.flatMap(({ meta_data: chunk }) => (chunk?.path_in_schema[0] === name ? [chunk] : [])),
    );
    this.#schemaPath = schemaPath;
    this.#isText = isText;
    this.#compressors = compressors;
  }

  get left(): number {
    return this.#plain?.left ?? this.#values.length - this.#at;
  }

  /** Goes on to the next row of the page. */
  step(): void {
    if (this.#plain !== undefined) {
      this.value = this.#plain.next();
      return;
    }
    this.value = this.#values[this.#at] as unknown;
    this.#at += 1;
  }

  /** Goes on to the next page that has values; false at the end. */
  async load(): Promise<boolean> {
    this.#at = 0;
    this.#values = [];
    this.#plain = undefined;
    while (this.left === 0) {
      if (this.#from >= this.#to && !this.#nextChunk()) return false;
      await this.#page();
    }
    return true;
  }

  #nextChunk(): boolean {
    this.#chunk += 1;
    const chunk = this.#chunks[this.#chunk];
    if (chunk === undefined) return false;
    this.#dictionary = undefined;
    this.#from = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    this.#to = this.#from + Number(chunk.total_compressed_size);
    this.#bytes = Buffer.alloc(0);
    const schemaPath = [...this.#schemaPath];
    const { element } = schemaPath.at(-1) as SchemaTree;
    const { type, codec } = chunk;
    this.#decoder = {
      pathInSchema: chunk.path_in_schema,
      element,
      schemaPath,
      type,
      codec,
      compressors: this.#compressors,
      parsers: PARSERS,
      utf8: this.#isText,
    };
    return true;
  }

  async #page(): Promise<void> {
    const decoder = this.#decoder as Decoder;
    const header = await this.#header();
    const { compressed_page_size: size, uncompressed_page_size: whole } = header;
    const count = header.data_page_header?.num_values ?? header.data_page_header_v2?.num_values ?? 0;
    if (size < 0 || whole < 0 || size > MAX_PAGE_BYTES || whole > MAX_PAGE_BYTES || count > MAX_PAGE_VALUES) {
      throw new Error('a page of more than 256 MiB');
    }
    const bytes = await this.#read(size);
    if (bytes.length < size) throw new Error('a page is cut');
    this.#from += size;
    this.#plain = plainPage(bytes, header, decoder);
    if (this.#plain !== undefined) return;
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, size), offset: 0 };
    const { data } = readPage(reader, header, decoder, this.#dictionary, undefined, 0);
    if (header.type === 'DICTIONARY_PAGE') this.#dictionary = data && convert(data, decoder);
    else this.#values = data ?? [];
  }

  async #header(): Promise<Header> {
    for (let most = 1024; ; most *= 8) {
      const bytes = await this.#read(most);
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.#from += reader.offset;
        return header;
      } catch (error) {
        // It may go on after what was read.
        if (bytes.length < most || most >= MAX_HEADER_BYTES) throw error;
      }
    }
  }

  /** What is to be read next, so many bytes if they are there. */
  async #read(length: number): Promise<Buffer> {
    const wanted = Math.min(length, this.#to - this.#from);
    const at = this.#from - this.#bytesFrom;
    if (at >= 0 && at + wanted <= this.#bytes.length) return this.#bytes.subarray(at, at + wanted);
    const size = Math.min(Math.max(wanted, READ_BYTES), this.#to - this.#from);
    const buffer = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await this.#file.read(buffer, filled, size - filled, this.#from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#bytes = buffer.subarray(0, filled);
    this.#bytesFrom = this.#from;
    return this.#bytes.subarray(0, wanted);
  }
}

/** Undefined for a page that does not hold texts or bytes one after the other. */
function plainPage(bytes: Buffer, header: Header, decoder: Decoder): PlainPage | undefined {
  const { element, type, codec, compressors, utf8 = false } = decoder;
  const { data_page_header: first, data_page_header_v2: second } = header;
  const { converted_type: converted, logical_type: logical } = element;
  const isText = converted === 'UTF8' || logical?.type === 'STRING';
  const isPlain = first?.encoding === 'PLAIN' || second?.encoding === 'PLAIN';
  if (!isPlain || type !== 'BYTE_ARRAY' || !(isText || (converted === undefined && logical === undefined)))
    return undefined;
  const rows = first?.num_values ?? second?.num_values ?? 0;
  const levels = element.repetition_type === 'REQUIRED' ? undefined : new Uint8Array(rows);
  // The second version has the levels before what is compressed, and tells their length.
  const before = second === undefined ? 0 : second.definition_levels_byte_length + second.repetition_levels_byte_length;
  const rest = bytes.subarray(before);
  const isCompressed = second?.is_compressed !== false && header.uncompressed_page_size > before;
  const page = isCompressed ? decompressPage(rest, header.uncompressed_page_size - before, codec, compressors) : rest;
  const from = second === undefined ? page : bytes.subarray(second.repetition_levels_byte_length, before);
  const reader = { view: new DataView(from.buffer, from.byteOffset, from.length), offset: 0 };
  if (levels !== undefined) readRleBitPackedHybrid(reader, 1, levels, second?.definition_levels_byte_length);
  const values = asBuffer(second === undefined ? page.subarray(reader.offset) : page);
  return new PlainPage(values, rows, levels, isText || utf8);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
