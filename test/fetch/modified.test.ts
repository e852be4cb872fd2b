import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { timeOf } from '../../src/fetch/modified.js';

const TIME = Date.UTC(1994, 10, 6, 8, 49, 37);
const NOW = Date.UTC(2026, 0, 1);

test('the three forms of dates in HTTP are read, all in GMT', () => {
  assert.equal(timeOf('Sun, 06 Nov 1994 08:49:37 GMT', NOW), TIME);
  assert.equal(timeOf('Sunday, 06-Nov-94 08:49:37 GMT', NOW), TIME);
  assert.equal(timeOf('Sun Nov  6 08:49:37 1994', NOW), TIME);
});

test('what is no date, or cannot be the time of a file, is none', () => {
  const wrong = ['', 'GMT', ' GMT', '0', 'yesterday', '1994-11-06', 'Sun, 99 Nov 1994 08:49:37 GMT', 'Thu, 01 Jan 1969 00:00:00 GMT', 'Fri, 01 Jan 2106 00:00:00 GMT']; // prettier-ignore
  for (const text of wrong) assert.equal(timeOf(text, NOW), undefined, text);
});

test('a server may be ahead by a day', () => {
  assert.equal(timeOf('Fri, 02 Jan 2026 00:00:00 GMT', NOW), NOW + 86_400_000);
  assert.equal(timeOf('Fri, 02 Jan 2026 00:00:01 GMT', NOW), undefined);
});

test('every second up to now is read as it was written', () => {
  const seconds = fc.integer({ min: 0, max: NOW / 1000 });
  fc.assert(fc.property(seconds, (s) => assert.equal(timeOf(new Date(1000 * s).toUTCString(), NOW), 1000 * s)));
});

test('no text makes it fail', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const time = timeOf(`${text} GMT`, NOW);
      assert.ok(time === undefined || (time >= 0 && time <= NOW + 86_400_000));
    }),
  );
});
