import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32, SEEDS } from '../../src/server/random.js';

// Worked out by a program in another language, with exact integers.
const KNOWN = [
  { seed: 0, words: [1144304738, 1416247, 958946056] },
  { seed: 1, words: [2693262067, 11749833, 2265367787] },
  { seed: SEEDS - 1, words: [3850105811, 813802916, 3073704848] },
];

for (const { seed, words } of KNOWN) {
  test(`the seed ${seed} gives the numbers of Mulberry32`, () => {
    const random = mulberry32(seed);
    assert.deepEqual(
      words.map(() => random() * 2 ** 32),
      words,
    );
  });
}
