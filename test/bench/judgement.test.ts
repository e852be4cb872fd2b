import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge } from '../../src/bench/judgement.js';

describe('rounds', () => {
  test('decide only when all of them agree, by more than anybody would overlook', () => {
    assert.equal(judge({ median: 11, least: 10, most: 12 }), 'faster');
    assert.equal(judge({ median: 1.2, least: 1.1, most: 1.3 }), 'faster');
    assert.equal(judge({ median: 0.8, least: 0.7, most: 0.9 }), 'slower');
  });

  test('that agree on less than that say that it is the same', () => {
    assert.equal(judge({ median: 1.03, least: 1.01, most: 1.04 }), 'same');
    assert.equal(judge({ median: 0.97, least: 0.96, most: 0.99 }), 'same');
    assert.equal(judge({ median: 1, least: 0.9, most: 1.1 }), 'same');
  });

  test('that contradict each other decide nothing, wherever the middle one lies', () => {
    for (const median of [0.6, 0.8, 1, 1.2, 1.42]) {
      assert.equal(judge({ median, least: 0.45, most: 1.5 }), 'unclear', String(median));
    }
    assert.equal(judge({ median: 1.2, least: 0.95, most: 1.4 }), 'unclear');
    assert.equal(judge({ median: 0.8, least: 0.7, most: 1.01 }), 'unclear');
  });

  test('of which one has stored nothing decide nothing', () => {
    assert.equal(judge({ median: NaN, least: NaN, most: NaN }), 'unclear');
    assert.equal(judge({ median: Infinity, least: 3, most: Infinity }), 'unclear');
  });
});
