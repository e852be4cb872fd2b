import { optionsOf } from '../../options/flags.js';
import { type Command, DOWNLOAD_FLAGS } from '../command.js';
import { imageOptionsOf } from '../image-flags.js';
import { networkOptionsOf } from '../network-flags.js';
import type { VerifyArguments } from './verify.js';

export const command: Command = {
  name: 'verify',
  summary: 'check all that is stored against the journal, by size and checksum',
  argument: { usage: '<DIR>', help: 'destination of runs' },
  flags: [{ flag: '--repair', help: 'fetch again what is wrong' }, ...DOWNLOAD_FLAGS],
  run: async ({ argument, ...values }) => {
    const { verify } = await import('./verify.js');
    const options = {
      ...optionsOf(values),
      ...imageOptionsOf(values),
      ...networkOptionsOf(values),
      directory: argument,
    };
    return verify({ ...values, directory: argument, options, results: values } as VerifyArguments);
  },
};
