/** Runs with `--dedupe` that are killed, at random and where they make links: every file is whole, and its own. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Corpus, serveCorpus } from '../../helpers/corpus.js';
import { crash, crashAt } from '../../helpers/crash.js';
import { noAttaching } from '../../helpers/faults.js';
import { filesBelow } from '../../helpers/folders.js';
import { scratch } from '../../helpers/scratch.js';

const posix = process.platform === 'win32' && 'Windows has no kill -9';
const args = ['--dedupe'];

/** Files of the storage below a folder. */
function inodesBelow(directory: string): number {
  return new Set(filesBelow(directory).map((name) => statSync(join(directory, name)).ino)).size;
}

describe(
  'after a kill, with --dedupe, nothing is torn, missing, fetched again or another file',
  { skip: posix },
  () => {
    for (const layout of ['flat', 'hashed'] as const) {
      test(`at random, ${layout}`, { timeout: 600_000 }, async (t) => {
        const [files, bodies, seed] = [120, 14, 11];
        const corpus = new Corpus(files, bodies);
        const folder = scratch(t);
        let ends = 0;
        const onEnd = (directory: string): void => {
          ends += 1;
          // 12 bodies, and 18 files of no bytes.
          assert.equal(inodesBelow(directory), 30);
        };
        const counts = await crash({ layout, corpus, folder, kills: 6, seed, requests: 120, args, onEnd });
        t.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
        assert.ok(counts.resumes > 0 && ends > 0);
      });
    }

    for (const call of ['link', 'rename', 'unlink'] as const) {
      test(`at each ${call}`, { skip: noAttaching, timeout: 900_000 }, async (t) => {
        const corpus = new Corpus(12, 3);
        await using server = await serveCorpus(corpus);
        let kills = 0;
        for (let count = 1; ; count += 1) {
          const settings = { layout: 'flat', corpus, folder: scratch(t), kills: 1, seed: count, args } as const;
          const moment = { by: 'call', call, count, since: 'start' } as const;
          if ((await crashAt(settings, server, moment)) === undefined) break;
          kills += 1;
        }
        t.diagnostic(`${kills} kills`);
        assert.ok(kills >= 1);
      });
    }
  },
);
