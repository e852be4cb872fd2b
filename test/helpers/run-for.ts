/** Runs that go on until they are stopped. */
import assert from 'node:assert/strict';
import { SluiceError } from '../../src/index.js';

/** Reads all outcomes of a run, and stops it so many seconds after the first, however long its start takes. */
export async function runFor(seconds: number, run: AsyncIterable<unknown>, stop: AbortController): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const outcome of run) {
      void outcome;
      timer ??= setTimeout(() => stop.abort(), 1_000 * seconds);
    }
  } catch (error) {
    assert.ok(error instanceof SluiceError && error.code === 'ABORTED', String(error));
  }
}
