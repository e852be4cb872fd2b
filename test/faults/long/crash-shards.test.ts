/** A run into one shard that is killed again and again: what is whole in it is not fetched again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Corpus } from '../../helpers/corpus.js';
import { crash } from '../../helpers/crash.js';
import { scratch } from '../../helpers/scratch.js';

const seed = Number(process.env['SLUICE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const skip = process.platform === 'win32' && 'Windows has no kill -9';

describe(`a shard that is not sealed outlasts its run, seed ${seed}`, { skip }, () => {
  test('25 kills of 2,000 files cost fewer than 500 requests', { timeout: 600_000 }, async (t) => {
    // What is under way when a run is killed is lost: 8 requests each time.
    const args = ['--shard-size', '256MiB', '-m', '8'];
    const settings = { layout: 'tar', corpus: new Corpus(2_000), kills: 25, seed, latency: 20, args } as const;
    const counts = await crash({ ...settings, folder: scratch(t) });
    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts.again < 500, `${counts.again} requests again`);
    assert.ok(counts.kept > 25, `${counts.kept} kept`);
  });
});
