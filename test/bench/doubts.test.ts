import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { doubtsOf } from '../../src/bench/doubts.js';
import { onMemory } from '../helpers/bench-reports.js';

/** Of five rounds in which each run spent such a share of its time with starting. */
function doubtsOfStarting(share: number): string[] {
  const strategies = onMemory.strategies.map((of) => ({
    ...of,
    runs: of.runs.map((run) => ({ ...run, starting: of.strategy === 'threads' ? share * run.elapsed : 0 })),
  }));
  return doubtsOf({ ...onMemory, strategies }, [], 0);
}

describe('doubts', () => {
  test('are had where much of what was measured is how a strategy starts, however long it took', () => {
    assert.deepEqual(doubtsOfStarting(0.6), [
      'Starting took 60% of the time of threads: give more --files or --seconds.',
    ]);
    assert.deepEqual(doubtsOfStarting(1).length, 1);
  });

  test('are not had where starting is little', () => {
    assert.deepEqual(doubtsOfStarting(0.2), []);
  });
});
