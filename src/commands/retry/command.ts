import { flagOf, optionsOf } from '../../options/flags.js';
import { type Command, DOWNLOAD_FLAGS, DRY_RUN } from '../command.js';
import { imageOptionsOf } from '../aliases.js';
import { networkOptionsOf } from '../network-flags.js';
import type { AgainArguments } from './retry.js';

export const command: Command = {
  name: 'retry',
  summary: 'try again what failed or was not finished',
  argument: { usage: '<DIR>', help: 'destination of runs' },
  flags: [
    flagOf('layout', { help: 'of which runs (default: that of the last one)', default: undefined }),
    flagOf('dedupe'),
    DRY_RUN,
    ...DOWNLOAD_FLAGS,
  ],
  run: async ({ argument, ...values }) => {
    const { retry } = await import('./retry.js');
    const options = {
      ...optionsOf(values),
      ...imageOptionsOf(values),
      ...networkOptionsOf(values),
      directory: argument,
    };
    return retry({ ...values, directory: argument, options, results: values } as AgainArguments);
  },
};
