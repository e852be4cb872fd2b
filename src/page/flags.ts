/** The flags of the page of a run. */
import type { Flag } from '../options/flags.js';

export const PAGE_FLAGS: readonly Flag[] = [
  {
    flag: '--listen <PORT>',
    help: 'show the run on a page of this machine while it goes on, 0 for a port that is free; HOST:PORT for others',
  },
  {
    flag: '--listen-token-file <FILE>',
    help: 'a token that --listen asks for; needed where others can reach the page',
  },
];
