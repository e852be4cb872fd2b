/** The lists of a run: files are looked at before anything is requested, streams when it is their turn. */
import type { CodeUnits } from '../shared/code-units.js';
import { decode } from './decode.js';
import { detect, type Found } from './detect.js';
import { openReader } from './formats.js';
import { peek } from './peek.js';
import { type ListPosition, openList, type OpenList, readStream, unreadable, unreadableBecause } from './read.js';
import type { ListReader } from './row.js';
import type { FormatName, ReadingOptions, Source } from './source.js';

/** Files that stay open until it is their turn. Of more, each is opened once more. */
const MAX_KEPT = 16;

type ListSource = Extract<Source, { kind: 'file' | 'stream' }>;

/** A list whose turn will come. */
export interface List {
  readonly label: string;
  /** How far it was read, in bytes; undefined where nobody knows how much there is. */
  readonly position: Readonly<ListPosition> | undefined;
  /**
   * Its reader, which has read its first part.
   *
   * @throws SluiceError LIST_UNREADABLE, or UsageError if it has not the columns that were asked for
   */
  read(): Promise<ListReader>;
  close(): Promise<void>;
}

export class Lists {
  readonly #units: CodeUnits;
  readonly #all: List[] = [];
  #kept = 0;

  /** @param units where the code units of each row's text are put while it is read */
  constructor(units: CodeUnits) {
    this.#units = units;
  }

  /** @throws what reading its first part throws, if that can be done now */
  async add(source: ListSource): Promise<List> {
    const list = source.kind === 'stream' ? this.#ofStream(source) : await this.#ofFile(source.path, source.reading);
    this.#all.push(list);
    return list;
  }

  /** What share of all lists was read, 0 to 1; undefined where nobody knows how much there is of one. */
  get share(): number | undefined {
    let [read, size] = [0, 0];
    for (const { position } of this.#all) {
      if (position === undefined) return undefined;
      read += position.read;
      size += position.size;
    }
    return size === 0 ? undefined : Math.min(1, read / size);
  }

  async close(): Promise<void> {
    for (const list of this.#all) await list.close();
  }

  #ofStream({ stream, label, reading }: Extract<Source, { kind: 'stream' }>): List {
    const chunks = readStream(stream, label);
    const bytes: OpenList = { chunks, file: undefined, position: undefined, close: () => Promise.resolve() };
    return new OneList(bytes, label, reading, this.#units);
  }

  async #ofFile(path: string, reading: ReadingOptions | undefined): Promise<List> {
    const list = new OneList(await openList(path), path, reading, this.#units);
    if (!list.isFile) return list;
    try {
      await list.look();
    } catch (error) {
      await list.close();
      throw error;
    }
    this.#kept += 1;
    if (this.#kept <= MAX_KEPT) return list;
    await list.close();
    return new LaterList(path, list.position?.size ?? 0, reading, this.#units);
  }
}

class OneList implements List {
  readonly label: string;
  readonly #bytes: OpenList;
  /** Of its chunks, the only one. */
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #reading: ReadingOptions;
  readonly #units: CodeUnits;
  #reader: ListReader | undefined;

  constructor(bytes: OpenList, label: string, reading: ReadingOptions = {}, units: CodeUnits) {
    this.#bytes = bytes;
    this.#iterator = bytes.chunks[Symbol.asyncIterator]();
    this.label = label;
    this.#reading = reading;
    this.#units = units;
  }

  get isFile(): boolean {
    return this.#bytes.file !== undefined;
  }

  get position(): ListPosition | undefined {
    const { position } = this.#bytes;
    const share = this.#reader?.share;
    return position && { ...position, ...(share !== undefined && { read: share * position.size }) };
  }

  async read(): Promise<ListReader> {
    return this.#reader ?? this.look();
  }

  async look(): Promise<ListReader> {
    const { label } = this;
    const decoded = await decode({ [Symbol.asyncIterator]: () => this.#iterator }).catch((error: unknown) =>
      Promise.reject(unreadable(label, error)),
    );
    const file = decoded.isAsGiven ? this.#bytes.file : undefined;
    const { format, chunks } = await this.#formatOf(readStream(decoded.chunks, label));
    this.#reader = await openReader(format, { chunks, file, label, units: this.#units, reading: this.#reading });
    await this.#reader.more();
    return this.#reader;
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    // One that stalls is not waited for.
    void this.#iterator.return?.()?.catch(() => undefined);
    await reader?.close?.();
    await this.#bytes.close();
  }

  async #formatOf(
    source: AsyncIterable<Uint8Array>,
  ): Promise<{ format: FormatName; chunks: AsyncIterable<Uint8Array> }> {
    const { format } = this.#reading;
    if (format !== undefined) return { format, chunks: source };
    let found: Found | undefined;
    const look = (head: Buffer, isLast: boolean): boolean => {
      found = detect(head, isLast, this.label, this.#reading);
      return found !== undefined;
    };
    const { head, isLast, chunks } = await peek(source, (head) => look(head, false));
    if (found === undefined) look(head, isLast);
    if (found === undefined || 'format' in found) return { format: found?.format ?? 'txt', chunks };
    throw unreadableBecause(this.label, found.reason, found.hint);
  }
}

/** A file that was looked at and closed. */
class LaterList implements List {
  readonly label: string;
  readonly #reading: ReadingOptions | undefined;
  readonly #units: CodeUnits;
  #list: OneList | undefined;
  readonly #size: number;
  #ended = false;

  constructor(path: string, size: number, reading: ReadingOptions | undefined, units: CodeUnits) {
    this.label = path;
    this.#size = size;
    this.#reading = reading;
    this.#units = units;
  }

  get position(): ListPosition {
    return this.#list?.position ?? { size: this.#size, read: this.#ended ? this.#size : 0 };
  }

  async read(): Promise<ListReader> {
    this.#list = new OneList(await openList(this.label), this.label, this.#reading, this.#units);
    return this.#list.read();
  }

  async close(): Promise<void> {
    const list = this.#list;
    this.#list = undefined;
    this.#ended = list !== undefined;
    await list?.close();
  }
}
