import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sizer, type SizerOptions } from '../../src/executor/sizing.js';
import type { WriteMode } from '../../src/protocol/messages.js';
import type { Times } from '../../src/protocol/times.js';

/** Threads alone. */
const THREADS: SizerOptions = { threads: 64, waiting: 0, processors: 2, oneFolder: false };
/** One thread can wait for 64 files. */
const WAITING: SizerOptions = { ...THREADS, waiting: 64 };
/** A backlog that never ends. */
const LONG = 1_000_000;

/** What a writer needs for a file, in milliseconds, when there are so many. */
type Storage = (writers: number, mode: WriteMode) => Times;

/** Where there is nothing else to say, a file takes no time but that on a processor, and a writer is blocked by writes. */
function times(parts: Partial<Times>): Times {
  const { wall = 0, run = 0, wait = 0, rename = 0 } = parts;
  return { wall, run, wait, create: 0, write: Math.max(0, wall - run - wait - rename), rename, ...parts };
}

/** Storage that waits 5 ms for a name, a write and a rename, however many writers there are. */
const slow: Storage = () => times({ wall: 15, run: 0.1, wait: 0.1, rename: 5 });
/** The same in one folder: renames wait for each other. */
const slowFolder: Storage = (writers) => {
  const wall = Math.max(15, 5 * writers);
  return times({ wall, run: 0.1, wait: 0.1, rename: wall - 10 });
};
/** One writer uses up all that there is. */
const disk: Storage = (writers) => times({ wall: 2 * writers, run: 0.1, wait: 0.1, rename: 0.1 });
const memory: Storage = () => times({ wall: 0.03, run: 0.03, rename: 0.01 });
const crowded: Storage = () => times({ wall: 0.1, run: 0.03, wait: 0.06, rename: 0.01 });
/** Storage that so many writers at once find blocked for so long; each of them needs so much of a processor. */
const blocked = (milliseconds: number, run: number): Storage => {
  return () => times({ wall: milliseconds + run, run, rename: milliseconds / 3 });
};
/** The same as {@link slow}, but for a thread that waits for many: that one is busy all of the time. */
const expensive: Storage = (writers, mode) =>
  mode === 'blocking' ? slow(writers, mode) : times({ wall: 60, run: 48, wait: 10, rename: 5 });

/** A number of writers, and how they write. */
type Step = readonly [writers: number, mode: WriteMode];

function stateOf({ writers, mode }: Sizer): Step {
  return [writers, mode];
}

/** Lets writers store, and returns the steps that there were. */
function settle(storage: Storage, options: SizerOptions, backlog: number, samples = 400): Step[] {
  const sizer = new Sizer(options);
  const steps = [stateOf(sizer)];
  for (let n = 0; n < samples; n += 1) {
    sizer.note(1, storage(sizer.writers, sizer.mode), backlog, sizer.writers);
    const [writers, mode] = steps.at(-1) as Step;
    if (sizer.writers !== writers || sizer.mode !== mode) steps.push(stateOf(sizer));
  }
  return steps;
}

function numbers(steps: readonly Step[]): number[] {
  return steps.map(([writers]) => writers);
}

/** A thread that is blocked by something else: by threads that collect its garbage and wait for a processor, say. */
const heldUp: Storage = () => times({ wall: 10, run: 0.1, create: 0.04, write: 0.03, rename: 0.01 });

describe('the number of writers', () => {
  test('is 1 at the start, and that one blocks', () => {
    assert.deepEqual(stateOf(new Sizer(WAITING)), [1, 'blocking']);
  });

  test('grows to no more than the processors while it is not the storage that writers wait for', () => {
    for (const [writers, mode] of settle(heldUp, WAITING, LONG)) {
      assert.equal(mode, 'blocking');
      assert.ok(writers <= WAITING.processors, `${writers} writers`);
    }
  });

  test('grows to the most there may be while storage waits and there is work for long', () => {
    assert.deepEqual(settle(slow, THREADS, LONG), [
      [1, 'blocking'],
      [64, 'blocking'],
    ]);
  });

  test('stays lower for a short run: writers take time to start', () => {
    const writers = numbers(settle(slow, THREADS, 2_000)).at(-1) as number;
    assert.ok(writers > 4 && writers < 32, String(writers));
  });

  test('in one folder is what fits between two renames', () => {
    assert.deepEqual(numbers(settle(slowFolder, { ...THREADS, oneFolder: true }, LONG)), [1, 4]);
  });

  test('goes back when more writers brought nothing, and does not try again at once', () => {
    for (const options of [THREADS, WAITING]) {
      assert.deepEqual(numbers(settle(disk, options, LONG)), [1, 64, 1]);
    }
  });

  test('is that of the processors where the processor holds writers up', () => {
    for (const options of [THREADS, WAITING]) {
      assert.deepEqual(settle(memory, options, LONG).at(-1), [2, 'blocking']);
    }
  });

  test('does not grow where writers wait for a processor already', () => {
    assert.deepEqual(numbers(settle(crowded, WAITING, LONG)), [1]);
  });

  test('does not grow while nothing waits for a writer', () => {
    for (const options of [THREADS, WAITING]) assert.deepEqual(numbers(settle(slow, options, 0)), [1]);
  });

  test('is judged only when all writers of a step are there', () => {
    const sizer = new Sizer(THREADS);
    for (let n = 0; n < 3; n += 1) sizer.note(1, slow(1, 'blocking'), LONG, 1);
    assert.equal(sizer.writers, 64);
    for (let n = 0; n < 1_000; n += 1) sizer.note(1, disk(64, 'blocking'), LONG, 10);
    assert.equal(sizer.writers, 64);
  });

  test('where storage is very slow is judged by the first sample; else that is left out', () => {
    assert.equal(numbers(settle(blocked(6, 0.1), WAITING, LONG, 1)).at(-1), 64);
    assert.equal(numbers(settle(blocked(6, 0.1), THREADS, LONG, 1)).at(-1), 64);
    assert.equal(numbers(settle(blocked(4, 0.1), WAITING, LONG, 1)).at(-1), 1);
    assert.equal(numbers(settle(blocked(4, 0.1), WAITING, LONG, 2)).at(-1), 64);
    // One that is heavy says little of those that come when its code is warm.
    const cold = new Sizer(WAITING);
    cold.note(1, blocked(6, 2.5)(1, 'blocking'), LONG, 1);
    assert.deepEqual(stateOf(cold), [1, 'blocking']);
    cold.note(1, blocked(6, 0.1)(1, 'blocking'), LONG, 1);
    assert.deepEqual(stateOf(cold), [64, 'waiting']);
    // It is the single file that counts, not the batch.
    const sizer = new Sizer(WAITING);
    sizer.note(10, times({ wall: 40, run: 1, rename: 10 }), LONG, 1);
    assert.equal(sizer.writers, 1);
  });

  test('after a step is not judged by what began before it, however slow', () => {
    const sizer = new Sizer(WAITING);
    sizer.note(1, slow(1, 'blocking'), LONG, 1);
    // As many were under way then; one of those after them would take the step back.
    for (let n = 0; n < 64; n += 1) sizer.note(1, times({ wall: 10_000, run: 1, rename: 5 }), LONG, 64);
    for (let n = 0; n < 64; n += 1) sizer.note(1, slow(64, 'waiting'), LONG, 64);
    assert.deepEqual(stateOf(sizer), [64, 'waiting']);
  });
});

describe('one thread that waits for many files', () => {
  test('does it where each file is blocked for more than a millisecond, and the writer is light', () => {
    assert.deepEqual(settle(blocked(1.2, 0.05), WAITING, LONG).at(-1), [64, 'waiting']);
    assert.deepEqual(settle(blocked(0.8, 0.05), WAITING, LONG).at(-1), [64, 'blocking'], 'blocked too shortly');
    assert.deepEqual(settle(blocked(1.2, 0.6), WAITING, LONG).at(-1), [64, 'blocking'], 'too long on a processor');
  });

  test('waits for as many as it can, also when there is little left to do: they cost nothing', () => {
    assert.deepEqual(settle(slow, WAITING, 100).at(-1), [64, 'waiting']);
  });

  test('in one folder waits for four times what fits between two renames', () => {
    assert.deepEqual(settle(slowFolder, { ...WAITING, oneFolder: true }, LONG), [
      [1, 'blocking'],
      [16, 'waiting'],
    ]);
  });

  test('has more writers than there are processors, or blocks', () => {
    assert.deepEqual(settle(slow, { ...WAITING, waiting: 2 }, LONG), settle(slow, THREADS, LONG));
    assert.deepEqual(settle(slow, { ...WAITING, waiting: 3 }, LONG).at(-1), [3, 'waiting']);
  });

  test('goes back when its processor is used up, and never waits again in this run', () => {
    const steps = settle(expensive, WAITING, LONG, 3_000);
    assert.deepEqual(steps, [
      [1, 'blocking'],
      [64, 'waiting'],
      [1, 'blocking'],
      [64, 'blocking'],
    ]);
  });

  test('goes on where others have the processors: threads would wait for them as well', () => {
    const starved: Storage = (writers, mode) =>
      mode === 'blocking' ? slow(writers, mode) : times({ wall: 60, run: 8, wait: 50, rename: 5 });
    assert.deepEqual(settle(starved, WAITING, LONG, 3_000).at(-1), [64, 'waiting']);
    // As measured on two processors, of which the main thread and a server have one and a half.
    const shared: Storage = (writers, mode) =>
      mode === 'blocking' ? slow(writers, mode) : times({ wall: 25, run: 12, wait: 11.5, rename: 8 });
    assert.deepEqual(settle(shared, WAITING, LONG, 3_000).at(-1), [64, 'waiting']);
  });

  test('goes on where it brings more than the threads that could be started for what there is to do', () => {
    // 64 writers, a file of each in 25 ms: as many as 38 threads would store in 15 ms each.
    const busy: Storage = (writers, mode) =>
      mode === 'blocking' ? slow(writers, mode) : times({ wall: 25, run: 21, wait: 2.5, rename: 8 });
    assert.deepEqual(settle(busy, WAITING, 1_000, 3_000).at(-1), [64, 'waiting']);
    assert.deepEqual(settle(busy, { ...WAITING, threads: 32 }, LONG, 3_000).at(-1), [64, 'waiting']);
    assert.deepEqual(settle(busy, WAITING, LONG, 3_000).at(-1), [64, 'blocking']);
  });

  test('never waits again either where threads bring nothing, and are tried again and again', () => {
    const storage: Storage = (writers, mode) =>
      mode === 'waiting' ? expensive(writers, mode) : times({ ...slow(1, mode), wall: 15 * writers });
    const steps = settle(storage, WAITING, LONG, 3_000);
    assert.ok(steps.length > 6, `${steps.length} steps`);
    assert.equal(steps.filter(([, mode]) => mode === 'waiting').length, 1);
  });

  test('takes a step back that brought nothing, and may wait again later', () => {
    const steps = settle(disk, WAITING, LONG, 3_000);
    assert.deepEqual(steps.slice(0, 3), [
      [1, 'blocking'],
      [64, 'waiting'],
      [1, 'blocking'],
    ]);
    assert.ok(steps.filter(([, mode]) => mode === 'waiting').length > 1);
  });

  test('where no file can be waited for so, threads block', () => {
    for (const storage of [slow, disk, memory, crowded, expensive, blocked(1.2, 0.05)]) {
      const steps = settle(storage, THREADS, LONG, 3_000);
      assert.ok(steps.every(([, mode]) => mode === 'blocking'));
    }
    assert.deepEqual(numbers(settle(expensive, THREADS, LONG)), [1, 64]);
  });
});
