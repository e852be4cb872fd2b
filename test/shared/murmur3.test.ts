import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { CodeUnits } from '../../src/shared/code-units.js';
import { murmur3 } from '../../src/shared/murmur3.js';

describe('murmur3', () => {
  // From Appleby's MurmurHash3.cpp, compiled, with seed 0, over the strings in UTF-16LE.
  const vectors: [string, string][] = [
    ['', '00000000000000000000000000000000'],
    ['\u2061b', '4899d95876966fa076966fa076966fa0'],
    ['http://a', 'e76244d8ace2faac899b2636cc584b0b'],
    ['http://127.0.0.1:8188/c/000123.bin', '0e0865ccb4646aae8220207ed223da42'],
  ];
  for (const [text, expected] of vectors) {
    it(`hashes ${JSON.stringify(text)} as the reference does, whatever was hashed before`, () => {
      const words = new Uint32Array(4);
      const units = new CodeUnits();
      units.load('x'.repeat(100));
      murmur3(units, words);
      units.load(text);
      murmur3(units, words);
      assert.equal(Array.from(words, (word) => word.toString(16).padStart(8, '0')).join(''), expected);
    });
  }
});
