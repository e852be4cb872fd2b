import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ErrorCode } from '../../src/errors.js';
import { parseRetryAfter, retryDelay } from '../../src/schedule/retry.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import type { AttemptFailure } from '../../src/fetch/failure.js';

const POLICY: RetryPolicy = { tries: 5, baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 40_000, patience: 60_000 };
/** Sunday, 6 November 1994, 08:49:37 GMT: the date of the examples in RFC 9110, 5.6.7. */
const NOW = 784_111_777_000;

function failed(code: ErrorCode, more: Partial<AttemptFailure> = {}): AttemptFailure {
  return { error: { code, message: 'it failed', hint: 'none' }, ...more };
}

function answered(status: number, retryAfter?: string): AttemptFailure {
  return failed('HTTP_STATUS', { status, retryAfter });
}

describe('retryDelay', () => {
  const transient: ErrorCode[] = [
    'NET_RESET',
    'NET_REFUSED',
    'NET_UNREACHABLE',
    'NET_TIMEOUT',
    'NET_TOO_MANY_OPEN',
    'BODY_CUT',
    'BODY_EXCESS',
    'STORE_CROWDED',
    'WORKER_LOST',
  ];
  const final: ErrorCode[] = [
    'HTTP_BROKEN',
    'HTTP_REDIRECT',
    'NET_DNS',
    'NET_TLS',
    'NET_OTHER',
    'BODY_UNPROVEN',
    'BODY_ENCODING',
    'BODY_TOO_LARGE',
    'STORE_FULL',
    'ABORTED',
    'INTERNAL',
  ];
  for (const code of transient) {
    it(`tries again after ${code}`, () => assert.equal(retryDelay(failed(code), 1, POLICY, NOW, 0.5), 250));
  }
  for (const code of final) {
    it(`does not try again after ${code}`, () =>
      assert.equal(retryDelay(failed(code), 1, POLICY, NOW, 0.5), undefined));
  }
  for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
    it(`tries again after status ${status}`, () => assert.equal(retryDelay(answered(status), 1, POLICY, NOW, 0), 0));
  }
  for (const status of [201, 204, 206, 304, 400, 401, 403, 405, 416, 451, 501, 505]) {
    it(`does not try again after status ${status}`, () => {
      assert.equal(retryDelay(answered(status, '0'), 1, POLICY, NOW, 0), undefined);
    });
  }

  it('does not try again after a status that is not known', () => {
    assert.equal(retryDelay(failed('HTTP_STATUS'), 1, POLICY, NOW, 0), undefined);
  });

  it('ends after the last try', () => {
    assert.equal(retryDelay(failed('NET_RESET'), 4, POLICY, NOW, 0), 0);
    assert.equal(retryDelay(failed('NET_RESET'), 5, POLICY, NOW, 0), undefined);
    assert.equal(retryDelay(failed('NET_RESET'), 6, POLICY, NOW, 0), undefined);
    assert.equal(retryDelay(failed('NET_RESET'), 1, { ...POLICY, tries: 1 }, NOW, 0), undefined);
  });

  it('doubles the back-off with each try, up to the longest', () => {
    const almost = 1 - 2 ** -30;
    const policy = { ...POLICY, tries: 100 };
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 99].map((tried) =>
      Math.ceil(retryDelay(failed('NET_RESET'), tried, policy, NOW, almost) ?? -1),
    );
    assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  const asked: [value: string, wait: number][] = [
    ['0', 0],
    ['1', 1_000],
    [' 7 ', 7_000],
    ['39', 39_000],
    ['41', 40_000],
    ['1000000000000', 40_000],
    ['9'.repeat(400), 40_000],
    ['1e12', 0],
    ['-5', 0],
    ['1.5', 0],
    ['', 0],
    ['soon', 0],
    ['Sun, 06 Nov 1994 08:49:47 GMT', 10_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:27 GMT', 0],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 40_000],
  ];
  for (const [value, wait] of asked) {
    it(`waits ${wait} ms for Retry-After: ${value.slice(0, 40)}`, () => {
      assert.equal(retryDelay(answered(503, value), 1, POLICY, NOW, 0), wait);
    });
  }

  it('measures a date against the Date of its answer, whatever the time is here', () => {
    const date = new Date(NOW - 86_400_000).toUTCString();
    const retryAfter = new Date(NOW - 86_400_000 + 5_000).toUTCString();
    const wait = (failure: AttemptFailure): number | undefined => retryDelay(failure, 1, POLICY, NOW, 0);
    assert.equal(wait({ ...answered(503, retryAfter), date }), 5_000);
    assert.equal(wait({ ...answered(503, retryAfter), date: 'noon' }), 0);
    assert.equal(wait({ ...answered(503, date), date: retryAfter }), 0);
    assert.equal(wait({ ...answered(503, '2'), date }), 2_000);
    const late = new Date(NOW + 1e12).toUTCString();
    assert.equal(wait({ ...answered(503, late), date }), POLICY.maxRetryAfter);
  });

  it('waits for the longer of the back-off and Retry-After', () => {
    assert.equal(retryDelay(answered(429, '1'), 4, POLICY, NOW, 0.5), 2_000);
    assert.equal(retryDelay(answered(429, '3'), 4, POLICY, NOW, 0.5), 3_000);
  });

  it('is undefined or lies from 0 to the longest delay, whatever comes', () => {
    const property = fc.property(
      fc.constantFrom(...transient, ...final),
      fc.option(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date({ noInvalidDate: true }).map((d) => d.toUTCString()),
        ),
        {
          nil: undefined,
        },
      ),
      fc.integer({ min: 1, max: 200 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(4e12),
      (code, retryAfter, tried, random, now) => {
        const policy = { ...POLICY, tries: 100 };
        const delay = retryDelay(failed(code, { retryAfter }), tried, policy, now, random);
        if (delay === undefined) return tried >= 100 || final.includes(code);
        return delay >= 0 && delay <= policy.maxRetryAfter && tried < 100 && transient.includes(code);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});

describe('parseRetryAfter', () => {
  const dates = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'];
  for (const zone of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
    for (const date of dates) {
      it(`takes ${date} for GMT where the clock shows ${zone}`, (t) => {
        const before = process.env['TZ'];
        t.after(() => {
          if (before === undefined) delete process.env['TZ'];
          else process.env['TZ'] = before;
        });
        process.env['TZ'] = zone;
        assert.equal(parseRetryAfter(date, NOW - 60_000), 60_000);
      });
    }
  }
});
