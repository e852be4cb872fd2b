import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { ALL_CODES, expandCodes, POP20 } from '../../src/flags/codes.js';

const nothing = { codes: [], every: false, all: false, limit: undefined };
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

test('there are 194 codes, sorted, each once, two capitals', () => {
  assert.equal(ALL_CODES.length, 194);
  assert.deepEqual(ALL_CODES, [...new Set(ALL_CODES)].sort());
  for (const code of ALL_CODES) assert.match(code, /^[A-Z]{2}$/);
});

test('17 of the 26 codes that start with B have a flag, as in the book', () => {
  const searched = expandCodes({ ...nothing, codes: ['b'] });
  assert.equal(searched.length, 26);
  assert.equal(searched.filter((code) => ALL_CODES.includes(code)).length, 17);
});

test('the first 100 of all codes are AD to LK, as in the report of the book', () => {
  const codes = expandCodes({ ...nothing, all: true, limit: 100 });
  assert.deepEqual([codes.length, codes.at(0), codes.at(-1)], [100, 'AD', 'LK']);
});

test('no argument means the 20 most populous countries, which all have a flag', () => {
  assert.deepEqual(expandCodes(nothing).join(' '), 'BD BR CD CN DE EG ET FR ID IN IR JP MX NG PH PK RU TR US VN');
  assert.deepEqual(POP20.slice(0, 3), ['CN', 'IN', 'US']);
  assert.ok(POP20.every((code) => ALL_CODES.includes(code)));
});

test('every is AA to ZZ, and goes before all and the arguments', () => {
  const codes = expandCodes({ codes: ['BR'], every: true, all: true, limit: undefined });
  assert.deepEqual([codes.length, codes[0], codes[26], codes[675]], [676, 'AA', 'BA', 'ZZ']);
});

test('all goes before the arguments, malformed ones too', () => {
  assert.deepEqual(expandCodes({ ...nothing, all: true, codes: ['B7'] }), ALL_CODES);
});

test('any letters in any case give their codes: sorted, each once, the first of them up to the limit', () => {
  const letter = fc.constantFrom(...LETTERS.split(''), ...LETTERS.toLowerCase().split(''));
  const argument = fc.array(letter, { minLength: 1, maxLength: 2 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(
      fc.array(argument, { minLength: 1, maxLength: 40 }),
      fc.option(fc.integer({ min: 1, max: 700 }), { nil: undefined }),
      (codes, limit) => {
        // From the answer's side: walk all possible codes in order and ask whether an argument asks for it.
        const wanted = new Set(codes.map((code) => code.toUpperCase()));
        const expected: string[] = [];
        for (const first of LETTERS) {
          for (const second of LETTERS) {
            if (wanted.has(first) || wanted.has(first + second)) expected.push(first + second);
          }
        }
        assert.deepEqual(expandCodes({ ...nothing, codes, limit }), expected.slice(0, limit));
      },
    ),
    { seed: 17 },
  );
});

test('any other argument is a usage error that names it', () => {
  const other = fc.string({ unit: 'binary', maxLength: 4 }).filter((text) => !/^[A-Za-z]{1,2}$/.test(text));
  const named = fc.constantFrom('', 'B7', 'BRA', ' BR', 'B R', 'ß', '\u212a', '\u017f', '-a', 'BR\n');
  fc.assert(
    fc.property(fc.oneof(named, other), (text) => {
      assert.throws(
        () => expandCodes({ ...nothing, codes: ['BR', text] }),
        (error) =>
          error instanceof UsageError &&
          error.message === `${JSON.stringify(text)}: each CC argument must be A to Z or AA to ZZ`,
      );
    }),
    { seed: 18 },
  );
});
