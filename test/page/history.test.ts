import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, test } from 'node:test';
import { History } from '../../src/page/history.js';

const calm = { fetched: 0, stored: 0, waiting: 0, charged: {} };

describe('the history of a run', () => {
  test('has a slot for each look, and what held up the run in it', () => {
    const history = new History(500);
    history.note({ elapsed: 500, fetched: 10, stored: 5, waiting: 100, charged: { storage: 400 } });
    history.note({ elapsed: 1000, fetched: 20, stored: 18, waiting: 50, charged: { storage: 500, server: 300 } });
    history.note({ elapsed: 1500, fetched: 20, stored: 20, waiting: 0, charged: { storage: 500, server: 300 } });
    assert.deepEqual(history.timeline, {
      interval: 500,
      fetched: [10, 20, 20],
      stored: [5, 18, 20],
      waiting: [100, 50, 0],
      bound: ['storage', 'server', null],
    });
  });

  test('has the time in which nobody looked, too', () => {
    const history = new History(500);
    history.note({ ...calm, elapsed: 500, stored: 1 });
    history.note({ ...calm, elapsed: 2500, stored: 9, charged: { 'main thread': 2000 } });
    const { stored, bound } = history.timeline;
    assert.deepEqual(stored, [1, 1, 1, 1, 9]);
    assert.deepEqual(bound.slice(1), ['main thread', 'main thread', 'main thread', 'main thread']);
  });

  test('of days has as many slots as one of minutes, and each is of the same length', () => {
    const history = new History(500);
    for (let elapsed = 500; elapsed <= 3_600_000; elapsed += 500) {
      history.note({ elapsed, fetched: elapsed, stored: elapsed / 2, waiting: elapsed === 5000 ? 7 : 0, charged: {} });
    }
    const { interval, fetched, stored, waiting } = history.timeline;
    assert.equal(interval, 16_000);
    assert.equal(fetched.length, 225);
    assert.ok(fetched.every((value, slot) => value === (slot + 1) * interval));
    assert.equal(stored.at(-1), 1_800_000);
    assert.equal(waiting[0], 7);
  });

  test('keeps its bound, never runs back, and ends with how it is, however looks come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0.1, max: 1e6, noNaN: true }), fc.nat(99)), { minLength: 1 }),
        (looks) => {
          const history = new History(500);
          let [elapsed, fetched] = [0, 0];
          for (const [later, more] of looks) {
            elapsed += later;
            fetched += more;
            history.note({ ...calm, elapsed, fetched });
          }
          const { interval, fetched: line } = history.timeline;
          assert.ok(line.length <= 240 && line.length * interval >= elapsed && (line.length - 1) * interval < elapsed);
          assert.equal(line.at(-1), fetched);
          assert.ok(line.every((value, slot) => value >= (line[slot - 1] ?? 0)));
        },
      ),
    );
  });
});
