import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Times } from '../../src/protocol/times.js';
import { describeVerdict } from '../../src/verdict/verdict.js';
import type { Setting } from '../../src/verdict/attribution.js';
import type { Verdict } from '../../src/outcome.js';
import { type Interval, type StagesSample, StagesDetector } from '../../src/verdict/detector.js';
import type { Load } from '../../src/executor/load.js';

type Sample = StagesSample & Interval;

const SETTING: Setting = { layout: 'flat', executor: 'pool', moreRequests: true };
const NO_TIMES: Times = { wall: 0, run: 0, wait: 0, create: 0, write: 0, rename: 0 };
/** What four writers tell of 50 ms, by what they did. */
const RENAMING: Times = { ...NO_TIMES, wall: 200, run: 10, create: 20, write: 30, rename: 140 };
const WRITING: Times = { ...NO_TIMES, wall: 200, run: 10, create: 20, write: 140, rename: 30 };
const CREATING: Times = { ...NO_TIMES, wall: 200, run: 10, create: 140, write: 20, rename: 30 };
const DECODING: Times = { ...NO_TIMES, wall: 200, run: 160, wait: 30, write: 20 };
/** Names and bytes that take a processor, not the storage. */
const IN_MEMORY: Times = { ...NO_TIMES, wall: 200, run: 100, wait: 90, create: 60, write: 60, rename: 60 };
/** Blocked, but by threads that decode pixels. */
const CHECKING: Times = { ...NO_TIMES, wall: 200, run: 10, write: 20 };

/** Nothing waits for the four writers, and no request runs. */
const IDLE: Load = { waiting: 0, writers: 4, times: NO_TIMES, onMain: false, sharing: false };
const QUIET: Sample = {
  elapsed: 50,
  busy: 0.2,
  load: IDLE,
  onlyStore: false,
  requests: { asked: 0, answered: 0 },
  atLimit: false,
  refused: false,
  starved: false,
  unread: false,
  again: 0,
};
const ASKING: Sample = { ...QUIET, requests: { asked: 10, answered: 6 } };
const RECEIVING: Sample = { ...QUIET, requests: { asked: 6, answered: 10 } };

/** Bodies wait for the writers, and requests run. */
function queued(times: Times, changes: Partial<Load> = {}): Sample {
  return { ...ASKING, load: { waiting: 100, writers: 4, times, onMain: false, sharing: false, ...changes } };
}

function note(detector: StagesDetector, sample: Sample): void {
  detector.note(sample, sample);
}

/** The verdict after each of the samples has been noted ten times, in turn. */
function judge(samples: readonly Sample[], setting: Partial<Setting> = {}): Verdict | undefined {
  const detector = new StagesDetector({ ...SETTING, ...setting });
  for (const sample of samples) for (let n = 0; n < 10; n += 1) note(detector, sample);
  return detector.verdict;
}

function boundOf(...samples: Sample[]): string | undefined {
  return judge(samples)?.bound;
}

describe('a moment is charged to', () => {
  test('the storage when bodies wait and writers are blocked by it', () => {
    assert.equal(boundOf(queued(WRITING)), 'storage');
  });

  test('the storage when nothing else is left to do', () => {
    const times = { ...RENAMING, wall: 50, rename: 45, create: 0, write: 0, run: 1 };
    assert.equal(boundOf({ ...QUIET, onlyStore: true, load: { ...IDLE, times } }), 'storage');
  });

  for (const [what, times] of Object.entries({ DECODING, IN_MEMORY, CHECKING })) {
    test(`the cpu when bodies wait and writers are not blocked by the storage: ${what}`, () => {
      assert.equal(boundOf(queued(times)), 'cpu');
    });
  }

  test('the storage when it is slow, where nobody counts the time on a processor', () => {
    assert.equal(boundOf(queued({ ...WRITING, run: 0, wait: 0 })), 'storage');
  });

  test('the storage when writers share a thread that has time to rest, else the cpu', () => {
    const times = { ...NO_TIMES, wall: 200, run: 70, wait: 70, create: 10, write: 80, rename: 110 };
    assert.equal(boundOf(queued(times, { sharing: true })), 'storage');
    assert.equal(boundOf(queued(times)), 'cpu');
    assert.equal(boundOf(queued({ ...times, wait: 125 }, { sharing: true })), 'cpu');
  });

  test('the main thread when it is busy and nothing waits for writers', () => {
    assert.equal(boundOf({ ...ASKING, busy: 0.95 }), 'main thread');
  });

  test('the main thread when bodies wait only because it does not see that writers are done', () => {
    assert.equal(boundOf({ ...queued({ ...DECODING, wall: 10, run: 9, wait: 0 }), busy: 0.99 }), 'main thread');
  });

  test('the storage when the main thread is busy and writers are blocked all the time', () => {
    assert.equal(boundOf({ ...queued(RENAMING), busy: 0.99 }), 'storage');
  });

  test('the storage when it holds up the main thread itself', () => {
    const times = { ...WRITING, wall: 45, run: 2, write: 40, create: 2, rename: 2 };
    const load = { waiting: 0, writers: 1, times, onMain: true, sharing: false };
    assert.equal(boundOf({ ...ASKING, busy: 1, load }), 'storage');
    // A sample comes when the loop does: what was waited for between two stores is in it.
    assert.equal(boundOf({ ...ASKING, elapsed: 60, busy: 0.8, load }), 'storage');
    assert.equal(boundOf({ ...ASKING, elapsed: 100, busy: 0.4, load }), 'server');
  });

  test('the main thread when it stores itself and is on a processor', () => {
    const times = { ...IN_MEMORY, wall: 45, run: 40, wait: 5 };
    const load = { waiting: 0, writers: 1, times, onMain: true, sharing: false };
    assert.equal(boundOf({ ...ASKING, busy: 1, load }), 'main thread');
    assert.equal(boundOf({ ...ASKING, elapsed: 60, busy: 0.8, load }), 'main thread');
  });

  test('the budget when it has no room and no body waits for a writer', () => {
    assert.equal(boundOf({ ...ASKING, refused: true }), 'budget');
  });

  test('the storage when the budget has no room because bodies wait for writers', () => {
    assert.equal(boundOf({ ...queued(RENAMING), refused: true }), 'storage');
  });

  test('the reader when too many outcomes wait for it', () => {
    assert.equal(boundOf({ ...QUIET, unread: true }), 'reader');
  });

  test('the list when more requests could run and there is none to make', () => {
    assert.equal(boundOf({ ...QUIET, starved: true }), 'list');
    assert.equal(boundOf({ ...ASKING, starved: true }), 'list');
  });

  test('the server when most requests wait for an answer, or all items for their next try', () => {
    assert.equal(boundOf(ASKING), 'server');
    assert.equal(boundOf({ ...QUIET, again: 3 }), 'server');
  });

  test('the network when most bodies are coming', () => {
    assert.equal(boundOf(RECEIVING), 'network');
  });

  test('nothing when nobody knows', () => {
    assert.equal(boundOf(QUIET), undefined);
  });
});

describe('a queue', () => {
  test('that is gone at the next sample holds up nobody', () => {
    const detector = new StagesDetector(SETTING);
    for (let n = 0; n < 10; n += 1) {
      note(detector, queued(DECODING, { waiting: 1 }));
      note(detector, ASKING);
    }
    assert.equal(detector.verdict?.bound, 'server');
  });

  test('is judged when writers tell of their time, however late', () => {
    const detector = new StagesDetector(SETTING);
    for (let n = 0; n < 100; n += 1) note(detector, queued(NO_TIMES));
    const before = detector.verdict;
    note(detector, queued({ ...WRITING, wall: 5_000, write: 4_900 }));
    const { bound, share = 0 } = detector.verdict ?? {};
    assert.deepEqual([before, bound], [undefined, 'storage']);
    assert.ok(share > 0.98);
  });

  test('that has not been judged counts as the one before it', () => {
    const detector = new StagesDetector(SETTING);
    for (let n = 0; n < 50; n += 1) note(detector, queued(n < 2 ? WRITING : NO_TIMES));
    assert.ok((detector.verdict?.share as number) > 0.95);
  });
});

describe('the verdict', () => {
  test('is the bound that most of the time was charged to, with its share', () => {
    const verdict = judge([ASKING, RECEIVING, { ...RECEIVING, elapsed: 100 }]);
    assert.deepEqual([verdict?.bound, verdict?.share], ['network', 0.75]);
  });

  test('is none when the time that nobody knows of is the most', () => {
    assert.equal(judge([QUIET, { ...QUIET, elapsed: 10 }, ASKING]), undefined);
    assert.equal(judge([QUIET, ASKING, ASKING])?.share, 0.667);
  });

  test('is none of a run that was too short', () => {
    const detector = new StagesDetector(SETTING);
    const bounds = [1, 2, 3, 4, 5].map(() => {
      note(detector, ASKING);
      return detector.verdict?.bound;
    });
    assert.deepEqual(bounds, [undefined, undefined, undefined, undefined, 'server']);
  });

  const details: readonly (readonly [string, Sample, string])[] = [
    ['renames', queued(RENAMING), '4 writers waiting on rename'],
    ['writes', queued(WRITING), '4 writers waiting on write'],
    ['new names', queued(CREATING), '4 writers making names'],
    ['one writer', queued(WRITING, { writers: 1 }), '1 writer waiting on write'],
    ['decoding', queued(DECODING), '4 writers busy'],
    ['requests', ASKING, '10 requests waiting for an answer'],
    ['tries', { ...QUIET, again: 3 }, 'waiting to try again'],
    ['bodies', RECEIVING, '10 bodies coming in'],
  ];
  for (const [what, sample, expected] of details) {
    test(`tells of ${what}: ${expected}`, () => assert.equal(judge([sample])?.detail, expected));
  }

  const advice: readonly (readonly [string, Sample, Partial<Setting>, string | undefined])[] = [
    ['names in one folder', queued(RENAMING), {}, 'try --layout hashed'],
    ['new names in one folder', queued(CREATING), {}, 'try --layout hashed'],
    ['names in many folders', queued(RENAMING), { layout: 'hashed' }, 'try --layout tar'],
    ['names of one writer', queued(RENAMING, { writers: 1 }), {}, 'try --layout tar'],
    ['names in many folders, without the pool', queued(RENAMING), { layout: 'hashed', executor: 'libuv' }, undefined],
    ['names of shards', queued(RENAMING), { layout: 'tar' }, undefined],
    ['writes', queued(WRITING), {}, undefined],
    ['decoding', queued(DECODING), {}, undefined],
    ['the budget', { ...ASKING, refused: true }, {}, 'raise --memory'],
    [
      'a server at the limit of requests',
      { ...ASKING, atLimit: true },
      {},
      'more requests at once: raise --max-requests',
    ],
    ['a server with requests to spare', ASKING, {}, undefined],
    ['a server at the limit of all limits', { ...ASKING, atLimit: true }, { moreRequests: false }, undefined],
    ['the network', { ...RECEIVING, atLimit: true }, {}, undefined],
  ];
  for (const [what, sample, setting, expected] of advice) {
    test(`advises for ${what}: ${expected ?? 'nothing'}`, () =>
      assert.equal(judge([sample], setting)?.advice, expected));
  }

  test('is told in one line, with the advice if there is one', () => {
    const verdict: Verdict = { bound: 'network', share: 0.504, detail: '1 body coming in', advice: undefined };
    assert.equal(describeVerdict(verdict), 'network 50% (1 body coming in)');
    assert.equal(describeVerdict({ ...verdict, advice: 'wait' }), 'network 50% (1 body coming in); wait');
  });
});
