/** What a list says of one file, and who reads lists. */
import type { Columns, ItemDetails } from '../item.js';
import type { Fault } from './fault.js';

export interface ListRow {
  /** Of the line, from 1, where the format has lines; else of the row. */
  readonly number: number;
  /** The URL as given. Where {@link name} is left out, a tab and a name may follow it. */
  readonly text: string;
  readonly fault?: Fault | undefined;
  /** Empty if none is given. */
  readonly name?: string;
  /** For the file, relative to the destination or not, as the list has it. */
  readonly folder?: string | undefined;
  /** More URLs of the same file, as given. */
  readonly mirrors?: readonly string[] | undefined;
  readonly details?: RowDetails | undefined;
}

export type RowDetails = Omit<ItemDetails, 'mirrors'>;

/** A row that is refused. @param columns those that are kept, where they could be read */
export function faulty(number: number, text: string, fault: Fault, columns?: Columns): ListRow {
  return columns === undefined
    ? { number, text, fault, name: '' }
    : { number, text, fault, name: '', details: { columns } };
}

/** Reads one list. */
export interface ListReader {
  /**
   * Reads on, when all rows of what was read before are taken; false at the end.
   *
   * @throws SluiceError LIST_UNREADABLE, or UsageError if the list has not the columns that were asked for
   */
  more(): Promise<boolean>;
  /** The next row of what was read. The code units of its text are loaded. */
  next(): ListRow | undefined;
  /** What share of its rows was read, 0 to 1, where it knows that. */
  readonly share?: number;
  /** Gives back what it has opened for itself. */
  close?(): Promise<void>;
}

/** Cuts what comes in chunks into rows. */
export interface Splitter {
  /** The next chunk, which is read from as rows are asked for. All rows of the last one have been taken. */
  feed(chunk: Uint8Array): void;
  /** The next row that is whole. */
  next(): ListRow | undefined;
  /** After the last chunk: what is left becomes rows. */
  end(): void;
  /** False as long as it has not read what comes before the rows. */
  readonly isReady?: boolean;
}

/** The reader of a list whose rows a splitter cuts from its chunks. */
export class FedReader implements ListReader {
  readonly #chunks: AsyncIterator<Uint8Array, unknown>;
  readonly #splitter: Splitter;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>, splitter: Splitter) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#splitter = splitter;
  }

  async more(): Promise<boolean> {
    if (this.#ended) return false;
    do {
      const { done, value } = await this.#chunks.next();
      if (done === true) {
        this.#ended = true;
        this.#splitter.end();
      } else {
        this.#splitter.feed(value);
      }
    } while (this.#splitter.isReady === false && !this.#ended);
    return true;
  }

  next(): ListRow | undefined {
    return this.#splitter.next();
  }
}
