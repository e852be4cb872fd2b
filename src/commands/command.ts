/** What a command says of itself before it is loaded. */
import { collect } from '../options/kinds.js';
import { type Flag, flagOf, type Values } from '../options/flags.js';
import { IMAGES } from '../options/images.js';
import { IMAGE_ALIASES } from './aliases.js';
import { NETWORK_FLAGS } from './network-flags.js';
import { PAGE_FLAGS } from '../page/flags.js';
import { RESULTS_FLAGS } from '../results/results.js';
import { COLORS } from '../terminal/color.js';

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** `[URL...]` or `<DIR>`. */
  readonly argument?: { readonly usage: string; readonly help: string };
  readonly flags: readonly Flag[];
  /**
   * Loads the command and runs it.
   *
   * @param values of the flags, and of the argument as `argument`
   * @returns the exit status
   */
  readonly run: (values: Values) => Promise<number>;
}

export const INPUT_FILE: Flag = {
  flag: '-i, --input-file <FILE>',
  help: 'a list: a file, a folder of files, an http(s) URL, or - for standard input; may be repeated',
  read: collect,
};

export const DRY_RUN: Flag = {
  flag: '--dry-run',
  help: 'request and write nothing: print what would be fetched, under which name, and what is there',
};

/** Of all commands. */
export const COLOR: Flag = {
  flag: '--color <when>',
  help: 'colours: auto is on terminals, unless NO_COLOR is set',
  choices: COLORS,
  default: 'auto',
};

/** Of all commands that download from any server. */
export const DOWNLOAD_FLAGS: readonly Flag[] = [
  flagOf('maxRequests'),
  flagOf('maxRequestsPerHost'),
  flagOf('rate'),
  flagOf('ratePerHost'),
  flagOf('waitPerHost'),
  flagOf('limitRate'),
  flagOf('limitRatePerHost'),
  { flag: '-q, --quiet', help: 'print nothing but what stops the run' },
  { flag: '-v, --verbose', help: 'print a line for each item' },
  flagOf('contentDisposition'),
  { flag: '-J, --remote-header-name', help: 'what curl calls --content-disposition', hidden: true },
  flagOf('trustServerNames'),
  flagOf('adjustExtension'),
  flagOf('executor'),
  flagOf('workers'),
  flagOf('memory'),
  flagOf('shardSize'),
  flagOf('captionColumn'),
  flagOf('imageCheck'),
  ...IMAGES.map((option) => flagOf(option)),
  ...IMAGE_ALIASES,
  flagOf('computeHash'),
  flagOf('maxBodySize'),
  flagOf('timeout'),
  flagOf('maxTime'),
  flagOf('lowestSpeed'),
  flagOf('tries'),
  flagOf('strict'),
  flagOf('headers'),
  ...NETWORK_FLAGS,
  flagOf('userAgent'),
  { flag: '-A, --agent <TEXT>', help: 'what curl calls --user-agent', hidden: true },
  flagOf('respectRobots'),
  flagOf('respectDirectives'),
  flagOf('state'),
  flagOf('durable'),
  ...RESULTS_FLAGS,
  ...PAGE_FLAGS,
];
