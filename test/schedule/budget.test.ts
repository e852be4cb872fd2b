import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Budget } from '../../src/schedule/budget.js';

describe('Budget', () => {
  it('takes what fits to the last byte, and nothing more', () => {
    const budget = new Budget(100);
    assert.equal(budget.tryReserve(60), true);
    assert.equal(budget.tryReserve(41), false);
    assert.equal(budget.held, 60);
    assert.equal(budget.tryReserve(40), true);
    assert.equal(budget.held, 100);
    assert.equal(budget.tryReserve(0), true);
    assert.equal(budget.tryReserve(1), false);
  });

  it('refuses to free more than is held, and is as before', () => {
    const budget = new Budget(100);
    budget.tryReserve(10);
    assert.throws(() => budget.free(11), /budget freed 11 bytes of 10/);
    assert.equal(budget.held, 10);
  });

  it('is never over its limit and never negative, whatever is reserved and freed', () => {
    const steps = fc.array(fc.record({ reserve: fc.boolean(), bytes: fc.nat(60) }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), steps, (limit, sequence) => {
        const budget = new Budget(limit);
        let held = 0;
        for (const { reserve, bytes } of sequence) {
          if (reserve) {
            const fits = held + bytes <= limit;
            assert.equal(budget.tryReserve(bytes), fits);
            if (fits) held += bytes;
          } else if (bytes > held) {
            assert.throws(() => budget.free(bytes), RangeError);
          } else {
            budget.free(bytes);
            held -= bytes;
          }
          assert.equal(budget.held, held);
          assert.ok(budget.held >= 0 && budget.held <= limit);
        }
      }),
    );
  });
});
