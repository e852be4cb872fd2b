import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/outcome.js';
import { describeProgress, ProgressLine } from '../../src/terminal/progress.js';
import { NOTHING_DONE } from '../helpers/summaries.js';

const SUMMARY: Summary = { ...NOTHING_DONE, ok: 10, bytes: 20 << 20, running: 5, elapsed: 10 };

const total = (count: number, isEstimate = false): Summary['total'] => ({ count, isEstimate });

test('a total that is estimated is said to be, and nothing is all done before it is known', () => {
  const estimated = { ...SUMMARY, total: total(40, true) };
  assert.equal(describeProgress(estimated), '10 of about 40 done (25%), 1.0 files/s, 2.0 MiB/s, about 30s left');
  assert.match(describeProgress({ ...SUMMARY, total: total(10, true) }), /^10 of about 10 done \(99%\), /);
  assert.match(describeProgress({ ...SUMMARY, total: total(10) }), /^10\/10 done \(100%\), /);
  assert.match(describeProgress({ ...SUMMARY, ok: 9_999, total: total(10_000) }), /^9999\/10000 done \(99%\), /);
  assert.match(describeProgress({ ...SUMMARY, ok: 0, total: total(0) }), /^0 done, /);
});

test('what is left out is done, and no failure', () => {
  const summary = { ...SUMMARY, disallowed: 5, total: total(20) };
  assert.equal(describeProgress(summary), '15/20 done (75%), 1.5 files/s, 2.0 MiB/s, 5 disallowed, 4s left');
});

test('the line tells how many, how fast and how long still', () => {
  assert.equal(
    describeProgress({ ...SUMMARY, total: total(20) }),
    '10/20 done (50%), 1.0 files/s, 2.0 MiB/s, 10s left',
  );
});

test('the line tells what holds up the run, once that is known', () => {
  const verdict = { bound: 'storage', share: 0.87, detail: '32 writers waiting on rename', advice: 'x' } as const;
  const expected = '10 done, 1.0 files/s, 2.0 MiB/s, held up by storage 87% (32 writers waiting on rename)';
  assert.equal(describeProgress({ ...SUMMARY, verdict }), expected);
});

test('what was there before, and lines that name it twice, are done, and make the run no faster', () => {
  const resumed = { ...SUMMARY, skipped: 592, duplicates: 8, total: total(620) };
  assert.equal(describeProgress(resumed), '610/620 done (98%), 1.0 files/s, 2.0 MiB/s, 10s left');
});

test('the line fits any width, and loses what matters least first', () => {
  const verdict = { bound: 'storage', share: 0.87, detail: '32 writers waiting on rename', advice: 'x' } as const;
  const summary = { ...SUMMARY, errors: 3, notFound: 2, waiting: 5 << 20, total: total(5_000), verdict };
  for (let columns = 5; columns <= 200; columns += 1) assert.ok(describeProgress(summary, columns).length <= columns);
  const rest =
    '15/5000 done (0%), 1.5 files/s, 2.0 MiB/s, 5 failed, 55m24s left, 5.0 MiB waiting for storage, held up by';
  assert.equal(
    describeProgress(summary, 200),
    `[>                   ] ${rest} storage 87% (32 writers waiting on rename)`,
  );
  assert.equal(describeProgress(summary, 150), `[>                   ] ${rest} storage 87%`);
  assert.equal(describeProgress(summary, 120), `${rest} storage 87%`);
  assert.equal(
    describeProgress(summary, 105),
    '15/5000 (0%), 1.5/s, 2.0 MiB/s, 5 failed, 55m24s left, 5.0 MiB waiting, held up by storage 87%',
  );
  const short = '15/5000 (0%), 1.5/s, 2.0 MiB/s, 5 failed, 55m24s left';
  assert.equal(describeProgress(summary, 80), `${short}, held up by storage 87%`);
  assert.equal(describeProgress(summary, 60), short);
  assert.equal(describeProgress(summary, 37), '15/5000 (0%), 5 failed, 55m24s left');
  const estimated = { ...summary, errors: 0, notFound: 0, total: total(5_000, true) };
  assert.equal(describeProgress(estimated, 40), '10/~5000 (0%), 1.0/s, ~1h23m left');
});

test('plain lines say the same, without a bar', () => {
  const summary = { ...SUMMARY, total: total(20) };
  assert.equal(describeProgress(summary), '10/20 done (50%), 1.0 files/s, 2.0 MiB/s, 10s left');
  assert.equal(describeProgress(summary, 200), `[==========>         ] ${describeProgress(summary)}`);
  assert.match(describeProgress({ ...summary, ok: 20 }, 200), /^\[={20}\] 20\/20 done \(100%\), /);
});

test('bytes of bodies that are under way count for how fast it is', () => {
  const summary = { ...SUMMARY, ok: 0, bytes: 0, total: total(2) };
  assert.equal(describeProgress(summary, Infinity, 50 << 20), '0/2 done (0%), 0.0 files/s, 5.0 MiB/s');
});

test('how fast a run is, and how long still, is that of its last half minute', () => {
  const line = new ProgressLine();
  let told = '';
  for (let elapsed = 0; elapsed <= 300; elapsed += 0.5) {
    // A hundred a second, then ten.
    const ok = elapsed < 200 ? 100 * elapsed : 20_000 + 10 * (elapsed - 200);
    const summary = { ...SUMMARY, ok, elapsed, total: total(30_000) };
    told = line.describe({ summary, received: 1024 * ok }, Infinity);
    if (elapsed === 100) assert.equal(told, '10000/30000 done (33%), 100 files/s, 100.0 KiB/s, 3m20s left');
  }
  assert.equal(told, '21000/30000 done (70%), 10.0 files/s, 10.0 KiB/s, 15m00s left');
});
