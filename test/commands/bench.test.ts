import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { HeadlineReport } from '../../src/bench/headline.js';
import type { BenchReport } from '../../src/bench/report.js';
import { CLI, type Ran, sluice } from '../helpers/cli.js';
import { noPowerless, noSmallDisk, onSmallDisk, powerless } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';

/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 120_000;
const QUICK = ['--rounds', '3', '--seconds', '0.1', '--advice', '0', '-m', '4'];

async function benchIn(cwd: string, ...args: readonly string[]): Promise<Ran> {
  return sluice(['bench', '-d', 'there', ...args], { cwd });
}

function reportIn(cwd: string): BenchReport {
  return JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as BenchReport;
}

describe('sluice bench', { timeout }, () => {
  test('measures each strategy in each round, tells it in three ways, and leaves nothing but them', async (t) => {
    const cwd = scratch(t);
    const args = ['--files', '100', '--html', 'report.html', '--json', 'report.json'];
    const { status, stdout, stderr } = await benchIn(cwd, ...QUICK, ...args);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(cwd).toSorted(), ['report.html', 'report.json']);
    const report = reportIn(cwd);
    assert.deepEqual(
      report.strategies.map(({ strategy }) => strategy),
      ['sequential', 'inline', 'libuv', 'threads', 'pool'],
    );
    for (const { strategy, files, runs, failed, timeline } of report.strategies) {
      assert.equal(failed, 0, strategy);
      assert.deepEqual(
        runs.map(({ round, stored }) => [round, stored]),
        [1, 2, 3].map((round) => [round, files]),
        strategy,
      );
      assert.equal(timeline.fetched.at(-1), files, strategy);
      assert.equal(timeline.stored.at(-1), files, strategy);
      assert.ok(stdout.includes(strategy), stdout);
    }
    assert.equal(report.ratios.length, 8);
    assert.match(stdout, /Only 3 rounds/);
    assert.ok(readFileSync(join(cwd, 'report.html'), 'utf8').includes(report.answer[0] as string));
  });

  test('measures a list of the user’s own server', async (t) => {
    const server = createServer((_request, response) => response.end('a body')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const cwd = scratch(t);
    const { port } = server.address() as AddressInfo;
    const lines = Array.from({ length: 30 }, (_, n) => `http://127.0.0.1:${port}/f${n}\n`);
    writeFileSync(join(cwd, 'list'), lines.join(''));
    const args = ['--url-list', 'list', '--files', '99', '--strategies', 'pool,inline', '--json', 'report.json'];
    const { status, stderr } = await benchIn(cwd, ...QUICK, ...args);
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
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/f7' ? 404 : 200).end('a body');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const cwd = scratch(t);
    const { port } = server.address() as AddressInfo;
    const lines = Array.from({ length: 20 }, (_, n) => `http://127.0.0.1:${port}/f${n}\n`);
    writeFileSync(join(cwd, 'list'), lines.join(''));
    const args = ['--url-list', 'list', '--files', '99', '--strategies', 'inline,pool', '--json', 'report.json'];
    const { status, stdout, stderr } = await benchIn(cwd, ...QUICK, ...args);
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      reportIn(cwd).strategies.map(({ failed, runs }) => [failed, runs.map(({ stored }) => stored)]),
      [
        [3, [19, 19, 19]],
        [3, [19, 19, 19]],
      ],
    );
    assert.match(stdout, /Of 60 files of inline, 3 failed/);
  });
});

describe('sluice bench finds', { timeout }, () => {
  test('the layout that gains where names are slow, and proves it in pairs', async (t) => {
    const cwd = scratch(t);
    const slow = ['--simulate-latency', '4,0', '--strategies', 'inline,pool', '--rounds', '3', '--files', '150'];
    const { status, stdout, stderr } = await benchIn(cwd, ...slow, '--advice', '10', '--json', 'report.json');
    assert.equal(status, 0, stderr);
    const { advice, storage } = reportIn(cwd);
    assert.deepEqual(storage.simulated, { name: 4, write: 0 });
    assert.ok(advice !== null && advice.tried.length >= 3);
    assert.notEqual(advice.best.layout, 'flat');
    assert.match(advice.flags, new RegExp(`--layout ${advice.best.layout}`));
    assert.ok(advice.gain.least > 2, JSON.stringify(advice.gain));
    assert.match(stdout, /On storage simulated to be slow, --layout (?:hashed|tar)/);
    assert.deepEqual(readdirSync(cwd), ['report.json']);
  });

  test("the book's figures with --flags", async (t) => {
    const cwd = scratch(t);
    const { status, stdout, stderr } = await benchIn(cwd, '--flags', '--latency', '5', '--json', 'report.json');
    assert.equal(status, 0, stderr);
    const { cases, latency } = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as HeadlineReport;
    assert.equal(latency, 5);
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
});

describe('sluice bench refuses, before anything is measured,', { timeout }, () => {
  const wrong: readonly (readonly [title: string, args: readonly string[], message: RegExp])[] = [
    ['fewer than three rounds', ['--rounds', '2'], /--rounds 2 is too few: give 3 or more/],
    [
      'a strategy that there is not',
      ['--strategies', 'magic'],
      /--strategies knows no "magic": choose from sequential/,
    ],
    ['a list that is not there', ['--url-list', 'nothing'], /nothing/],
    [
      'a list and what the embedded server does',
      ['--url-list', 'x', '--latency', '5'],
      /--latency does not go with --url-list/,
    ],
    [
      'an image check of what is no image',
      ['--image-check', 'pixels', '--body-size', '1KiB'],
      /--image-check pixels does not go/,
    ],
    ['a size that is none', ['--body-size', 'much'], /--body-size much/],
    ['an error rate above one', ['--error-rate', '2'], /--error-rate 2/],
    ['latencies that are none', ['--simulate-latency', '5'], /--simulate-latency 5 is no pair/],
    ['memory that is too small', ['--memory', '1MiB'], /--memory 1MiB is too small/],
    ['a report that cannot be written', ['--json', 'no/such/folder'], /--json no\/such\/folder cannot be written/],
    ['a page of what has no charts', ['--flags', '--html', 'page'], /--html does not go with --flags/],
  ];
  for (const [title, args, message] of wrong) {
    test(title, async (t) => {
      const cwd = scratch(t);
      const { status, stderr } = await benchIn(cwd, ...args);
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n +at /);
      assert.deepEqual(readdirSync(cwd), []);
    });
  }

  test('a list with a host that is dead among others', async (t) => {
    const server = createServer((_request, response) => response.end('a body')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const [alive, dead] = [server, closed].map((each) => (each.address() as AddressInfo).port);
    closed.close();
    t.after(() => server.close());
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list'), `http://127.0.0.1:${alive}/a\nhttp://127.0.0.1:${dead}/b\n`);
    const { status, stderr } = await benchIn(cwd, '--url-list', 'list');
    assert.equal(status, 2, stderr);
    assert.match(stderr, new RegExp(`http://127.0.0.1:${dead} cannot be reached`));
    assert.deepEqual(readdirSync(cwd), ['list']);
  });

  test('a destination without room', { skip: noSmallDisk }, async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'there'));
    const { status, stderr } = await sluice(['bench', '-d', 'there', '--files', '1000'], {
      cwd,
      within: onSmallDisk(join(cwd, 'there'), 'size=1m'),
    });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /no room for a run of 1000 files/);
  });

  test('a destination that may not be written to', { skip: noPowerless }, async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'there'), { mode: 0o555 });
    const { status, stderr } = await sluice(['bench', '-d', 'there'], { cwd, within: powerless });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cannot write to --directory .*there: permission denied/);
  });

  test('a destination where a bench that was killed has left its files', async (t) => {
    const cwd = scratch(t);
    mkdirSync(join(cwd, 'there', '.sluice-bench-abcdef'), { recursive: true });
    const { status, stderr } = await benchIn(cwd);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /\.sluice-bench-abcdef is what another bench stores, or has left when it was killed/);
  });
});

describe('sluice bench that is interrupted', { timeout }, () => {
  for (const [signal, expected] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`by ${signal} removes what it has stored, and its processes are gone`, async (t) => {
      const cwd = scratch(t);
      const args = ['bench', '-d', 'there', '--seconds', '5', '--advice', '0', '--simulate-latency', '1,1'];
      // A group of its own, as a terminal makes it: the signal goes to all of it.
      const child = spawn(process.execPath, [CLI, ...args], { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      const group = -(child.pid as number);
      const closed = once(child, 'close');
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.stdout.resume();
      while (!existsSync(join(cwd, 'there')) || filesBelow(join(cwd, 'there')) < 50) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      process.kill(group, signal);
      const [status, by] = (await closed) as [number | null, string | null];
      assert.ok(status === expected || by === signal, `${status}, ${by}: ${stderr}`);
      assert.match(stderr, /\*\*\* Interrupted/);
      assert.deepEqual(readdirSync(cwd), []);
      assert.throws(() => process.kill(group, 0), { code: 'ESRCH' });
    });
  }
});

function filesBelow(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true }).length;
  } catch {
    // A folder was removed while it was read.
    return 0;
  }
}
