import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { flagUrl, parseLabel, SITES } from '../../src/flags/sites.js';

test('the four labels have the base URLs of the book, on localhost:8001 to 8003', () => {
  assert.deepEqual(SITES, {
    REMOTE: 'https://www.fluentpython.com/data/flags',
    LOCAL: 'http://localhost:8001/flags',
    DELAY: 'http://localhost:8002/flags',
    ERROR: 'http://localhost:8003/flags',
  });
});

test('a label is read in any case', () => {
  assert.deepEqual(['remote', 'Local', 'dElAy', 'ERROR'].map(parseLabel), ['REMOTE', 'LOCAL', 'DELAY', 'ERROR']);
});

test('another label is a usage error that names it and the four', () => {
  for (const text of ['', 'CDN', 'LOCAL ', 'toString', '__proto__']) {
    assert.throws(
      () => parseLabel(text),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(JSON.stringify(text)) &&
        error.hint.includes('REMOTE, LOCAL, DELAY, ERROR'),
      text,
    );
  }
});

test("a flag's URL has the code in lower case, twice", () => {
  assert.equal(flagUrl(SITES.LOCAL, 'BR'), 'http://localhost:8001/flags/br/br.gif');
});
