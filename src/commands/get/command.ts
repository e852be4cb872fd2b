import { flagOf, optionsOf } from '../../options/flags.js';
import { type Command, DOWNLOAD_FLAGS, INPUT_FILE } from '../command.js';
import { LIST_FLAGS } from './flags.js';
import type { GetArguments } from './get.js';

export const command: Command = {
  name: 'get',
  summary: 'download URLs from arguments and lists',
  argument: { usage: '[URL...]', help: 'http(s) URLs' },
  flags: [
    INPUT_FILE,
    ...LIST_FLAGS,
    flagOf('directory'),
    flagOf('layout'),
    flagOf('overwrite'),
    flagOf('journal'),
    ...DOWNLOAD_FLAGS,
  ],
  run: async ({ argument, ...values }) => {
    const { get } = await import('./get.js');
    return get({ ...values, urls: argument, options: optionsOf(values), results: values } as GetArguments);
  },
};
