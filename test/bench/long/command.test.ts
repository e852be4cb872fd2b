/** What `sluice bench` takes longer for than the tests of each day have time. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { HeadlineReport } from '../../../src/bench/headline.js';
import { STRATEGIES } from '../../../src/bench/report.js';
import { assertInterrupted, assertMeasures, benchIn, QUICK, reportIn, writeList } from '../../helpers/bench-command.js';
import { scratch } from '../../helpers/scratch.js';

/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 600_000;

describe('sluice bench', { timeout }, () => {
  test('measures all strategies, each in each round', (t) => assertMeasures(t, STRATEGIES));

  test("finds the book's figures with --flags", async (t) => {
    const cwd = scratch(t);
    const { status, stdout, stderr } = await benchIn(cwd, '--flags', '--latency', '10', '--json', 'report.json');
    assert.equal(status, 0, stderr);
    const { cases, latency } = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as HeadlineReport;
    assert.equal(latency, 10);
    assert.deepEqual(
      cases.map(({ requests, book }) => [requests, book]),
      [
        [20, 5],
        [600, 70],
      ],
    );
    for (const { requests, sequential, ratio } of cases) {
      assert.ok(1000 * sequential.least >= requests * latency, `${requests} took ${sequential.least} s`);
      assert.ok(stdout.includes(`${ratio.median.toFixed(ratio.median < 100 ? 1 : 0)} times as fast`), stdout);
    }
    assert.ok((cases[1]?.ratio.median ?? 0) > 2, stdout);
    assert.match(stdout, /the book: over 70/);
    assert.deepEqual(readdirSync(cwd), ['report.json']);
  });

  test('measures a list of the user’s own server', async (t) => {
    const cwd = scratch(t);
    await writeList(t, join(cwd, 'list'), 30, (_request, response) => response.end('a body'));
    const args = ['--url-list', 'list', '--files', '99', '--strategies', 'pool,inline', '--json', 'report.json'];
    const { status, stderr } = await benchIn(cwd, ...QUICK, '--advice', '0', ...args);
    assert.equal(status, 0, stderr);
    const { strategies, work } = reportIn(cwd);
    assert.deepEqual([work.list, work.server], ['list', null]);
    assert.deepEqual(
      strategies.map(({ strategy, files, runs }) => [strategy, files, runs[0]?.bytes]),
      [
        ['inline', 30, 180],
        ['pool', 30, 180],
      ],
    );
  });

  test('says what failed', async (t) => {
    const cwd = scratch(t);
    await writeList(t, join(cwd, 'list'), 20, ({ url }, response) => {
      response.writeHead(url === '/f7' ? 404 : 200).end('a body');
    });
    const args = ['--url-list', 'list', '--files', '99', '--strategies', 'inline,pool', '--json', 'report.json'];
    const { status, stdout, stderr } = await benchIn(cwd, ...QUICK, '--advice', '0', ...args);
    assert.equal(status, 0, stderr);
    const { strategies } = reportIn(cwd);
    assert.deepEqual(
      strategies.map(({ failed, runs }) => [failed, runs.map(({ stored }) => stored)]),
      [
        [3, [19, 19, 19]],
        [3, [19, 19, 19]],
      ],
    );
    assert.match(stdout, /Of 60 files of inline, 3 failed/);
  });

  test('finds the layout that gains where names are slow, and proves it in its rounds', async (t) => {
    const cwd = scratch(t);
    // Starting counts for both: the ratio depends on how it compares with the waits of one by one, four seconds.
    const slow = ['--simulate-latency', '80,0', '--strategies', 'inline', '--rounds', '3', '--files', '50'];
    const { status, stdout, stderr } = await benchIn(cwd, ...slow, '--advice', '60', '--json', 'report.json');
    assert.equal(status, 0, stderr);
    const { advice, storage, strategies } = reportIn(cwd);
    assert.deepEqual(storage.simulated, { name: 80, write: 0 });
    for (const { elapsed, files } of strategies) assert.ok(elapsed.least >= (files * 80) / 1000);
    assert.ok(advice !== null && advice.tried.length >= 3);
    assert.notEqual(advice.best.layout, 'flat');
    assert.match(advice.flags, new RegExp(`--layout ${advice.best.layout}`));
    assert.ok(advice.gain.least > 2, JSON.stringify(advice.gain));
    assert.match(stdout, /On storage simulated to be slow, --layout (?:hashed|tar)/);
    assert.deepEqual(readdirSync(cwd), ['report.json']);
  });

  test('interrupted by SIGTERM removes what it has stored, and its processes are gone', (t) =>
    assertInterrupted(t, 'SIGTERM', 143));
});
