import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeHeadline, type HeadlineReport } from '../../src/bench/headline.js';
import { spreadOf } from '../../src/bench/statistics.js';
import { onMemory } from '../helpers/bench-reports.js';

function told(ratios: readonly number[]): string {
  const { version, started, ended, machine } = onMemory;
  const seconds = { sequential: spreadOf([10]), concurrent: spreadOf([1]) };
  const cases: HeadlineReport['cases'] = [{ requests: 20, ...seconds, ratio: spreadOf(ratios), book: 5 }];
  return describeHeadline({ schema: 'sluice-bench-flags/1', version, started, ended, machine, latency: 500, cases });
}

describe("the book's figures", () => {
  test('say how much faster all at once is', () => {
    assert.match(told([9, 10, 11]), /1\.00 s all at once: 10\.0 times as fast \(the book: 5\)$/m);
  });

  test('claim nothing where rounds contradict each other', () => {
    const text = told([0.45, 1.42, 1.5]);
    assert.match(text, /all at once: rounds do not agree whether that is faster, 1\.42 \(0\.45\.\.1\.50\) times/);
    assert.doesNotMatch(text, /times as fast/);
  });
});
