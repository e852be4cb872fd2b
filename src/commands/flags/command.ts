import { flagOf } from '../../options/flags.js';
import { readWhole } from '../../options/kinds.js';
import type { Command } from '../command.js';
import type { FlagsArguments } from './flags.js';

export const command: Command = {
  name: 'flags',
  summary: 'download the flags of countries, as the flags2 scripts of Fluent Python do',
  argument: {
    usage: '[CC...]',
    help: 'country codes: two letters, or one for all that begin with it; default: the 20 most populous',
  },
  flags: [
    { flag: '-a, --all', help: 'all 194 codes that have a flag (AD to ZW)' },
    { flag: '-e, --every', help: 'every possible code (AA...ZZ)' },
    { flag: '-l, --limit <N>', help: 'limit to the first N codes', read: readWhole },
    { flag: '-m, --max_req <N>', help: 'requests at once, at most 1000 (default: 5)', read: readWhole },
    { flag: '--max-req <N>', help: '', read: readWhole, hidden: true },
    { flag: '-s, --server <LABEL>', help: 'server to hit: REMOTE, LOCAL, DELAY or ERROR', default: 'LOCAL' },
    { flag: '-v, --verbose', help: 'print a line for each code' },
    flagOf('directory'),
    { flag: '--base-url <URL>', help: 'where the flags lie, instead of the place that the label stands for' },
    flagOf('executor'),
    { flag: '--report <FILE>', help: 'write the summary as JSON' },
  ],
  run: async ({ argument, max_req: asInTheBook, maxReq = asInTheBook, ...values }) => {
    const { flags } = await import('./flags.js');
    return flags({ ...values, codes: argument, maxReq } as FlagsArguments);
  },
};
