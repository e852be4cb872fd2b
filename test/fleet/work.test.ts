import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { listPath, shardFolder } from '../../src/fleet/plan-folder.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { failing, noInjection } from '../helpers/faults.js';
import { filesBelow, subfolder } from '../helpers/folders.js';
import { framesIn } from '../helpers/journals.js';
import { bodyAt, servePaths } from '../helpers/paths-server.js';
import { doneOf, namesOf, planOf, startWorker, until } from '../helpers/plans.js';
import { scratch } from '../helpers/scratch.js';

const server = servePaths();

function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${server.origin}/${n % 7}/f${n}`);
}

/** Without what is the program's own. */
function treeOf(directory: string): readonly (readonly [string, string])[] {
  const files = filesBelow(directory).filter((path) => !path.startsWith('.sluice/'));
  return files.map((path) => [path, readFileSync(join(directory, path), 'utf8')]);
}

/** Which file has which name. */
function inodes(directory: string): ReadonlyMap<string, number> {
  const files = filesBelow(directory).filter((path) => !path.startsWith('.sluice'));
  return new Map(files.map((path) => [path, statSync(join(directory, path)).ino]));
}

/** A worker that believes that it is an hour later. */
const AHEAD = `const { Date: Real } = globalThis;
const now = () => Real.now() + 3_600_000;
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length > 0 ? given : [now()])); }
  static now() { return now(); }
};`;
const HOUR_AHEAD = ['--import', `data:text/javascript,${encodeURIComponent(AHEAD)}`];

describe('sluice work', () => {
  for (const options of [
    { layout: 'flat' },
    { layout: 'hashed' },
    { layout: 'flat', name: '{host}/{path}' },
  ] as const) {
    test(`of all parts makes the same tree as a single get, with ${JSON.stringify(options)}`, async (t) => {
      const folder = scratch(t);
      const [one, parts] = [subfolder(folder, 'one'), subfolder(folder, 'parts')];
      // The same name from several folders, a duplicate, and a line that is no URL.
      const lines = [
        ...linesOf(40),
        `${server.origin}/x/f1`,
        `${server.origin}/y/f1`,
        `${server.origin}/0/f0`,
        'no url',
      ];
      writeFileSync(join(folder, 'list'), lines.map((line) => `${line}\n`).join(''));
      const name = 'name' in options ? ['--name', options.name] : [];
      const all = ['-i', 'list', '--layout', options.layout, ...name];
      const planned = await warmSluice(['plan', ...all, '-d', 'parts', '--shard-items', '7'], { cwd: folder });
      assert.equal(planned.status, 0, planned.stderr);
      await warmSluice(['get', ...all, '-d', 'one'], { cwd: folder });
      const asked = server.requested.length;
      const statuses = [];
      for (const part of ['0/3', '1/3', '2/3']) {
        statuses.push((await warmSluice(['work', 'parts', '--shard', part], { cwd: folder })).status);
      }
      // The one with the line that is no URL.
      assert.deepEqual(statuses, [1, 0, 0]);
      assert.deepEqual(treeOf(parts), treeOf(one));
      assert.equal(server.requested.length, 2 * asked);
      const done = Array.from({ length: 7 }, (_, shard) => doneOf(parts, shard));
      const sum = (of: (record: (typeof done)[number]) => number): number =>
        done.reduce((before, record) => before + of(record), 0);
      assert.equal(
        sum(({ rows }) => rows),
        44,
      );
      assert.equal(
        sum(({ ok }) => ok),
        42,
      );
      assert.equal(
        sum(({ duplicates }) => duplicates),
        1,
      );
      assert.equal(
        sum(({ refused }) => refused),
        1,
      );
      assert.equal(
        sum(({ bytes }) => bytes),
        treeOf(one).reduce((bytes, [, text]) => bytes + text.length, 0),
      );
      // Nothing but the journal stays of a claim that is committed.
      assert.deepEqual(namesOf(parts, 0), ['0001', 'done.json']);
      assert.deepEqual(readdirSync(join(shardFolder(parts, 0), '0001')).toSorted(), [
        'claim.json',
        'done.json',
        'journal',
      ]);
    });
  }

  test('of a plan that is done requests nothing', async (t) => {
    const directory = scratch(t);
    await planOf(directory, linesOf(10), { shardItems: 5 });
    assert.equal((await warmSluice(['work', '.'], { cwd: directory })).status, 0);
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(status, 0);
    assert.equal(stderr, '');
    assert.equal(server.requested.length, 10);
  });

  test('takes its part from Slurm', async (t) => {
    const directory = scratch(t);
    await planOf(directory, linesOf(12), { shardItems: 2 });
    const env = { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4', SLURM_ARRAY_TASK_MIN: '1' };
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory, env });
    assert.equal(status, 0);
    assert.match(
      stderr,
      /^Part 2 of 4, from 0, as SLURM_ARRAY_TASK_ID says: 1 shard of 6\.\nShard 2 done: 2 rows, 2 files/,
    );
    assert.deepEqual(readdirSync(join(directory, '.sluice', 'plan', 'shards')), ['00002']);
  });

  test('twice with the same part does each shard once, and both end when all is done', async (t) => {
    const directory = scratch(t);
    server.delay = 20;
    await planOf(directory, linesOf(80), { shardItems: 10 });
    const args = [directory, '--shard', '0/2', '-m', '2', '--lease', '9'];
    const workers = [startWorker(t, args), startWorker(t, args)];
    assert.deepEqual(await Promise.all(workers.map(({ ended }) => ended)), [0, 0]);
    assert.equal(server.requested.length, 40);
    assert.equal(new Set(server.requested).size, 40);
    for (const shard of [0, 2, 4, 6]) assert.equal(doneOf(directory, shard).claim, 1);
  });

  test('that is an hour ahead takes no shard from one that is at work, nor the other way round', async (t) => {
    const directory = scratch(t);
    server.delay = 30;
    await planOf(directory, linesOf(120), { shardItems: 12 });
    const args = [directory, '-m', '2', '--lease', '9'];
    const workers = [startWorker(t, args), startWorker(t, args, { flags: HOUR_AHEAD })];
    assert.deepEqual(await Promise.all(workers.map(({ ended }) => ended)), [0, 0]);
    for (const { stderr } of workers) assert.doesNotMatch(stderr(), /taken over/);
    for (let shard = 0; shard < 10; shard += 1) assert.equal(doneOf(directory, shard).claim, 1);
    assert.equal(server.requested.length, 120);
  });

  for (const layout of ['flat', 'hashed'] as const)
    test(`that was stopped for longer than its lease leaves its shard to who took it, with ${layout}`, async (t) => {
      const directory = scratch(t);
      server.most = 8;
      await planOf(directory, linesOf(60), { shardItems: 30, options: { layout } });
      const stopped = startWorker(t, [directory, '-m', '4', '--lease', '1']);
      await until(() => filesBelow(directory).some((path) => !path.startsWith('.sluice')), 'its first file');
      stopped.process.kill('SIGSTOP');
      server.release();
      const other = startWorker(t, [directory, '--shard', '0/2', '--lease', '1']);
      assert.equal(await other.ended, 0);
      assert.match(other.stderr(), /^Part 0 of 2.*\nShard 0: taken over from \S+ \(process \d+ on /);
      const done = doneOf(directory, 0);
      assert.equal(done.claim, 2);
      assert.equal(done.ok, 30);
      const before = inodes(directory);
      stopped.process.kill('SIGCONT');
      assert.equal(await stopped.ended, 0);
      assert.match(
        stopped.stderr(),
        /\*\*\* Shard 0: taken over by \S+ .*; left to it\.|\*\*\* Shard 0: taken over by another worker; left to it\./,
      );
      assert.match(stopped.stderr(), /Shard 1 done: 30 rows, 30 files/);
      assert.deepEqual(doneOf(directory, 0), done);
      for (const [path, file] of before) assert.equal(inodes(directory).get(path), file, path);
      assert.equal(treeOf(directory).length, 60);
      assert.deepEqual(namesOf(directory, 0), ['0002', 'done.json']);
    });

  test('that is interrupted gives its shard back, and whoever takes it requests nothing that was stored', async (t) => {
    const directory = scratch(t);
    server.most = 16;
    await planOf(directory, linesOf(60), { shardItems: 60 });
    const first = startWorker(t, [directory, '-m', '4']);
    await until(() => filesBelow(directory).filter((path) => /^f\d/.test(path)).length >= 8, 'eight files');
    first.process.kill('SIGINT');
    assert.equal(await first.ended, 130);
    assert.deepEqual(namesOf(directory, 0), ['0001.fenced']);
    const stored = new Set(treeOf(directory).map(([, text]) => text));
    const asked = server.requested.length;
    server.release();
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(status, 0);
    assert.match(stderr, /^Shard 0 done: 60 rows, 60 files/);
    assert.equal(doneOf(directory, 0).claim, 2);
    const again = server.requested.slice(asked).filter((path) => stored.has(bodyAt(path)));
    assert.deepEqual(again, []);
    assert.equal(doneOf(directory, 0).ok, 60);
  });

  test('tells of a list that is damaged, counts nothing of it, and does the others', async (t) => {
    const directory = scratch(t);
    await planOf(directory, linesOf(15), { shardItems: 5 });
    const list = listPath(directory, 1);
    const text = readFileSync(list, 'utf8');
    writeFileSync(list, text.replace('f5', 'g5'));
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(status, 1);
    assert.match(stderr, /\*\*\* Shard 1: .*00001\.jsonl.*; it has failed for good/);
    assert.deepEqual(namesOf(directory, 1), ['0001.fenced', 'failed.json']);
    assert.equal(server.requested.length, 10);
    assert.equal(doneOf(directory, 2).ok, 5);
    const again = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(again.status, 1);
    assert.match(again.stderr, /Shard 1 has failed for good before/);
  });

  test(
    'tries a list again that the storage did not let it read, and calls it damaged only where it is',
    { skip: noInjection },
    async (t) => {
      const directory = scratch(t);
      await planOf(directory, linesOf(6), { shardItems: 3 });
      const list = listPath(directory, 1);
      // The first time of each thread: there is one.
      const within = failing(list, 'openat', 'error=EIO:when=1');
      const env = { UV_THREADPOOL_SIZE: '1' };
      const { status, stderr } = await sluice(['work', '.'], { cwd: directory, within, env });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /Shard 1: cannot read .*00001\.jsonl: the storage failed/);
      assert.deepEqual(
        [0, 1].map((shard) => doneOf(directory, shard).ok),
        [3, 3],
      );
    },
  );

  test('tells of a journal that is damaged, keeps it, and counts nothing of it', async (t) => {
    const directory = scratch(t);
    server.most = 20;
    await planOf(directory, linesOf(60), { shardItems: 40 });
    const first = startWorker(t, [directory, '-m', '4']);
    const path = join(shardFolder(directory, 0), '0001', 'journal');
    // What is damaged at the end of a journal was not written to the end.
    await until(() => existsSync(path) && framesIn(path) > 1, 'a second frame in the journal');
    first.process.kill('SIGKILL');
    await first.ended;
    const bytes = readFileSync(path);
    bytes.fill(0xff, 60, 90);
    writeFileSync(path, bytes);
    server.release();
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(status, 1);
    assert.match(stderr, /\*\*\* Shard 0: .*journal.*; it has failed for good/);
    assert.equal(existsSync(join(shardFolder(directory, 0), 'done.json')), false);
    assert.deepEqual(readFileSync(join(shardFolder(directory, 0), '0001.fenced', 'journal')), bytes);
    assert.equal(doneOf(directory, 1).ok, 20);
  });

  test('needs a plan, and says how to make one', async (t) => {
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: scratch(t) });
    assert.equal(status, 2);
    assert.match(stderr, /there is no plan in .*sluice plan/);
  });

  test('ends with 1 where a row failed', async (t) => {
    const directory = scratch(t);
    await planOf(directory, [...linesOf(3), 'http://127.0.0.1:1/refused'], { shardItems: 2 });
    const { status, stderr } = await warmSluice(['work', '.', '--tries', '1'], { cwd: directory });
    assert.equal(status, 1);
    assert.match(stderr, /Shard 1 done: 2 rows, 1 file, .* 1 error: 1 NET_REFUSED\./);
  });
});

test('an ordinary get into a destination with a plan is refused, and nothing is touched', async (t) => {
  const directory = scratch(t);
  await planOf(directory, linesOf(4), { shardItems: 2 });
  const before = filesBelow(directory);
  const { status, stderr } = await warmSluice(['get', `${server.origin}/other`, '-d', '.'], { cwd: directory });
  assert.equal(status, 2);
  assert.match(stderr, /has a plan, which only its workers store in: run sluice work/);
  assert.deepEqual(filesBelow(directory), before);
  assert.deepEqual(server.requested, []);
});
