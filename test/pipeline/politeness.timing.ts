/** What a run is said to be held back by, where nothing else has the processor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DownloadOptions } from '../../src/index.js';
import type { Answers } from '../helpers/counting-server.js';
import { run } from './counted.js';

const CASES: readonly [option: string, answers: Answers, options: DownloadOptions, count: number, hosts: number][] = [
  ['--rate', {}, { rate: '20/s' }, 40, 8],
  ['--rate-per-host', {}, { ratePerHost: '10/s' }, 40, 2],
  ['--wait-per-host', {}, { waitPerHost: 0.1 }, 30, 2],
  ['--limit-rate', { size: 5_000 }, { limitRate: '200k' }, 100, 10],
  ['--limit-rate-per-host', { size: 1_000_000 }, { limitRatePerHost: '800k' }, 2, 1],
];

for (const [option, answers, options, count, hosts] of CASES) {
  test(`a run that ${option} holds back says so, and gives no advice`, async (t) => {
    const { summary } = await run(t, answers, { count, hosts, ...options });
    const { bound, detail, advice } = summary.verdict ?? {};
    assert.deepEqual([bound, detail, advice], ['limit', `held back by ${option}`, undefined]);
  });
}
