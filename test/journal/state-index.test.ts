import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Key } from '../../src/journal/format.js';
import {
  DOUBTFUL_IF_THERE,
  FAILED,
  hasSize,
  keyOf,
  StateIndex,
  OK,
  type Standing,
  stateOf,
  storedWith,
  WHOLE_IF_THERE,
} from '../../src/journal/state-index.js';

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(0xffff_ffff));
const key = fc.record({ a: word, b: word, c: word });
const size = fc.oneof(fc.nat(100), fc.nat(2 ** 31 - 1), fc.maxSafeNat());
const standing = fc.oneof(
  fc.constantFrom<Standing>(FAILED, WHOLE_IF_THERE, DOUBTFUL_IF_THERE),
  size.map((bytes) => storedWith(bytes)),
);

/** What a state index can tell apart: not a first word of 0 from 1, nor the lowest 19 bits of the last. */
function told({ a, b, c }: Key): string {
  return `${a || 1} ${b} ${c >>> 19}`;
}

test('a state index knows of each key what was said of it last, and nothing of others', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, standing), { maxLength: 300 }), fc.array(key), (entries, others) => {
      const states = new StateIndex();
      const expected = new Map<string, Standing>();
      for (const [entry, itsState] of entries) {
        states.set(entry, itsState);
        expected.set(told(entry), itsState);
      }
      for (const entry of [...entries.map(([entry]) => entry), ...others]) {
        assert.equal(states.get(entry), expected.get(told(entry)));
      }
      assert.equal(states.size, expected.size);
      states.clear();
      assert.equal(states.size, 0);
      for (const [entry] of entries) assert.equal(states.get(entry), undefined);
    }),
  );
});

test('a state index of 100,000 items mistakes none for another', () => {
  const states = new StateIndex();
  const keys = Array.from({ length: 100_000 }, (_, i) => keyOf(`http://localhost/${i}`, `${i}`));
  for (const [i, itsKey] of keys.entries()) states.set(itsKey, i % 4);
  assert.equal(states.size, 100_000);
  for (const [i, itsKey] of keys.entries()) assert.equal(states.get(itsKey), i % 4);
  for (let i = 0; i < 100_000; i += 1) assert.equal(states.get(keyOf(`http://localhost/${i}`, 'other')), undefined);
});

test('a state index knows a size again, whatever it is, and another one that is near it, half of it or none', () => {
  fc.assert(
    fc.property(key, size, (its, bytes) => {
      const states = new StateIndex();
      states.set(its, storedWith(bytes));
      const known = states.get(its) as Standing;
      assert.equal(stateOf(known), OK);
      assert.ok(hasSize(known, bytes));
      for (const other of [bytes - 1, bytes + 1, bytes + 2 ** 16, bytes + 2 ** 20]) assert.ok(!hasSize(known, other));
      for (const power of [12, 16, 20, 30, 40]) assert.ok(!hasSize(storedWith(2 ** power), 0));
    }),
  );
});

test('the key of an item depends on its URL and its name, and on where one ends and the other begins', () => {
  assert.deepEqual(keyOf('http://localhost/a', 'b'), keyOf('http://localhost/a', 'b'));
  const keys = [
    keyOf('http://localhost/a', 'b'),
    keyOf('http://localhost/', 'ab'),
    keyOf('http://localhost/ab', ''),
    keyOf('http://localhost/a', 'B'),
    keyOf('http://localhost/a', 'ä'),
  ];
  assert.equal(new Set(keys.map((itsKey) => JSON.stringify(itsKey))).size, keys.length);
});
