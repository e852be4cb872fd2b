/** Made-up runs: a few of them here, fresh ones for minutes in `npm run test:faults`. */
import { describe, test } from 'node:test';
import { trySeed } from '../made-up/trial.js';

/** Quick ones, and as different from one another as a few can be. */
const SEEDS: Readonly<Record<number, string>> = {
  6012: 'files by libuv, and an interruption',
  6025: 'files without a journal',
  7001: 'shards on slow storage',
  7022: 'folders, from the main thread',
};

const posix = process.platform === 'win32' && 'Windows has other signals';

describe('a made-up run is sound, and so is what goes on from it:', { skip: posix }, () => {
  for (const [seed, what] of Object.entries(SEEDS)) {
    test(`seed ${seed}, ${what}`, { timeout: 600_000 }, async () => {
      await trySeed(Number(seed));
    });
  }
});
