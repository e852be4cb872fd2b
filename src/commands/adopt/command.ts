import { flagOf, optionsOf } from '../../options/flags.js';
import { type Command, INPUT_FILE } from '../command.js';
import { LIST_FLAGS } from '../get/flags.js';
import { NETWORK_FLAGS, networkOptionsOf } from '../network-flags.js';
import type { AdoptArguments } from './adopt.js';

export const command: Command = {
  name: 'adopt',
  summary: 'write down files that other programs have downloaded, so that runs know them',
  argument: { usage: '<DIR>', help: 'folder with the files' },
  flags: [
    INPUT_FILE,
    ...LIST_FLAGS,
    flagOf('checksums'),
    flagOf('layout'),
    flagOf('name'),
    flagOf('forceDirectories'),
    flagOf('state'),
    flagOf('durable'),
    { flag: '-q, --quiet', help: 'print nothing but what is wrong' },
    flagOf('timeout', { hidden: true }),
    flagOf('headers', { hidden: true }),
    flagOf('userAgent', { hidden: true }),
    ...NETWORK_FLAGS.map((flag) => ({ ...flag, hidden: true })),
  ],
  run: async ({ argument, ...values }) => {
    const { adoptFiles } = await import('./adopt.js');
    const options = { ...optionsOf(values), ...networkOptionsOf(values), directory: argument };
    return adoptFiles({ ...values, options } as AdoptArguments);
  },
};
