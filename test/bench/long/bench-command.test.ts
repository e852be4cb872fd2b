import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertInterrupted, assertMeasures, benchIn, disturb } from '../../helpers/bench-command.js';
import { sluice, warmSluice } from '../../helpers/cli.js';
import { noPowerless, noSmallDisk, onSmallDisk, powerless } from '../../helpers/faults.js';
import { scratch } from '../../helpers/scratch.js';

/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 600_000;

describe('sluice bench', { timeout }, () => {
  test('measures each strategy in each round, tells it in three ways, and leaves nothing but them', (t) =>
    assertMeasures(t, ['inline', 'pool']));
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
      const { status, stderr } = await warmSluice(['bench', '-d', 'there', ...args], { cwd });
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
  test('by SIGINT removes what it has stored, and its processes are gone', (t) => assertInterrupted(t, 'SIGINT', 130));

  const noChildren = process.platform !== 'linux' && 'only Linux lists the children of a process';
  test('by the end of its server removes what it has stored, and says so', { skip: noChildren }, async (t) => {
    const { status, stderr } = await disturb(t, (pid) => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number);
      const server = children.find((child) =>
        readFileSync(`/proc/${child}/cmdline`, 'latin1').includes('server/entry'),
      );
      process.kill(server as number, 'SIGKILL');
    });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /ended by SIGKILL/);
  });
});
