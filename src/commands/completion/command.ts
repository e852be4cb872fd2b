import type { Command } from '../command.js';
import type { Shell } from './completion.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const command: Command = {
  name: 'completion',
  summary: 'print what completes command lines of sluice in a shell',
  argument: { usage: '<SHELL>', help: 'bash, zsh or fish' },
  flags: [],
  run: async ({ argument }) => {
    const { completion } = await import('./completion.js');
    return completion(argument as Shell);
  },
};
