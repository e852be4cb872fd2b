/** Runs whose names depend on answers, killed without a warning. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serveAnswers } from '../../helpers/answers-server.js';
import { killAgainAndAgain } from '../../helpers/renamed.js';
import { scratch } from '../../helpers/scratch.js';

const posix = process.platform === 'win32' && 'Windows has no kill -9';

describe('after kill -9 the journal knows every file by the name that its answer gave it', { skip: posix }, () => {
  const server = serveAnswers();
  for (const [layout, executor, kills] of [
    ['flat', 'pool', 30],
    ['flat', 'inline', 10],
    ['flat', 'libuv', 10],
    ['flat', 'threads', 10],
    ['hashed', 'pool', 10],
    ['tar', 'pool', 10],
  ] as const) {
    test(`${layout}, ${executor}, ${kills} kills`, { timeout: 600_000 }, async (t) => {
      const seed = 5;
      const counts = await killAgainAndAgain(server, { folder: scratch(t), kills, seed, layout, executor });
      t.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`);
      assert.ok(counts.kills >= kills);
    });
  }
});
