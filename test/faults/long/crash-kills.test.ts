/** Runs that are killed without a warning. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Corpus } from '../../helpers/corpus.js';
import { crash } from '../../helpers/crash.js';
import { scratch } from '../../helpers/scratch.js';
import { thorough } from '../../helpers/thorough.js';

const posix = process.platform === 'win32' && 'Windows has no kill -9';

describe(
  'after kill -9 nothing is torn, missing or twice, and nothing is fetched again that is there',
  { skip: posix },
  () => {
    for (const layout of thorough ? (['flat', 'tar'] as const) : (['flat'] as const)) {
      test(layout, { timeout: 600_000 }, async (t) => {
        const seed = 7;
        const counts = await crash({
          layout,
          corpus: new Corpus(120),
          folder: scratch(t),
          kills: 2,
          seed,
          requests: 150,
        });
        t.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
        assert.ok(counts.resumes > 0);
      });
    }
  },
);
