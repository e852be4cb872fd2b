import { type Flag, flagOf, optionsOf } from '../../options/flags.js';
import { readNumber, readWhole } from '../../options/kinds.js';
import type { OptionName } from '../../options/table.js';
import type { Command } from '../command.js';
import { NETWORK_FLAGS, networkOptionsOf } from '../network-flags.js';
import type { WorkArguments } from './work.js';

/** What is this machine's own. What decides which files there are and what is in them is the plan's. */
export const OWN: readonly OptionName[] = [
  'maxRequests',
  'maxRequestsPerHost',
  'rate',
  'ratePerHost',
  'waitPerHost',
  'limitRate',
  'limitRatePerHost',
  'executor',
  'workers',
  'memory',
  'timeout',
  'maxTime',
  'lowestSpeed',
  'tries',
  'headers',
  'userAgent',
  'durable',
];

export const command: Command = {
  name: 'work',
  summary: 'download the shards of a plan, one after the other, beside others that do the same',
  argument: { usage: '<DIR>', help: 'destination that has a plan' },
  flags: [
    {
      flag: '--shard <I/N>',
      help: "only each N-th shard, from I on, counted from 0 (default: what Slurm's array or Kubernetes' indexed Job says)",
    },
    {
      flag: '--queue <URL>',
      help: 'share the shards with other workers over NATS JetStream: nats:// or tls://HOST:PORT, several with commas',
    },
    { flag: '--queue-creds <FILE>', help: 'credentials of NATS, as nsc writes them' },
    { flag: '--queue-token-file <FILE>', help: 'a file that has the token of the server' },
    { flag: '--queue-ca <FILE>', help: 'certificates to trust for tls://, in PEM' },
    { flag: '--lease <SECONDS>', help: 'a worker that tells nothing for so long is taken for dead', read: readNumber },
    { flag: '--max-attempts <N>', help: 'tries of a shard whose runs end by errors of the storage', read: readWhole },
    { flag: '--wait', help: 'stay when all is done, for shards that are opened once more' },
    { flag: '-q, --quiet', help: 'print nothing but what stops the worker' },
    { flag: '-v, --verbose', help: 'print a line for each item, and for each shard that somebody else has' },
    // Without a default: where nothing is given, the plan may say something.
    ...OWN.map((option): Flag => flagOf(option, { default: undefined })),
    { flag: '-A, --agent <TEXT>', help: 'what curl calls --user-agent', hidden: true },
    ...NETWORK_FLAGS,
  ],
  run: async ({ argument, ...values }) => {
    const { work } = await import('./work.js');
    const options = { ...optionsOf(values), ...networkOptionsOf(values) };
    return work({ ...values, directory: argument, options } as WorkArguments);
  },
};
