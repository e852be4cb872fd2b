import { flagOf } from '../../options/flags.js';
import { DATASET } from '../../results/results.js';
import { TABLE_FORMATS } from '../../results/table/formats.js';
import type { Command } from '../command.js';
import type { ExportArguments } from './export.js';

export const command: Command = {
  name: 'export',
  summary: 'write what is known of each item: a table, or a list for another program',
  argument: { usage: '<DIR>', help: 'destination of runs' },
  flags: [
    {
      flag: '--format <format>',
      help: 'csv, jsonl or parquet, what sha256sum checks, what aria2 reads, URLs, or what img2dataset has beside shards (default: by the name of the file)',
      choices: [...Object.keys(TABLE_FORMATS), DATASET],
    },
    { flag: '-o, --output <FILE>', help: 'where to; - is standard output', default: '-' },
    {
      flag: '--status <STATUSES>',
      help: 'only these of ok,error,not_found,disallowed,filtered,pending (default: ok for sha256sum, error, not_found and pending for aria2 and urls, else all)',
    },
    { flag: '--fields <NAME,NAME>', help: 'only these of a table, in this order' },
    flagOf('state'),
  ],
  run: async ({ argument, ...values }) => {
    const { exportDestination } = await import('./export.js');
    return exportDestination({ ...values, directory: argument } as ExportArguments);
  },
};
