import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findingOf } from '../../src/bench/answer.js';

describe('a ratio', () => {
  test('gains or loses only when all rounds agree, by more than anybody would overlook', () => {
    assert.equal(findingOf({ median: 11, least: 10, most: 12 }), 'gains');
    assert.equal(findingOf({ median: 1.2, least: 1.1, most: 1.3 }), 'gains');
    assert.equal(findingOf({ median: 0.8, least: 0.7, most: 0.9 }), 'loses');
    assert.equal(findingOf({ median: 1.2, least: 0.95, most: 1.4 }), 'neither');
    assert.equal(findingOf({ median: 0.8, least: 0.7, most: 1.01 }), 'neither');
    assert.equal(findingOf({ median: 1.03, least: 1.01, most: 1.04 }), 'neither');
    assert.equal(findingOf({ median: 0.97, least: 0.96, most: 0.99 }), 'neither');
  });
});
