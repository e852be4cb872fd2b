/**
 * Runs of 2,000 files that are killed at random points. `SLUICE_KILLS` says how many in each layout and on each storage
 * (default: 30), `SLUICE_SEED` which ones.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Corpus } from '../../helpers/corpus.js';
import { crash } from '../../helpers/crash.js';
import { scratch } from '../../helpers/scratch.js';

const kills = Number(process.env['SLUICE_KILLS'] ?? 30);
const seed = Number(process.env['SLUICE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const SLOW = new URL('../../helpers/slow-storage.js', import.meta.url).href;
const skip = process.platform === 'win32' && 'Windows has no kill -9';

describe(
  `after each of ${kills} kills nothing is torn, missing, twice or fetched again, seed ${seed}`,
  { skip },
  () => {
    const corpus = new Corpus(2_000);
    for (const layout of ['flat', 'hashed', 'tar'] as const) {
      for (const storage of ['memory', 'slow'] as const) {
        // As long as it takes, and an end for one that hangs.
        test(`${layout}, ${storage} storage`, { timeout: 60_000 + 20_000 * kills }, async (t) => {
          const flags = storage === 'slow' ? ['--import', SLOW] : [];
          const counts = await crash({ layout, corpus, folder: scratch(t), kills, seed, flags });
          t.diagnostic(JSON.stringify(counts));
          assert.ok(counts.kills >= kills && counts.resumes > 0);
        });
      }
    }
  },
);
