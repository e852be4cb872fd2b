/** What lies beside a shard: `NNNNN.parquet`, a row for each item, and `NNNNN_stats.json`, how many there are of what. */
import { join } from 'node:path';
import { shardDigits } from '../../../workers/shard-name.js';
import type { TableRow } from '../../journal/table.js';
import { version } from '../../shared/version.js';
import type { Field } from '../table/fields.js';
import { openOutput, type Output } from '../table/output.js';
import { ParquetTable } from '../table/parquet.js';
import { datasetStatus, errorOf, SUCCESS, UNFIT } from './fields.js';

export class DatasetShard {
  readonly #base: string;
  readonly #option: string;
  readonly #shards: ReadonlySet<number>;
  readonly #output: Output;
  readonly #table: ParquetTable;
  /** How many rows there are of each success or failure. */
  readonly #statuses = new Map<string, number>();
  #unfit = 0;
  #count = 0;
  #start = Infinity;
  #end = -Infinity;

  private constructor(base: string, option: string, shards: ReadonlySet<number>, output: Output, table: ParquetTable) {
    this.#base = base;
    this.#option = option;
    this.#shards = shards;
    this.#output = output;
    this.#table = table;
  }

  /**
   * @param option that asked for it, for messages
   * @param shards numbers of those that are there
   * @throws UsageError when it cannot be written
   */
  static async open(
    directory: string,
    number: number,
    fields: readonly Field[],
    option: string,
    shards: ReadonlySet<number>,
  ): Promise<DatasetShard> {
    const base = join(directory, shardDigits(number));
    const output = await openOutput(`${base}.parquet`, option, false);
    const table = new ParquetTable(output, fields, `sluice ${version}`);
    return new DatasetShard(base, option, shards, output, table);
  }

  async write(row: TableRow): Promise<void> {
    const status = errorOf(row, this.#shards) ?? SUCCESS;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#count += 1;
    if (datasetStatus(row, this.#shards) === UNFIT) this.#unfit += 1;
    const { asked, stored = row.learned?.times.fetched } = row.learned?.times ?? {};
    if (asked !== undefined) {
      this.#start = Math.min(this.#start, asked);
      this.#end = Math.max(this.#end, stored ?? asked);
    }
    await this.#table.write([row]);
  }

  /** @param otherwise the time of what was never requested */
  async end(otherwise: number): Promise<void> {
    await this.#table.end();
    await this.#output.end();
    const stats = await openOutput(`${this.#base}_stats.json`, this.#option, false);
    try {
      await stats.write(`${JSON.stringify(this.#stats(otherwise), undefined, 4)}\n`);
      await stats.end();
    } catch (error) {
      await stats.abort();
      throw error;
    }
  }

  async abort(): Promise<void> {
    await this.#output.abort();
  }

  /** Times are in seconds since 1970. */
  #stats(otherwise: number): object {
    const successes = this.#statuses.get(SUCCESS) ?? 0;
    const [start, end] = this.#end < this.#start ? [otherwise, otherwise] : [this.#start, this.#end];
    return {
      count: this.#count,
      successes,
      failed_to_download: this.#count - successes - this.#unfit,
      failed_to_resize: this.#unfit,
      duration: (end - start) / 1000,
      start_time: start / 1000,
      end_time: end / 1000,
      status_dict: Object.fromEntries(this.#statuses),
    };
  }
}
