/** `sluice export`: what is known of each item of a destination, for people and other programs. */
import { resolve } from 'node:path';
import { UsageError } from '../../errors.js';
import type { Manifest } from '../../fleet/manifest.js';
import { type Rows, Table } from '../../journal/table.js';
import { DATASET } from '../../results/results.js';
import { exportTable } from '../../results/table/export.js';
import { ROW_STATUSES, type RowStatus } from '../../results/table/fields.js';
import { formatFor, TABLE_FORMATS, type TableFormat } from '../../results/table/formats.js';
import { openOutput, STDOUT } from '../../results/table/output.js';
import { printable } from '../../shared/printable.js';
import { SOME_FAILED } from '../../terminal/exit-status.js';
import { type HistoryArguments, journalPath, noJournal, requireOwn } from '../open-history.js';
import { openPlan } from '../open-plan.js';

export interface ExportArguments extends HistoryArguments {
  readonly format?: TableFormat | typeof DATASET;
  readonly output: string;
  readonly status?: string;
  readonly fields?: string;
}

/** @returns the exit status */
export async function exportDestination(args: ExportArguments): Promise<number> {
  const format = args.format ?? formatFor(args.output);
  if (format === undefined) {
    throw new UsageError(
      'nothing tells which format is wanted',
      `give --format ${[...Object.keys(TABLE_FORMATS), DATASET].join('|')}`,
    );
  }
  const plan = await openPlan(args);
  if (plan !== undefined) return exportPlan(args, format, plan);
  const write = format === DATASET ? datasetOf(args) : tableOf(args, format);
  const table = await Table.open(journalPath(args), resolve(args.directory));
  if (table === undefined) throw noJournal(args);
  try {
    requireOwn(args, table.lastRun);
    await write(table);
  } finally {
    await table.close();
  }
  if (!table.complete) process.stderr.write('Not all of its lists was gone through: what was not read is not told.\n');
  return 0;
}

/** Of shards whose journals cannot be read, the rows are told, and not what became of them. */
async function exportPlan(
  args: ExportArguments,
  format: TableFormat | typeof DATASET,
  plan: Manifest,
): Promise<number> {
  if (format === DATASET) {
    throw new UsageError(
      `--format ${DATASET} is about shards of the layout tar, and this plan is of the layout ${plan.layout}`,
      'choose csv, jsonl or parquet: they tell of each row where its file is, and have the columns that were kept',
    );
  }
  const { PlanTable } = await import('../../fleet/plan-table.js');
  let unknown = 0;
  const table = new PlanTable(resolve(args.directory), plan, (shard, why) => {
    unknown += 1;
    process.stderr.write(`*** Shard ${shard}: what became of its rows is not known: ${printable(why, 1000)}\n`);
  });
  await tableOf(args, format)(table);
  return unknown > 0 ? SOME_FAILED : 0;
}

function tableOf(args: ExportArguments, format: TableFormat): (table: Rows) => Promise<void> {
  const options = {
    format,
    statuses: args.status === undefined ? undefined : statusesOf(args.status),
    fields: args.fields?.split(','),
    directory: resolve(args.directory),
  };
  return async (table) => {
    const output = await openOutput(args.output, '--output', TABLE_FORMATS[format].isPrivate);
    try {
      await exportTable(table, output, options);
      await output.end();
    } catch (error) {
      await output.abort();
      // Who reads no more, such as head, has had enough.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    }
  };
}

/** It has its own columns, and files of its own. */
function datasetOf({ directory, output, status, fields }: ExportArguments): (table: Table) => Promise<void> {
  const other = [output !== STDOUT && '--output', status && '--status', fields && '--fields'].find(Boolean);
  if (other) {
    throw new UsageError(`--format ${DATASET} does not go with ${other}`, 'leave it out: it writes beside the shards');
  }
  return async (table) => {
    const { exportDataset } = await import('../../results/dataset/export.js');
    await exportDataset(table, resolve(directory), `--format ${DATASET}`);
  };
}

function statusesOf(text: string): readonly RowStatus[] {
  return text.split(',').map((name) => {
    const status = ROW_STATUSES.find((known) => known === name.trim());
    if (status !== undefined) return status;
    throw new UsageError(`--status ${printable(name)} is unknown`, `give some of ${ROW_STATUSES.join(',')}`);
  });
}
