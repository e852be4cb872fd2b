/** The verdict on threads that download and store by themselves; on a run with stages see verdict.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ThreadTimes } from '../../src/protocol/times.js';
import type { Verdict } from '../../src/outcome.js';
import type { Interval } from '../../src/verdict/detector.js';
import { type ThreadsSample, ThreadsDetector } from '../../src/verdict/threads-detector.js';

const NONE: ThreadTimes = { wall: 0, run: 0, wait: 0, create: 0, write: 0, rename: 0, answer: 0, body: 0 };
/** What four threads tell of 50 ms, by what most of it went to. */
const TIMES = {
  storage: { ...NONE, wall: 200, run: 10, create: 10, write: 20, rename: 100, answer: 30, body: 25 },
  server: { ...NONE, wall: 200, run: 20, wait: 10, write: 40, answer: 90, body: 40 },
  network: { ...NONE, wall: 200, run: 20, wait: 10, write: 40, answer: 40, body: 90 },
  cpu: { ...NONE, wall: 200, run: 50, wait: 40, write: 30, answer: 40, body: 40 },
  /** Blocked, but by threads that decode pixels. */
  checking: { ...NONE, wall: 200, run: 20, write: 10, answer: 30, body: 30 },
  /** Names and bytes that take a processor, not the storage. */
  inMemory: { ...NONE, wall: 200, run: 100, wait: 20, create: 40, write: 40, rename: 40, answer: 70, body: 10 },
} as const;

const BUSY: Interval & ThreadsSample = {
  elapsed: 50,
  busy: 0.2,
  load: { times: NONE },
  running: 4,
  atLimit: true,
  refused: false,
  starved: false,
  unread: false,
  again: 0,
};
type Sample = typeof BUSY;

function telling(times: Partial<ThreadTimes>, changes: Partial<Sample> = {}): Sample {
  return { ...BUSY, load: { times: { ...NONE, ...times } }, ...changes };
}

/** The verdict after each of the samples has been noted ten times, in turn. */
function judge(...samples: readonly Sample[]): Verdict | undefined {
  const detector = new ThreadsDetector({ layout: 'flat', executor: 'threads', moreRequests: true });
  for (const sample of samples) for (let n = 0; n < 10; n += 1) detector.note(sample, sample);
  return detector.verdict;
}

describe('a moment of threads is charged to', () => {
  const expected = {
    storage: ['storage', '3 writers waiting on rename', 'try --layout hashed'],
    server: ['server', '2 requests waiting for an answer', 'more requests at once: raise --max-requests'],
    network: ['network', '2 bodies coming in', undefined],
    cpu: ['cpu', '2 writers busy', undefined],
    checking: ['cpu', '3 writers busy', undefined],
    inMemory: ['cpu', '2 writers busy', undefined],
  } as const;
  for (const [what, times] of Object.entries(TIMES)) {
    const [bound, detail, advice] = expected[what as keyof typeof TIMES];
    test(`what most of their time went to: ${what}, ${detail}`, () => {
      assert.deepEqual(judge(telling(times)), { bound, share: 1, detail, advice });
    });
  }

  test('what they were at, however late they tell', () => {
    const detector = new ThreadsDetector({ layout: 'flat', executor: 'threads', moreRequests: true });
    for (let n = 0; n < 100; n += 1) detector.note(BUSY, BUSY);
    const before = detector.verdict;
    const last = telling({ ...NONE, wall: 20_000, answer: 19_800 }, { running: 0 });
    detector.note(last, last);
    assert.deepEqual([before, detector.verdict?.bound, detector.verdict?.share], [undefined, 'server', 1]);
    assert.equal(detector.verdict?.detail, '4 requests waiting for an answer');
  });

  test('one of them also where clocks that are read one after the other do not add up', () => {
    const verdict = judge(telling({ wall: 200, run: 80, wait: 160, rename: 60, answer: -30, body: 20 }));
    assert.deepEqual([verdict?.bound, verdict?.detail], ['cpu', '4 writers busy']);
  });

  test('what those before them were at, as long as they have not told', () => {
    assert.deepEqual([judge(telling(TIMES.cpu), BUSY, BUSY)?.share], [1]);
  });

  test('the main thread when it is busy and has them wait', () => {
    assert.equal(judge(telling({ wall: 50, run: 10, answer: 40 }, { busy: 0.99 }))?.bound, 'main thread');
    assert.equal(judge(telling(TIMES.storage, { busy: 0.99 }))?.bound, 'storage');
    assert.equal(judge({ ...BUSY, running: 0, busy: 0.99 })?.bound, 'main thread');
  });

  test('what keeps items from them: the list, the reader, the budget, the next try', () => {
    assert.equal(judge(telling(TIMES.storage, { starved: true }))?.bound, 'list');
    assert.equal(judge({ ...BUSY, running: 0, unread: true })?.bound, 'reader');
    assert.equal(judge({ ...BUSY, refused: true })?.bound, 'budget');
    assert.equal(judge({ ...BUSY, running: 0, again: 3 })?.detail, 'waiting to try again');
  });

  test('nothing when there is nothing to do', () => {
    assert.equal(judge({ ...BUSY, running: 0 }), undefined);
  });
});
