import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { CodeUnits } from '../../src/shared/code-units.js';
import { FingerprintSet } from '../../src/plan/fingerprints.js';
import { type Hash, murmur3 } from '../../src/shared/murmur3.js';

function hashOf(text: string): Hash {
  const units = new CodeUnits();
  units.load(text);
  const hash = new Uint32Array(4);
  murmur3(units, hash);
  return hash;
}

describe('FingerprintSet', () => {
  for (const bits of [64, 96] as const) {
    it(`knows every string that it was given, and no other (${bits} bits)`, () => {
      const set = new FingerprintSet(bits);
      const count = 60_000; // some 24 pages: splits in three rounds of the spiral
      for (let at = 0; at < count; at += 1) {
        assert.equal(set.has(hashOf(`http://h/${at}`)), false);
        assert.equal(set.add(hashOf(`http://h/${at}`)), true);
      }
      for (let at = 0; at < count; at += 1) {
        assert.equal(set.has(hashOf(`http://h/${at}`)), true);
        assert.equal(set.add(hashOf(`http://h/${at}`)), false);
        assert.equal(set.has(hashOf(`http://g/${at}`)), false);
      }
    });
  }

  it('answers as a Set does', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3 })), (texts) => {
        const set = new FingerprintSet(96);
        const model = new Set<string>();
        for (const text of texts) {
          assert.equal(set.has(hashOf(text)), model.has(text));
          assert.equal(set.add(hashOf(text)), !model.has(text));
          model.add(text);
        }
      }),
    );
  });
});
