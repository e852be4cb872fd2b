import { ENCODINGS } from '../../bench/report.js';
import { flagOf, optionsOf } from '../../options/flags.js';
import { readNumber, readWhole } from '../../options/kinds.js';
import type { Command } from '../command.js';
import type { BenchArguments } from './bench.js';

export const command: Command = {
  name: 'bench',
  summary: 'measure what handing the writes to an executor gains on a storage',
  flags: [
    flagOf('directory', { help: 'the storage: a folder on it; what is stored there is removed' }),
    { flag: '--strategies <NAMES>', help: 'of sequential, inline, libuv, threads and pool (default: all)' },
    { flag: '--rounds <N>', help: 'how often each strategy runs, 3 or more', read: readWhole, default: 5 },
    {
      flag: '--seconds <S>',
      help: 'that each run is to take: slow strategies get fewer files',
      read: readNumber,
      default: 2,
    },
    {
      flag: '--files <N>',
      help: 'files of each run, however long it takes (default: what --seconds allow)',
      read: readWhole,
    },
    { flag: '--url-list <FILE>', help: 'download these URLs, not those of the embedded server' },
    {
      flag: '--body-size <SIZE>',
      help: 'of the embedded server: flags, a size, or LEAST..MOST (default: flags)',
    },
    { flag: '--content-encoding <name>', help: 'in which it sends bodies', choices: ENCODINGS },
    { flag: '--latency <MS>', help: 'milliseconds until it answers (default: 0)', read: readNumber },
    { flag: '--error-rate <SHARE>', help: 'share of requests that it fails, 0 to 1 (default: 0)', read: readNumber },
    { flag: '--bandwidth <SIZE>', help: 'bytes a second that it sends (default: no bound)' },
    { flag: '--seed <N>', help: 'makes its random choices others', read: readWhole },
    flagOf('maxRequests', { flag: '-m, --max-requests <N>', help: 'requests at once', read: readWhole }),
    flagOf('workers'),
    flagOf('memory'),
    flagOf('layout', { help: 'where files go; the advice tries the others', choices: ['flat', 'hashed'] }),
    flagOf('imageCheck'),
    flagOf('simulatedLatency'),
    {
      flag: '--advice <SECONDS>',
      help: 'look for the best setting for so long; 0 not to',
      read: readNumber,
      default: 60,
    },
    {
      flag: '--flags',
      help: "the book's figures instead: 20 flags and 600 requests, one after the other and at once",
    },
    { flag: '--json <FILE>', help: 'write the report as JSON' },
    { flag: '--html <FILE>', help: 'write the report as a page' },
  ],
  run: async (values) => {
    const { bench } = await import('./bench.js');
    return bench({ ...values, options: optionsOf(values) } as BenchArguments);
  },
};
