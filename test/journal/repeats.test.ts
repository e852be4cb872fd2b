import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Key } from '../../src/journal/format.js';
import { Repeats } from '../../src/journal/repeats.js';

/** Few of them, of which some have the same bit. */
const key: fc.Arbitrary<Key> = fc.record({
  a: fc.constantFrom(0, 1, 7, 1024, 1031, 2 ** 31),
  b: fc.constantFrom(0, 1),
  c: fc.constantFrom(0, 2 ** 20),
});

test('tells of each beginning of an item whether it is the last one', () => {
  fc.assert(
    fc.property(fc.array(key), fc.array(key, { maxLength: 200 }), (before, keys) => {
      const repeats = new Repeats(0);
      for (const each of before) repeats.count(each);
      repeats.clear();
      for (const each of keys) repeats.count(each);
      repeats.rewind();
      // A first word of 0 and of 1 is the same to a state index.
      const texts = keys.map(({ a, b, c }) => `${a || 1} ${b} ${c}`);
      for (const [at, each] of keys.entries()) {
        const told = `${texts[at]}`;
        assert.equal(repeats.isLast(each), texts.indexOf(told, at + 1) === -1, `${at} of ${texts.join(', ')}`);
      }
    }),
  );
});

test('takes a bit for eight bytes of the journal, and of what is begun once no more', () => {
  const items = 100_000;
  const repeats = new Repeats(100 * items);
  const before = process.memoryUsage().arrayBuffers;
  for (let item = 0; item < items; item += 1) repeats.count({ a: Math.imul(item, 0x9e3779b1), b: item, c: 0 });
  const bytes = process.memoryUsage().arrayBuffers - before;
  assert.ok(bytes < 8 * items, `${bytes} bytes`);
});
