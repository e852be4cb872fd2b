import { flagOf } from '../../options/flags.js';
import type { Command } from '../command.js';
import type { StatusArguments } from './status.js';

export const command: Command = {
  name: 'status',
  summary: 'tell what is stored, what failed and why',
  argument: { usage: '<DIR>', help: 'destination of runs' },
  flags: [
    { flag: '--json', help: 'as JSON' },
    { flag: '-v, --verbose', help: 'tell of all that failed, not of the first ten' },
    { flag: '--watch', help: 'of a plan: go on telling how far it is, until it is done' },
    flagOf('state'),
  ],
  run: async ({ argument, ...values }) => {
    const { status } = await import('./status.js');
    return status({ ...values, directory: argument } as StatusArguments);
  },
};
