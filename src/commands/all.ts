/** All commands, in the order in which help names them. */
import { command as adopt } from './adopt/command.js';
import { command as bench } from './bench/command.js';
import { COLOR, type Command } from './command.js';
import { command as completion } from './completion/command.js';
import { command as exported } from './export/command.js';
import { command as flags } from './flags/command.js';
import { command as get } from './get/command.js';
import { command as plan } from './plan/command.js';
import { command as retry } from './retry/command.js';
import { command as serve } from './serve/command.js';
import { command as status } from './status/command.js';
import { command as verify } from './verify/command.js';
import { command as work } from './work/command.js';

export const DESCRIPTION = 'Bulk downloads to slow storage: the network never waits for the disk, and nothing is lost.';

const ALL: readonly Command[] = [
  get,
  adopt,
  plan,
  work,
  status,
  exported,
  retry,
  verify,
  flags,
  serve,
  bench,
  completion,
];

export const COMMANDS: readonly Command[] = ALL.map((command) => ({ ...command, flags: [...command.flags, COLOR] }));
