import { flagOf, optionsOf } from '../../options/flags.js';
import { type Command, DOWNLOAD_FLAGS } from '../command.js';
import { imageOptionsOf } from '../aliases.js';
import { networkOptionsOf } from '../network-flags.js';
import type { VerifyArguments } from './verify.js';

/** Of what `--repair` downloads with: how it is told of, and what servers have to be told or spared. Others are taken, and rare. */
const SHOWN =
  /--(?:quiet|verbose|report|events|max-requests|rate|rate-per-host|limit-rate|tries|timeout|state|durable|header|user-agent|user|netrc|cookie-file|proxy|cacert|insecure)(?: |$)/;

export const command: Command = {
  name: 'verify',
  summary: 'check all that is stored against the journal, by size and checksum',
  argument: { usage: '<DIR>', help: 'destination of runs' },
  flags: [
    {
      flag: '--repair',
      help: 'fetch again what is wrong; takes the options of sluice retry, those below and rarer ones',
    },
    flagOf('dedupe'),
    ...DOWNLOAD_FLAGS.map((flag) => (SHOWN.test(flag.flag) ? flag : { ...flag, hidden: true })),
  ],
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
