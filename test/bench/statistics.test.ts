import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { median, spreadOf, widthOf } from '../../src/bench/statistics.js';

describe('the median', () => {
  test('is the value in the middle, by size and not by digits', () => {
    assert.equal(median([10, 9, 100]), 10);
    assert.equal(median([7]), 7);
  });

  test('of an even number of values lies halfway between the two in the middle', () => {
    assert.equal(median([4, 1, 3, 100]), 3.5);
  });

  test('of nothing is no number', () => {
    assert.equal(median([]), NaN);
  });

  test('leaves its values in their order', () => {
    const values = [3, 1, 2];
    median(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe('the spread', () => {
  test('is the median with the extremes', () => {
    assert.deepEqual(spreadOf([3, 1, 8]), { median: 3, least: 1, most: 8 });
  });

  test('is as wide as the extremes lie apart, as a share of the median', () => {
    assert.equal(widthOf({ median: 4, least: 3, most: 5 }), 0.5);
    assert.equal(widthOf({ median: 0, least: 0, most: 0 }), 0);
  });
});
