import { readNumber, readWhole } from '../../options/kinds.js';
import type { Command } from '../command.js';
import type { ServeArguments } from './serve.js';

export const command: Command = {
  name: 'serve',
  summary: 'run the LOCAL, DELAY and ERROR servers of the flags examples until interrupted',
  flags: [
    { flag: '--ports <LOCAL,DELAY,ERROR>', help: 'their ports', default: '8001,8002,8003' },
    { flag: '--delay <SECONDS>', help: 'how long DELAY and ERROR delay an answer', read: readNumber, default: 0.5 },
    {
      flag: '--error-rate <SHARE>',
      help: 'share of requests that ERROR fails, 0 to 1',
      read: readNumber,
      default: 0.25,
    },
    {
      flag: '--delay-rate <SHARE>',
      help: 'share of requests that ERROR delays, 0 to 1',
      read: readNumber,
      default: 0.5,
    },
    { flag: '--seed <N>', help: 'makes the random choices the same in each run', read: readWhole },
  ],
  run: async (values) => {
    const { serve } = await import('./serve.js');
    return serve(values as unknown as ServeArguments);
  },
};
