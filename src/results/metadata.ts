/** `--metadata FILE`: the table of the destination, written at the end of a run. */
import { join } from 'node:path';
import { UsageError } from '../errors.js';
import { JOURNAL } from '../journal/open.js';
import { Table } from '../journal/table.js';
import { printable } from '../shared/printable.js';
import type { ResultsOf, ResultsWriter } from './results.js';
import { exportTable } from './table/export.js';
import { formatFor, TABLE_FORMATS, type TableFormat } from './table/formats.js';
import { openOutput, type Output } from './table/output.js';
import { isWritten } from './written.js';

export class Metadata implements ResultsWriter {
  readonly #path: string;
  readonly #of: ResultsOf;
  readonly #format: TableFormat;
  readonly #output: Output;

  private constructor(path: string, of: ResultsOf, format: TableFormat, output: Output) {
    this.#path = path;
    this.#of = of;
    this.#format = format;
    this.#output = output;
  }

  /** @throws UsageError when the file cannot be written, or its name tells no format */
  static async open(path: string, of: ResultsOf): Promise<Metadata> {
    const format = formatFor(path);
    if (format === undefined) {
      const extensions = Object.values(TABLE_FORMATS).map(({ extension }) => extension);
      throw new UsageError(
        `--metadata ${printable(path, 1000)}: its name does not tell its format`,
        `give it one of these extensions: ${extensions.join(', ')}`,
      );
    }
    if (!of.journal) throw new UsageError('--metadata does not go with --no-journal', 'leave one of them out');
    return new Metadata(path, of, format, await openOutput(path, '--metadata', TABLE_FORMATS[format].isPrivate));
  }

  note(): void {
    // All of it is in the journal.
  }

  abandon(): Promise<void> {
    return this.#output.abort();
  }

  close(): Promise<boolean> {
    return isWritten('--metadata', this.#path, async () => {
      const { directory, state } = this.#of;
      const table = await Table.open(join(state, JOURNAL), directory);
      try {
        if (table !== undefined) await exportTable(table, this.#output, { format: this.#format, ...this.#of });
        await this.#output.end();
      } catch (error) {
        await this.#output.abort();
        throw error;
      } finally {
        await table?.close();
      }
    });
  }
}
