import { flagOf, optionsOf } from '../../options/flags.js';
import { type Command, DOWNLOAD_FLAGS, DRY_RUN, INPUT_FILE } from '../command.js';
import { imageOptionsOf } from '../image-flags.js';
import { networkOptionsOf } from '../network-flags.js';
import { EXISTS_FLAGS, onExistsOf } from './exists.js';
import { LIST_FLAGS } from './flags.js';
import type { GetArguments } from './get.js';
import { UPDATE_FLAGS, updateOf } from './update.js';

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
    ...EXISTS_FLAGS,
    flagOf('update'),
    flagOf('mtime'),
    flagOf('dedupe'),
    ...UPDATE_FLAGS,
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
    const options = { ...given, ...images, ...networkOptionsOf(values), ...onExistsOf(values), ...updateOf(values) };
    return get({ ...values, urls: argument, options, results: values } as GetArguments);
  },
};
