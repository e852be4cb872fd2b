import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { withoutInvisible } from '../../src/shared/invisible.js';

const INVISIBLE = [' ', '\t', '\u00a0', '\u3000', '\ufeff', '\u200b', '\u200c', '\u200d', '\u2060'];

test('what nobody sees is taken from both ends of a text, in any order, and left within it', () => {
  const around = fc.string({ unit: fc.constantFrom(...INVISIBLE) });
  fc.assert(
    fc.property(around, around, around, (before, within, after) => {
      assert.equal(withoutInvisible(`${before}a${within}b${after}`), `a${within}b`);
      assert.equal(withoutInvisible(before), '');
    }),
  );
});
