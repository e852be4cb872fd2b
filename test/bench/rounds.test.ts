import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { order } from '../../src/bench/rounds.js';

describe('the order of a round', () => {
  test('has everybody once', () => {
    for (let round = 0; round < 12; round += 1)
      assert.deepEqual(
        order(6, round).toSorted((a, b) => a - b),
        [0, 1, 2, 3, 4, 5],
      );
  });

  test('lets nobody always follow the same one', () => {
    const before = new Map<number, Set<number | undefined>>();
    for (let round = 0; round < 6; round += 1) {
      for (const [place, who] of order(6, round).entries()) {
        before.set(who, (before.get(who) ?? new Set()).add(order(6, round)[place - 1]));
      }
    }
    for (const [who, others] of before) assert.ok(others.size >= 2, `${who} comes after ${[...others].join(', ')}`);
  });

  test('has not the same first one in the rounds that go the same way', () => {
    assert.notEqual(order(6, 0)[0], order(6, 2)[0]);
    assert.notEqual(order(6, 1)[0], order(6, 3)[0]);
  });
});
