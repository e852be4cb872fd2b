import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';

import { FingerprintSet, murmur3 } from '../../src/plan/fingerprints.js';

describe('FingerprintSet', () => {
  for (const bits of [64, 96] as const) {
    it(`knows every string that it was given, and no other (${bits} bits)`, () => {
      const set = new FingerprintSet(bits, 7);
      const count = 60_000; // some 24 pages: splits in three rounds of the spiral
      for (let at = 0; at < count; at += 1) {
        assert.equal(set.has(`http://h/${at}`), false);
        assert.equal(set.add(`http://h/${at}`), true);
      }
      for (let at = 0; at < count; at += 1) {
        assert.equal(set.has(`http://h/${at}`), true);
        assert.equal(set.add(`http://h/${at}`), false);
        assert.equal(set.has(`http://g/${at}`), false);
      }
    });
  }

  it('answers as a Set does', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3 })), fc.nat(), (texts, seed) => {
        const set = new FingerprintSet(96, seed);
        const model = new Set<string>();
        for (const text of texts) {
          assert.equal(set.has(text), model.has(text));
          assert.equal(set.add(text), !model.has(text));
          model.add(text);
        }
      }),
    );
  });
});

describe('murmur3', () => {
  // From Appleby's MurmurHash3.cpp, compiled, over the strings in UTF-16LE.
  const vectors: [string, number, string][] = [
    ['', 0x0, '00000000000000000000000000000000'],
    ['', 0x9747b28c, 'f7bed5a15b576a1c5b576a1c5b576a1c'],
    ['a', 0x9747b28c, '2511c556a5d9f9a3a5d9f9a3a5d9f9a3'],
    ['\u2061b', 0x0, '4899d95876966fa076966fa076966fa0'],
    ['http://a', 0x0, 'e76244d8ace2faac899b2636cc584b0b'],
    ['http://a', 0x9747b28c, 'ea68bc2f74ec75c07a5dadf20bdd5e06'],
    ['http://127.0.0.1:8188/c/000123.bin', 0x0, '0e0865ccb4646aae8220207ed223da42'],
    ['http://127.0.0.1:8188/c/000123.bin', 0x9747b28c, '35c35aa039587c8dd26f128c2119b0e6'],
  ];
  for (const [text, seed, expected] of vectors) {
    it(`hashes ${JSON.stringify(text)} with seed ${seed} as the reference does`, () => {
      const words = new Uint32Array(4);
      murmur3(text, seed, words);
      assert.equal(Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(''), expected);
    });
  }
});
