import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FetchError } from '../../src/errors.js';
import type { Outcome } from '../../src/outcome.js';
import { LastFailures } from '../../src/page/failures.js';
import { HostTable } from '../../src/page/hosts.js';

function stored(url: string, after: number, tries = 1): Outcome {
  const times = { asked: 1000, answered: 1000 + after, fetched: 2000, stored: 3000 };
  const file = { index: 0, name: 'a', path: '/a', crc32: 0, size: 1, unproven: false, bent: false };
  return { ...file, status: 'ok', url, answer: undefined, times, tries };
}

function failed(
  url: string,
  code: 'NET_RESET' | 'LIST_LINE' = 'NET_RESET',
  message = 'no',
): Extract<Outcome, { status: 'error' }> {
  return { status: 'error', index: 0, url, error: new FetchError({ url, name: 'a' }, { code, message, hint: 'wait' }) };
}

describe('servers', () => {
  test('are told by how long they take to answer, and by how much fails', () => {
    const table = new HostTable();
    table.note(stored('http://quick/1', 5));
    table.note(stored('http://slow:8080/1', 300, 3));
    table.note(stored('http://slow:8080/2', 500));
    table.note(failed('https://ann:s3cret@bad/x'));
    assert.deepEqual(table.worst, {
      slowest: [
        { host: 'slow:8080', items: 2, failed: 0, again: 2, answer: 400, code: null },
        { host: 'quick', items: 1, failed: 0, again: 0, answer: 5, code: null },
      ],
      failing: [{ host: 'bad', items: 1, failed: 1, again: 0, answer: null, code: 'NET_RESET' }],
      isPartial: false,
    });
  });

  test('of ten thousand keeps those that are worst, in bounded memory', () => {
    const table = new HostTable();
    table.note(failed('http://worst/'));
    table.note(failed('http://worst/'));
    table.note(stored('http://slowest/', 9_999));
    for (let host = 0; host < 10_000; host += 1) table.note(stored(`http://h${host}/`, host % 100));
    const { slowest, failing, isPartial } = table.worst;
    assert.equal(slowest[0]?.host, 'slowest');
    assert.deepEqual(
      failing.map(({ host, failed: times }) => [host, times]),
      [['worst', 2]],
    );
    assert.deepEqual([slowest.length, isPartial, table.size <= 512], [10, true, true]);
  });

  test('of a line that is no URL are not told: it may have a password anywhere', () => {
    const table = new HostTable();
    table.note(failed('http://ann:s3/cret@host/', 'LIST_LINE'));
    assert.deepEqual(table.worst.failing, []);
  });
});

describe('the last failures', () => {
  test('are the last twenty, the last one first, without passwords and what a terminal would obey', () => {
    const last = new LastFailures();
    assert.equal(last.shown.length, 0);
    for (let n = 0; n < 45; n += 1) {
      last.note(failed(`http://ann:s3cret@h/${n}`, 'NET_RESET', `http://h/${n}: reset\u001b[2J<b>`));
      assert.equal(last.shown.length, Math.min(20, n + 1));
      assert.equal(last.shown[0]?.url, `http://ann:***@h/${n}`);
    }
    assert.deepEqual(
      last.shown.map(({ url }) => url.slice(17)),
      Array.from({ length: 20 }, (_, n) => `${44 - n}`),
    );
    assert.equal(last.shown[0]?.message, String.raw`reset\u{1b}[2J<b>`);
  });
});
