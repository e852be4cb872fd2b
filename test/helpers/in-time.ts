/** Promises in seconds, on machines that have no time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Milliseconds in which Node starts and ends on a machine that has nothing else to do. */
const START = 60;

/** @param most milliseconds; as many times as many as a start of Node takes here and now, where it takes longer than that */
export function assertInTime(took: number, most: number): void {
  if (took < most) return;
  const started = performance.now();
  spawnSync(process.execPath, ['--eval', '']);
  const times = (performance.now() - started) / START;
  assert.ok(took < most * times, `${took} ms, of ${most} at the most on a machine that is ${times} times as fast`);
}
