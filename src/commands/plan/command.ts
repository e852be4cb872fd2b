import { PARTITIONS, PLAN_OPTIONS } from '../../fleet/manifest.js';
import { flagOf, optionsOf } from '../../options/flags.js';
import { readWhole } from '../../options/kinds.js';
import { IMAGE_ALIASES, imageOptionsOf } from '../aliases.js';
import { type Command, INPUT_FILE } from '../command.js';
import { LIST_FLAGS } from '../get/flags.js';
import { NETWORK_FLAGS, networkOptionsOf } from '../network-flags.js';
import type { PlanArguments } from './plan.js';

export const command: Command = {
  name: 'plan',
  summary: 'cut lists into shards that machines download side by side with sluice work',
  argument: { usage: '[URL...]', help: 'http(s) URLs' },
  flags: [
    INPUT_FILE,
    ...LIST_FLAGS,
    flagOf('directory'),
    ...PLAN_OPTIONS.map((option) => flagOf(option)),
    ...IMAGE_ALIASES,
    { flag: '--caption-col <COLUMN>', help: 'the same as --caption-column', hidden: true },
    { flag: '--shard-items <N>', help: 'rows of a shard', read: readWhole, default: 10_000 },
    {
      flag: '--partition-by <what>',
      help: 'order: as the lists have them; host: all rows of a server in one shard',
      choices: PARTITIONS,
      default: 'order',
    },
    { flag: '-q, --quiet', help: 'print nothing but what stops the plan' },
    flagOf('contentDisposition', { hidden: true }),
    flagOf('trustServerNames', { hidden: true }),
    flagOf('adjustExtension', { hidden: true }),
    flagOf('timeout', { hidden: true }),
    flagOf('headers', { help: 'a header for the requests of lists: those of files are told to sluice work' }),
    flagOf('userAgent', { hidden: true }),
    ...NETWORK_FLAGS.map((flag) => ({ ...flag, hidden: true })),
  ],
  run: async ({ argument, ...values }) => {
    const { planLists } = await import('./plan.js');
    const { captionColumn = values['captionCol'] } = values;
    const given = optionsOf({ ...values, captionColumn });
    const options = { ...given, ...imageOptionsOf(values), ...networkOptionsOf(values) };
    return planLists({ ...values, urls: argument, options } as PlanArguments);
  },
};
