import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { parsePart, partFromEnvironment, shardsOf } from '../../src/fleet/numbered.js';

test('each shard of a plan is in exactly one part', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 300 }), (count, shards) => {
      const all = Array.from({ length: count }, (_, index) => shardsOf({ index, count }, shards)).flat();
      assert.deepEqual(
        all.toSorted((a, b) => a - b),
        Array.from({ length: shards }, (_, shard) => shard),
      );
    }),
  );
});

test('a part is counted from 0, and there is none beyond the last', () => {
  assert.deepEqual({ ...parsePart('3/16') }, { index: 3, count: 16, from: '--shard' });
  for (const text of ['16/16', '-1/4', '1', '1/0', '', '1/2/3', 'a/b', '0.5/2']) {
    assert.throws(() => parsePart(text), UsageError, text);
  }
});

test('a task of a Slurm array is a part, whatever number the first one has', () => {
  const task = (id: number, more: Record<string, string> = {}): unknown =>
    partFromEnvironment({ SLURM_ARRAY_TASK_ID: String(id), ...more });
  const from = 'SLURM_ARRAY_TASK_ID';
  assert.deepEqual(task(3, { SLURM_ARRAY_TASK_COUNT: '16' }), { index: 3, count: 16, from });
  const fromOne = { SLURM_ARRAY_TASK_COUNT: '16', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '16' };
  assert.deepEqual(task(16, fromOne), { index: 15, count: 16, from });
  const byTwo = { SLURM_ARRAY_TASK_COUNT: '4', SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_MAX: '6' };
  assert.deepEqual(task(4, { ...byTwo, SLURM_ARRAY_TASK_STEP: '2' }), { index: 2, count: 4, from });
  // --array=1,5,9
  const gaps = { SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '9' };
  assert.throws(() => task(5, gaps), /has gaps/);
  assert.throws(() => task(3), UsageError);
});

test("a pod of an indexed Job is a part, where the Job's completions are told", () => {
  const pod = { JOB_COMPLETION_INDEX: '2', JOB_COMPLETIONS: '5' };
  assert.deepEqual(partFromEnvironment(pod), { index: 2, count: 5, from: 'JOB_COMPLETION_INDEX' });
  assert.throws(() => partFromEnvironment({ JOB_COMPLETION_INDEX: '2' }), /JOB_COMPLETIONS/);
  assert.equal(partFromEnvironment({}), undefined);
});
