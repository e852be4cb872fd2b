import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { linear, scaleFor } from '../../src/charts/ticks.js';

const positive = fc.double({ min: 1e-6, max: 1e12, noNaN: true });

describe('a scale', () => {
  test('is linear from 0 where the values lie within a factor of 20, logarithmic beyond', () => {
    assert.deepEqual(
      [scaleFor([3120, 8110]), scaleFor([80, 14_000]), scaleFor([0, 5, 9])].map(({ kind, least }) => [kind, least]),
      [
        ['linear', 0],
        ['log', 10],
        ['linear', 0],
      ],
    );
  });

  test('has round ticks', () => {
    assert.deepEqual(scaleFor([3120, 8110]).ticks, [0, 5000, 10_000]);
    assert.deepEqual(linear(0.3).ticks, [0, 0.1, 0.2, 0.3]);
    assert.deepEqual(scaleFor([80, 14_000]).ticks, [10, 100, 1000, 10_000]);
    assert.deepEqual(scaleFor([0.04, 361]).ticks, [0.01, 0.1, 1, 10, 100]);
  });

  test('on a logarithmic scale equal factors are equal lengths', () => {
    const { at } = scaleFor([80, 14_000]);
    assert.ok(Math.abs(at(1000) - at(100) - (at(10_000) - at(1000))) < 1e-12);
  });

  test('holds all values, in their order, and begins and ends at 0 and 1', () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1, maxLength: 8 }), (values) => {
        const scale = scaleFor(values);
        const sorted = values.toSorted((a, b) => a - b);
        const places = sorted.map((value) => scale.at(value));
        assert.ok(scale.most >= sorted.at(-1)! * (1 - 1e-9), `${scale.most} for ${sorted.at(-1)}`);
        assert.ok(places.every((place, index) => place >= (places[index - 1] ?? 0) && place <= 1));
        assert.ok(Math.abs(scale.at(scale.least)) < 1e-9 && Math.abs(scale.at(scale.most) - 1) < 1e-9);
        assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 7, `${scale.ticks.length} ticks`);
        assert.ok(scale.ticks.every((tick, index) => index === 0 || tick > scale.ticks[index - 1]!));
      }),
    );
  });

  test('of nothing, or of zeros only, is one that can be drawn', () => {
    for (const values of [[], [0], [0, 0]]) {
      const { ticks, at } = scaleFor(values);
      assert.deepEqual([ticks[0], at(0)], [0, 0]);
      assert.ok(ticks.every(Number.isFinite));
    }
  });
});
