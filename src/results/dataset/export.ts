/** Writes beside shards what img2dataset has there. */
import { readdir } from 'node:fs/promises';
import { shardNumber } from '../../../workers/shard-name.js';
import { shardsIn } from '../../destination/destination.js';
import { UsageError } from '../../errors.js';
import type { Table } from '../../journal/table.js';
import { printable } from '../../shared/printable.js';
import { datasetFields } from './fields.js';
import { DatasetShard } from './shard.js';
import { isSample, Placing, survey } from './survey.js';

/**
 * Rows of a shard are held until its last one is there, which the table is gone through twice for.
 *
 * @param option that asked for it, for messages
 * @throws UsageError when there are no shards of any run, or it cannot be written; StorageError
 */
export async function exportDataset(table: Table, directory: string, option: string): Promise<void> {
  const shards = await shardsIn(directory);
  const surveyed = await survey(table, shards);
  if (surveyed.counts.size === 0 || surveyed.isOpen) {
    throw new UsageError(
      `${option} is about shards, and no run has stored any in ${printable(directory, 1000)}`,
      'make them with --layout tar',
    );
  }
  const fields = datasetFields(surveyed, shards);
  const left = new Map(surveyed.counts);
  const open = new Map<number, DatasetShard>();
  const places = new Placing(shards, surveyed.first);
  const started = Date.parse(table.lastRun.started);
  try {
    for await (const batch of table.rows()) {
      for (const row of batch) {
        const number = isSample(row) ? places.of(row) : undefined;
        if (number === undefined) continue;
        let shard = open.get(number);
        if (shard === undefined) {
          shard = await DatasetShard.open(directory, number, fields, option, shards);
          open.set(number, shard);
        }
        await shard.write(row);
        const more = (left.get(number) ?? 0) - 1;
        left.set(number, more);
        if (more > 0) continue;
        await shard.end(started);
        open.delete(number);
      }
    }
  } finally {
    for (const shard of open.values()) await shard.abort();
  }
  await warnOfOthers(directory, surveyed.counts);
}

/** Of shards that are gone, readers of the dataset would take what is told for true. */
async function warnOfOthers(directory: string, written: ReadonlyMap<number, number>): Promise<void> {
  for (const name of (await readdir(directory)).toSorted()) {
    const number = name.endsWith('.parquet') ? shardNumber(name.replace(/\.parquet$/, '.tar')) : undefined;
    if (number === undefined || written.has(number)) continue;
    process.stderr.write(`*** ${name} tells of a shard that is not there: remove it, and its _stats.json.\n`);
  }
}
