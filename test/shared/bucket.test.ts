import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Bucket } from '../../src/shared/bucket.js';

const SLACK = 200;

/** Asks whenever the bucket says that it may, from one time to another, with a timer that is late by so much. */
function run(bucket: Bucket, from: number, until: number, late: () => number): number[] {
  const times: number[] = [];
  for (let now = from; now < until;) {
    const pause = bucket.pause(now);
    if (pause === 0) {
      bucket.take(now);
      times.push(now);
    } else {
      now += Math.ceil(pause) + late();
    }
  }
  return times;
}

/** The most of these times that lie in one window of so many milliseconds. */
function mostWithin(times: readonly number[], window: number): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] as number) - (times[first] as number) > window) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('Bucket', () => {
  for (const rate of [0.1, 1, 7, 40, 333, 1_000, 5_000]) {
    it(`lets ${rate} a second go over a minute, however late its timer is`, () => {
      for (const late of [() => 0, () => 3, () => Math.random() * 20, () => (Math.random() < 0.01 ? 150 : 1)]) {
        const times = run(new Bucket(rate), 5_000, 65_000, late);
        assert.ok(Math.abs(times.length - 60 * rate) <= Math.max(1, 0.01 * 60 * rate), `${times.length}`);
      }
    });
  }

  it('lets the first go at once and the second no sooner than its time', () => {
    const bucket = new Bucket(4);
    assert.deepEqual([bucket.pause(50), bucket.free(50)], [0, 1]);
    bucket.take(50);
    assert.deepEqual([bucket.pause(50), bucket.free(50)], [250, 0]);
    assert.equal(bucket.pause(299), 1);
    assert.equal(bucket.pause(300), 0);
  });

  it('lets no more go at once after a pause than a fifth of a second is worth', () => {
    const bucket = new Bucket(100);
    bucket.take(0);
    assert.equal(bucket.free(60_000), 21);
    const slow = new Bucket(2);
    slow.take(0);
    assert.equal(slow.free(60_000), 1);
  });

  it('waits for what was taken before its time, and no longer than a timer can', () => {
    const bucket = new Bucket(1_000);
    bucket.take(0, 50_000);
    assert.equal(bucket.pause(0), 50_000);
    bucket.take(10_000, -40_000);
    assert.equal(bucket.pause(10_000), 0);
    bucket.take(10_000, 1e12);
    assert.equal(bucket.pause(10_000), 3_600_000);
  });

  it('lets as many go as it says may, and tells when one more may', () => {
    const given = fc.record({ rate: fc.double({ min: 0.5, max: 2_000, noNaN: true }), idle: fc.nat(2_000) });
    fc.assert(
      fc.property(given, ({ rate, idle }) => {
        const bucket = new Bucket(rate);
        bucket.take(0);
        const [free, next] = [bucket.free(idle), bucket.next(idle)];
        for (let i = 0; i < free; i += 1) {
          assert.equal(bucket.pause(idle), 0);
          bucket.take(idle);
        }
        // Where the last may go just now, rounding decides.
        const off = Math.abs(bucket.pause(idle) - next);
        assert.ok(Math.min(off, Math.abs(off - 1_000 / rate)) < 1e-6, `${bucket.pause(idle)}, not ${next}`);
      }),
    );
  });

  it('holds its rate over every window, and nobody back for longer, whatever the clock does', () => {
    // Steps of a clock that stands still, goes on, jumps ahead by hours and is turned back.
    const step = fc.oneof(
      fc.nat(50),
      fc.integer({ min: 0, max: 4 * 3_600_000 }),
      fc.integer({ min: -4 * 3_600_000, max: 0 }),
    );
    const given = fc.record({
      rate: fc.double({ min: 0.2, max: 500, noNaN: true }),
      steps: fc.array(step, { maxLength: 200 }),
    });
    fc.assert(
      fc.property(given, ({ rate, steps }) => {
        const bucket = new Bucket(rate);
        const each = 1_000 / rate;
        const times: number[] = [];
        // Time as it goes by for somebody who does not look at the clock: turned back, it stands.
        let [now, passed] = [0, 0];
        for (const by of steps) {
          now += by;
          passed += Math.max(0, by);
          const before = bucket.pause(now);
          assert.ok(before <= each + 1e-3, `${before} ms where ${each} are for one`);
          while (bucket.pause(now) === 0) {
            bucket.take(now);
            times.push(passed);
          }
        }
        for (const window of [1, 100, 1_000, 60_000]) {
          const most = (window + SLACK) / each + 1;
          assert.ok(
            mostWithin(times, window) <= most + 1e-3,
            `${mostWithin(times, window)} in ${window} ms, not ${most}`,
          );
        }
      }),
    );
  });
});
