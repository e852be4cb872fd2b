import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Semaphore } from '../../src/schedule/semaphore.js';

describe('Semaphore', () => {
  it('gives out its slots, and each again when it is released', () => {
    const semaphore = new Semaphore(2);
    assert.equal(semaphore.tryAcquire(), true);
    assert.equal(semaphore.tryAcquire(), true);
    assert.equal(semaphore.tryAcquire(), false);
    assert.equal(semaphore.taken, 2);
    semaphore.release();
    assert.equal(semaphore.tryAcquire(), true);
    assert.equal(semaphore.taken, 2);
  });

  it('refuses a release without an acquisition', () => {
    const semaphore = new Semaphore(1);
    assert.throws(() => semaphore.release(), RangeError);
    assert.equal(semaphore.taken, 0);
    assert.equal(semaphore.tryAcquire(), true);
  });

  it('never has more taken than slots, and counts exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.boolean(), { maxLength: 200 }), (slots, acquires) => {
        const semaphore = new Semaphore(slots);
        let taken = 0;
        for (const acquire of acquires) {
          if (acquire) {
            const has = semaphore.tryAcquire();
            assert.equal(has, taken < slots);
            if (has) taken += 1;
          } else if (taken > 0) {
            semaphore.release();
            taken -= 1;
          }
          assert.equal(semaphore.taken, taken);
        }
      }),
    );
  });

  it('shrinks while slots are taken, down to one', () => {
    const semaphore = new Semaphore(2);
    assert.ok(semaphore.tryAcquire() && semaphore.tryAcquire());
    semaphore.shrink();
    semaphore.release();
    assert.ok(!semaphore.isFree);
    semaphore.release();
    semaphore.shrink();
    assert.ok(semaphore.tryAcquire());
    assert.equal(semaphore.slots, 1);
  });
});
