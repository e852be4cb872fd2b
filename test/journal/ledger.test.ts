import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Key } from '../../src/journal/format.js';
import { DOUBTFUL_IF_THERE, FAILED, keyOf, Ledger, OK, type State, WHOLE_IF_THERE } from '../../src/journal/ledger.js';

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(0xffff_ffff));
const key = fc.record({ a: word, b: word, c: word });
const state = fc.constantFrom<State>(OK, FAILED, WHOLE_IF_THERE, DOUBTFUL_IF_THERE);

/** What a ledger can tell apart: not a first word of 0 from 1, nor the lowest two bits of the last. */
function told({ a, b, c }: Key): string {
  return `${a || 1} ${b} ${c >>> 2}`;
}

test('a ledger knows of each key what was said of it last, and nothing of others', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, state), { maxLength: 300 }), fc.array(key), (entries, others) => {
      const ledger = new Ledger();
      const expected = new Map<string, State>();
      for (const [entry, itsState] of entries) {
        ledger.set(entry, itsState);
        expected.set(told(entry), itsState);
      }
      for (const entry of [...entries.map(([entry]) => entry), ...others]) {
        assert.equal(ledger.get(entry), expected.get(told(entry)));
      }
      assert.equal(ledger.size, expected.size);
      ledger.clear();
      assert.equal(ledger.size, 0);
      for (const [entry] of entries) assert.equal(ledger.get(entry), undefined);
    }),
  );
});

test('a ledger of 100,000 items mistakes none for another', () => {
  const ledger = new Ledger();
  const keys = Array.from({ length: 100_000 }, (_, i) => keyOf(`http://localhost/${i}`, `${i}`));
  for (const [i, itsKey] of keys.entries()) ledger.set(itsKey, (i % 4) as State);
  assert.equal(ledger.size, 100_000);
  for (const [i, itsKey] of keys.entries()) assert.equal(ledger.get(itsKey), i % 4);
  for (let i = 0; i < 100_000; i += 1) assert.equal(ledger.get(keyOf(`http://localhost/${i}`, 'other')), undefined);
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
