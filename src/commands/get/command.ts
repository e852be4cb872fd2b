import { flagOf, optionsOf } from '../../options/flags.js';
import { FILE_ALIASES, fileOptionsOf, imageOptionsOf } from '../aliases.js';
import { type Command, DOWNLOAD_FLAGS, DRY_RUN, INPUT_FILE } from '../command.js';
import { networkOptionsOf } from '../network-flags.js';
import { LIST_FLAGS } from './flags.js';
import type { GetArguments } from './get.js';

export const command: Command = {
  name: 'get',
  summary: 'download URLs from arguments and lists',
  argument: { usage: '[URL...]', help: 'http(s) URLs' },
  flags: [
    INPUT_FILE,
    ...LIST_FLAGS,
    flagOf('checksums'),
    flagOf('directory'),
    flagOf('layout'),
    flagOf('name'),
    flagOf('forceDirectories'),
    flagOf('onExists'),
    flagOf('overwrite'),
    flagOf('update'),
    flagOf('mtime'),
    flagOf('dedupe'),
    ...FILE_ALIASES,
    flagOf('journal'),
    DRY_RUN,
    ...DOWNLOAD_FLAGS,
    { flag: '--caption-col <COLUMN>', help: 'the same as --caption-column', hidden: true },
  ],
  run: async ({ argument, ...values }) => {
    const { get } = await import('./get.js');
    const { captionColumn = values['captionCol'] } = values;
    const given = optionsOf({ ...values, captionColumn });
    const images = imageOptionsOf(values);
    const options = { ...given, ...images, ...networkOptionsOf(values), ...fileOptionsOf(values) };
    return get({ ...values, urls: argument, options, results: values } as GetArguments);
  },
};
