/** One column of a parquet file, page after page: what is in memory is a page, however long a row group is. */
import type { FileHandle } from 'node:fs/promises';
import type { ColumnMetaData, FileMetaData, SchemaTree } from 'hyparquet';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { convert, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { DecodedArray } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

export { parquetMetadataAsync, parquetSchema } from 'hyparquet';

type Decoder = Parameters<typeof readPage>[2];

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

export class ColumnPages {
  /** Of the page at hand. */
  values: DecodedArray = [];
  /** The next of them. */
  at = 0;
  readonly #file: FileHandle;
  readonly #chunks: readonly ColumnMetaData[];
  readonly #schemaPath: readonly SchemaTree[];
  readonly #isText: boolean;
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
  ) {
    this.#file = file;
    this.#chunks = metadata.row_groups.flatMap(({ columns }) =>
      columns.flatMap(({ meta_data: chunk }) => (chunk?.path_in_schema[0] === name ? [chunk] : [])),
    );
    this.#schemaPath = schemaPath;
    this.#isText = isText;
  }

  get left(): number {
    return this.values.length - this.at;
  }

  /** Goes on to the next page that has values; false at the end. */
  async load(): Promise<boolean> {
    this.at = 0;
    for (;;) {
      if (this.#from >= this.#to && !this.#nextChunk()) {
        this.values = [];
        return false;
      }
      const values = await this.#page();
      if (values === undefined || values.length === 0) continue;
      this.values = values;
      return true;
    }
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
      compressors,
      parsers: PARSERS,
      utf8: this.#isText,
    };
    return true;
  }

  /** @returns undefined for the page of a dictionary */
  async #page(): Promise<DecodedArray | undefined> {
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
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, size), offset: 0 };
    const { data } = readPage(reader, header, decoder, this.#dictionary, undefined, 0);
    if (header.type !== 'DICTIONARY_PAGE') return data;
    this.#dictionary = data && convert(data, decoder);
    return undefined;
  }

  async #header(): Promise<ReturnType<typeof parquetHeader>> {
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
