import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, FetchError } from '../../src/errors.js';
import type { Failed, NotFound } from '../../src/outcome.js';
import { Failures } from '../../src/terminal/failures.js';

function failure(url: string, code: ErrorCode, message: string): Failed | NotFound {
  return { status: 'error', index: 0, url, error: new FetchError({ url, name: '' }, { code, message, hint: '' }) };
}

test('of many failures the first are shown, and the first of each cause; at the end each cause with its status and an example', () => {
  const failures = new Failures();
  const shown: string[] = [];
  const note = (url: string, code: ErrorCode, message: string): void => {
    if (failures.note(failure(url, code, message), url)) shown.push(url);
  };
  for (let n = 0; n < 200; n += 1) note(`a${n}`, 'HTTP_STATUS', 'the server answered 404');
  for (let n = 0; n < 52; n += 1) note(`b${n}`, 'HTTP_STATUS', 'the server answered 500');
  note('c', 'NET_RESET', 'the connection was reset');
  assert.deepEqual(shown, [...Array.from({ length: 10 }, (_, n) => `a${n}`), 'b0', 'c']);
  assert.equal(
    failures.describe(),
    '253 items failed:\n  200 HTTP_STATUS 404, such as a0\n  52 HTTP_STATUS 500, such as b0\n  1 NET_RESET, such as c\n',
  );
});

test('where all failures were shown there is nothing more to tell', () => {
  const failures = new Failures();
  for (let n = 0; n < 10; n += 1) assert.ok(failures.note(failure('a', 'NET_RESET', ''), 'a'));
  assert.equal(failures.describe(), '');
});

test('causes without a bound cost nothing without a bound', () => {
  const failures = new Failures();
  let shown = 0;
  for (let n = 0; n < 900; n += 1) {
    if (failures.note(failure('a', 'HTTP_STATUS', `the server answered ${100 + n}`), 'a')) shown += 1;
  }
  assert.equal(shown, 20);
  assert.match(failures.describe(), /\n {2}880 of other causes\n$/);
});
