import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/outcome.js';
import { describeProgress } from '../../src/terminal/progress.js';

const SUMMARY: Summary = {
  ok: 10,
  unproven: 0,
  notFound: 0,
  errors: 0,
  skipped: 0,
  kept: 0,
  duplicates: 0,
  bytes: 20 << 20,
  waiting: 0,
  running: 5,
  elapsed: 10,
  causes: {},
  verdict: undefined,
};

test('the line tells how many, how fast and how long still', () => {
  assert.equal(describeProgress(SUMMARY, 20), '10/20 done, 1.0 files/s, 2.0 MiB/s, 10s left');
});

test('the line tells what holds up the run, once that is known', () => {
  const verdict = { bound: 'storage', share: 0.87, detail: '32 writers waiting on rename', advice: 'x' } as const;
  const expected = '10 done, 1.0 files/s, 2.0 MiB/s, held up by storage 87% (32 writers waiting on rename)';
  assert.equal(describeProgress({ ...SUMMARY, verdict }, undefined), expected);
});

test('what was there before, and lines that name it twice, are done, and make the run no faster', () => {
  const resumed = { ...SUMMARY, skipped: 592, duplicates: 8 };
  assert.equal(describeProgress(resumed, 620), '610/620 done, 1.0 files/s, 2.0 MiB/s, 10s left');
});
