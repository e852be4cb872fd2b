/** Runs that go on until they are stopped. */
import assert from 'node:assert/strict';
import { SluiceError } from '../../src/index.js';

/** Reads all outcomes of a run that its signal ends. */
export async function untilAborted(run: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const outcome of run) void outcome;
  } catch (error) {
    assert.ok(error instanceof SluiceError && error.code === 'ABORTED', String(error));
  }
}
