import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conditionsAt } from '../../src/fetch/conditions.js';

const DATE = 'Sat, 29 Oct 1994 19:43:31 GMT';
const target = { origin: 'http://a.test', path: '/f?x=1' };
const at = (url: string, etag: string, lastModified = DATE): readonly string[] =>
  conditionsAt({ url, etag, lastModified }, target);

describe('conditions of a request', () => {
  test('both are sent to the place that has told them, the tag first', () => {
    assert.deepEqual(at('http://a.test/f?x=1', '"e"'), ['if-none-match', '"e"', 'if-modified-since', DATE]);
    assert.deepEqual(at('http://a.test/f?x=1', 'W/"e"', ''), ['if-none-match', 'W/"e"']);
    assert.deepEqual(at('http://a.test/f?x=1', ''), ['if-modified-since', DATE]);
  });

  test('with another query only the tag is, and elsewhere nothing', () => {
    assert.deepEqual(at('http://a.test/f?x=2', '"e"'), ['if-none-match', '"e"']);
    assert.deepEqual(at('http://a.test/f', ''), []);
    assert.deepEqual(at('http://a.test/g?x=1', '"e"'), []);
    assert.deepEqual(at('https://a.test/f?x=1', '"e"'), []);
    assert.deepEqual(at('', '', ''), []);
  });

  for (const tag of ['*', 'e', '"e', 'e"', '"a", "b"', '"a\r\nx: y"', 'w/"e"', `"${'e'.repeat(999)}`]) {
    test(`${JSON.stringify(tag).slice(0, 30)} is no tag, and is not sent`, () => {
      assert.deepEqual(at('http://a.test/f?x=1', tag, ''), []);
    });
  }

  for (const date of ['yesterday', '1994-10-29', 'Sat, 29 Oct 1994 19:43:31 GMT\r\nx: y', '0']) {
    test(`${JSON.stringify(date)} is no date of HTTP, and is not sent`, () => {
      assert.deepEqual(at('http://a.test/f?x=1', '', date), []);
    });
  }
});
