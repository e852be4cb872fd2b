import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sizer, type SizerOptions } from '../../src/executor/sizing.js';
import type { Times } from '../../src/protocol.js';

const OPTIONS: SizerOptions = { most: 64, processors: 2, oneFolder: false };

/** What a writer needs for a file, in milliseconds, when there are so many. */
type Storage = (writers: number) => Times;

/** Storage that waits 5 ms for a name, a write and a rename, however many writers there are. */
const slow: Storage = () => ({ wall: 15, run: 0.1, wait: 0.1, rename: 5 });
/** The same in one folder: renames wait for each other. */
const slowFolder: Storage = (writers) => ({ wall: Math.max(15, 5 * writers), run: 0.1, wait: 0.1, rename: 5 });
/** One writer uses up all that there is. */
const disk: Storage = (writers) => ({ wall: 2 * writers, run: 0.1, wait: 0.1, rename: 0.1 });
const memory: Storage = () => ({ wall: 0.03, run: 0.03, wait: 0, rename: 0.01 });
const crowded: Storage = () => ({ wall: 0.1, run: 0.03, wait: 0.06, rename: 0.01 });

/** Lets writers store until their number has settled, and returns the numbers that there were. */
function settle(storage: Storage, options: SizerOptions, backlog: number, samples = 400): number[] {
  const sizer = new Sizer(options);
  const numbers = [sizer.writers];
  for (let n = 0; n < samples; n += 1) {
    sizer.note(1, storage(sizer.writers), backlog, sizer.writers);
    if (sizer.writers !== numbers.at(-1)) numbers.push(sizer.writers);
  }
  return numbers;
}

describe('the number of writers', () => {
  test('is 1 at the start', () => {
    assert.equal(new Sizer(OPTIONS).writers, 1);
  });

  test('grows to the most there may be while storage waits and there is work for long', () => {
    assert.equal(settle(slow, OPTIONS, 1_000_000).at(-1), 64);
  });

  test('stays lower for a short run: writers take time to start', () => {
    const writers = settle(slow, OPTIONS, 2_000).at(-1) as number;
    assert.ok(writers > 4 && writers < 32, String(writers));
  });

  test('in one folder is what fits between two renames', () => {
    assert.equal(settle(slowFolder, { ...OPTIONS, oneFolder: true }, 1_000_000).at(-1), 4);
  });

  test('goes back when more writers brought nothing, and does not try again at once', () => {
    assert.deepEqual(settle(disk, OPTIONS, 1_000_000), [1, 64, 1]);
  });

  test('is that of the processors where the processor holds writers up', () => {
    assert.equal(settle(memory, OPTIONS, 1_000_000).at(-1), 2);
  });

  test('does not grow where writers wait for a processor already', () => {
    assert.deepEqual(settle(crowded, OPTIONS, 1_000_000), [1]);
  });

  test('does not grow while nothing waits for a writer', () => {
    assert.deepEqual(settle(slow, OPTIONS, 0), [1]);
  });

  test('is judged only when all writers of a step are there', () => {
    const sizer = new Sizer(OPTIONS);
    for (let n = 0; n < 3; n += 1) sizer.note(1, slow(1), 1_000_000, 1);
    assert.equal(sizer.writers, 64);
    for (let n = 0; n < 1_000; n += 1) sizer.note(1, disk(64), 1_000_000, 10);
    assert.equal(sizer.writers, 64);
  });
});
