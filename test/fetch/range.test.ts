import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRestOf, isWorthKeeping, wholeOf } from '../../src/fetch/range.js';

type Headers = Readonly<Record<string, string>>;

const raw = (headers: Headers): Buffer[] =>
  Object.entries(headers)
    .flat()
    .map((text) => Buffer.from(text, 'latin1'));
const LENGTH = { 'Content-Length': '5000000' };
const DATE = { Date: 'Sat, 21 Nov 2026 14:00:00 GMT' };
const PLACE = 'http://localhost/a';
const OLD = 'Sat, 21 Nov 2026 13:59:00 GMT';

describe('a body can be gone on with', () => {
  const proven: Readonly<Record<string, readonly [Headers, string]>> = {
    'that has a strong tag': [{ ...LENGTH, ETag: '"a-1"' }, '"a-1"'],
    'whatever the case of the names': [{ 'content-LENGTH': '5000000', eTAG: '""' }, '""'],
    'that was changed a minute before': [{ ...LENGTH, ...DATE, 'Last-Modified': OLD }, OLD],
    'by its tag, if it has both': [{ ...LENGTH, ...DATE, 'Last-Modified': OLD, ETag: '"x"' }, '"x"'],
  };
  for (const [what, [headers, validator]] of Object.entries(proven)) {
    test(what, () => assert.deepEqual(wholeOf(raw(headers), PLACE), { validator, total: 5_000_000, place: PLACE }));
  }

  test('only from 2 MiB on', () => {
    assert.deepEqual(['2097151', '2097152', 'x', ''].map(isWorthKeeping), [false, true, false, false]);
  });
});

describe('a body cannot be gone on with', () => {
  const unproven: Readonly<Record<string, Headers>> = {
    'that has a weak tag': { ...LENGTH, ETag: 'W/"a"' },
    'that has a weak tag and an old date': { ...LENGTH, ...DATE, 'Last-Modified': OLD, ETag: 'W/"a"' },
    'that has a tag without quotes': { ...LENGTH, ETag: 'a' },
    'that has a tag with a quote, or a line in it': { ...LENGTH, ETag: '"a"b"' },
    'that has neither tag nor date': { ...LENGTH, ...DATE },
    'that was changed less than a minute before': {
      ...LENGTH,
      ...DATE,
      'Last-Modified': 'Sat, 21 Nov 2026 13:59:01 GMT',
    },
    'that was changed later': { ...LENGTH, ...DATE, 'Last-Modified': 'Sat, 21 Nov 2026 15:00:00 GMT' },
    'of which nobody knows when it was sent': { ...LENGTH, 'Last-Modified': OLD },
    'with two tags': { ...LENGTH, ETag: '"a"', etag: '"b"' },
    'with two lengths': { ...LENGTH, ETag: '"a"', 'content-length': '6000000' },
    'that is encoded': { ...LENGTH, ETag: '"a"', 'Content-Encoding': 'gzip' },
  };
  for (const [what, headers] of Object.entries(unproven)) {
    test(what, () => assert.equal(wholeOf(raw(headers), PLACE), undefined));
  }
});

describe('an answer', () => {
  const TAGGED = { validator: '"a"', total: 5_000_000, place: PLACE, from: 1_000_000 };
  const DATED = { ...TAGGED, validator: OLD };
  const REST = { ETag: '"a"', 'Content-Range': 'bytes 1000000-4999999/5000000', 'Content-Length': '4000000' };

  test('is the rest with the right range and tag, with or without a length', () => {
    const { 'Content-Length': _, ...chunked } = REST;
    assert.equal(isRestOf(TAGGED, raw(REST)), true);
    assert.equal(isRestOf(TAGGED, raw(chunked)), true);
    assert.equal(isRestOf(TAGGED, raw({ ...REST, 'Content-Range': 'Bytes 1000000-4999999/5000000' })), true);
  });

  test('need not repeat a date', () => {
    const { ETag: _, ...untagged } = REST;
    assert.equal(isRestOf(DATED, raw(untagged)), true);
    assert.equal(isRestOf(DATED, raw({ ...untagged, 'Last-Modified': OLD })), true);
    assert.equal(isRestOf(DATED, raw({ ...untagged, 'Last-Modified': DATE.Date })), false);
  });

  const misfits: Readonly<Record<string, Headers>> = {
    'a range that begins later': { 'Content-Range': 'bytes 1000001-4999999/5000000' },
    'a range that begins before': { 'Content-Range': 'bytes 0-4999999/5000000' },
    'a range that ends before the end': { 'Content-Range': 'bytes 1000000-4999998/5000000' },
    'another total': { 'Content-Range': 'bytes 1000000-4999999/5000001' },
    'an unknown total': { 'Content-Range': 'bytes 1000000-4999999/*' },
    'another unit': { 'Content-Range': 'lines 1000000-4999999/5000000' },
    'no range': { 'Content-Range': '' },
    'another length': { 'Content-Length': '3999999' },
    'another tag': { ETag: '"b"' },
    'a weak tag': { ETag: 'W/"a"' },
    'no tag': { ETag: '' },
    'a coding': { 'Content-Encoding': 'gzip' },
    'several ranges': { 'Content-Range': '', 'Content-Type': 'multipart/byteranges; boundary=x' },
  };
  for (const [what, headers] of Object.entries(misfits)) {
    test(`is not the rest with ${what}`, () => assert.equal(isRestOf(TAGGED, raw({ ...REST, ...headers })), false));
  }
});
