/** Plans of the layout `tar`: each shard is one archive, whoever works on it and whatever becomes of them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { shardFolder } from '../../src/fleet/plan-folder.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { filesBelow, subfolder } from '../helpers/folders.js';
import { servePaths } from '../helpers/paths-server.js';
import { doneOf, namesOf, planOf, startWorker, until } from '../helpers/plans.js';
import { scratch } from '../helpers/scratch.js';
import {
  bodiesIn,
  listedByPython,
  listedByTar,
  membersOf,
  noGnuTar,
  noPython,
  shardsIn,
  wholeIn,
} from '../helpers/tars.js';

const server = servePaths();
const options = { layout: 'tar' } as const;

function linesOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${server.origin}/${n % 7}/f${n}`);
}

/** The members of all archives, sorted; fails when one is there twice. */
function allMembers(directory: string): readonly (readonly [string, string])[] {
  const all = shardsIn(directory).flatMap((path) => [...membersOf(readFileSync(path))]);
  assert.equal(new Set(all.map(([name]) => name)).size, all.length);
  return all.map(([name, bytes]) => [name, bytes.toString()] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Names of the items in an archive. */
function itemsIn(path: string): string[] {
  return [...bodiesIn([readFileSync(path)]).keys()].toSorted();
}

/** The unfinished archive of a shard, in whichever claim's folder it is. */
function partOf(directory: string, shard: number): Buffer {
  const folder = shardFolder(directory, shard);
  if (!existsSync(folder)) return Buffer.alloc(0);
  const path = filesBelow(folder).find((name) => name.endsWith('.tar.part'));
  return path === undefined ? Buffer.alloc(0) : readFileSync(join(folder, path));
}

describe('a plan of the layout tar', () => {
  test('worked off in parts has the members of a single get, in an archive for each shard', async (t) => {
    const folder = scratch(t);
    const [one, parts] = [subfolder(folder, 'one'), subfolder(folder, 'parts')];
    const lines = [
      ...linesOf(40),
      `${server.origin}/x/f1`,
      `${server.origin}/0/f0`,
      ...Array<string>(9).fill('no url'),
    ];
    writeFileSync(join(folder, 'list'), lines.map((line) => `${line}\n`).join(''));
    const all = ['-i', 'list', '--layout', 'tar'];
    const planned = await warmSluice(['plan', ...all, '-d', 'parts', '--shard-items', '7'], { cwd: folder });
    assert.equal(planned.status, 0, planned.stderr);
    await warmSluice(['get', ...all, '-d', 'one'], { cwd: folder });
    for (const part of ['0/3', '1/3', '2/3']) await warmSluice(['work', 'parts', '--shard', part], { cwd: folder });
    assert.deepEqual(allMembers(parts), allMembers(one));
    // The last one has no row that is a URL.
    const names = Array.from({ length: 8 }, (_, shard) => `0000${shard}.tar`);
    assert.deepEqual(readdirSync(parts).toSorted(), ['.sluice', ...names]);
    assert.deepEqual(itemsIn(join(parts, '00007.tar')), []);
    for (const path of shardsIn(parts)) {
      if (!noGnuTar) listedByTar(path);
      if (!noPython) listedByPython(path);
    }
    for (let shard = 0; shard < 8; shard += 1) {
      assert.deepEqual(namesOf(parts, shard), ['0001', 'done.json']);
      assert.deepEqual(readdirSync(join(shardFolder(parts, shard), '0001')).toSorted(), [
        'claim.json',
        'done.json',
        'journal',
      ]);
    }
    const verified = await warmSluice(['verify', 'parts'], { cwd: folder });
    assert.match(verified.stdout, /^41 files right/m);
    const status = await warmSluice(['status', 'parts'], { cwd: folder });
    assert.match(status.stdout, /41 files stored/);
  });

  test('has the captions of its list beside their images, as a single get has them', async (t) => {
    const folder = scratch(t);
    const rows = Array.from(
      { length: 9 },
      (_, n) => `${server.origin}/${n}/f${n},${n % 3 === 0 ? '' : `caption ${n}`}`,
    );
    writeFileSync(join(folder, 'list.csv'), ['url,text', ...rows].join('\n'));
    const all = ['-i', 'list.csv', '--layout', 'tar', '--caption-column', 'text'];
    const planned = await sluice(['plan', ...all, '-d', 'plan', '--shard-items', '4'], { cwd: folder });
    assert.equal(planned.status, 0, planned.stderr);
    await sluice(['get', ...all, '-d', 'one'], { cwd: folder });
    const worked = await sluice(['work', 'plan'], { cwd: folder });
    assert.equal(worked.status, 0, worked.stderr);
    const members = allMembers(join(folder, 'plan'));
    assert.deepEqual(members, allMembers(join(folder, 'one')));
    assert.deepEqual(
      members.filter(([name]) => name.endsWith('.txt')).map(([, text]) => text),
      Array.from({ length: 9 }, (_, n) => (n % 3 === 0 ? '' : `caption ${n}`)),
    );
    const again = ['plan', ...all.slice(0, -2), '-d', 'plan', '--shard-items', '4'];
    const other = await sluice(again, { cwd: folder });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /with other --caption-column/);
    const flat = await sluice(['plan', '-i', 'list.csv', '--caption-column', 'text', '-d', 'flat'], { cwd: folder });
    assert.match(flat.stderr, /--caption-column does not go with --layout flat/);
  });

  for (const signal of ['SIGKILL', 'SIGINT'] as const)
    test(`goes on after ${signal} with what is whole, and requests nothing of it`, async (t) => {
      const directory = scratch(t);
      server.most = 20;
      await planOf(directory, linesOf(60), { shardItems: 60, options });
      const first = startWorker(t, [directory, '-m', '4', '--lease', '1']);
      await until(() => wholeIn(partOf(directory, 0)).length >= 12, 'twelve items');
      first.process.kill(signal);
      await first.ended;
      const kept = wholeIn(partOf(directory, 0));
      assert.ok(kept.length >= 12 && kept.length < 60);
      assert.deepEqual(shardsIn(directory), []);
      const asked = server.requested.length;
      server.release();
      const { status, stderr } = await warmSluice(['work', '.', '--lease', '1'], { cwd: directory });
      assert.equal(status, 0, stderr);
      assert.equal(doneOf(directory, 0).ok, 60);
      assert.equal(server.requested.length - asked, 60 - kept.length);
      assert.equal(itemsIn(join(directory, '00000.tar')).length, 60);
      assert.deepEqual(namesOf(directory, 0), ['0002', 'done.json']);
      const verified = await warmSluice(['verify', '.'], { cwd: directory });
      assert.match(verified.stdout, /^60 files right/m);
    });

  test('of a worker that was stopped for longer than its lease: who took the shard has the archive, and keeps it', async (t) => {
    const directory = scratch(t);
    server.most = 8;
    await planOf(directory, linesOf(60), { shardItems: 30, options });
    const stopped = startWorker(t, [directory, '-m', '4', '--lease', '1']);
    await until(() => wholeIn(partOf(directory, 0)).length >= 4, 'four items');
    stopped.process.kill('SIGSTOP');
    server.release();
    const other = startWorker(t, [directory, '--shard', '0/2', '--lease', '1']);
    assert.equal(await other.ended, 0, other.stderr());
    const done = doneOf(directory, 0);
    assert.deepEqual([done.claim, done.ok], [2, 30]);
    const archive = join(directory, '00000.tar');
    const [before, { ino }] = [readFileSync(archive), statSync(archive)];
    stopped.process.kill('SIGCONT');
    assert.equal(await stopped.ended, 0, stopped.stderr());
    assert.match(stopped.stderr(), /\*\*\* Shard 0: taken over by .*; left to it\./);
    assert.match(stopped.stderr(), /Shard 1 done: 30 rows, 30 files/);
    assert.ok(readFileSync(archive).equals(before));
    assert.equal(statSync(archive).ino, ino);
    assert.deepEqual(doneOf(directory, 0), done);
    assert.equal(allMembers(directory).length, 120);
    assert.deepEqual(namesOf(directory, 0), ['0002', 'done.json']);
  });

  test('retried appends the rows that had failed, and replaces the archive at once', async (t) => {
    const directory = scratch(t);
    const urls = linesOf(8);
    const closed = 'http://127.0.0.1:1/late';
    await planOf(directory, [...urls, closed], { shardItems: 9, options });
    const first = await warmSluice(['work', '.', '--tries', '1', '--quiet'], { cwd: directory });
    assert.equal(first.status, 1);
    assert.equal(itemsIn(join(directory, '00000.tar')).length, 8);
    server.forget();
    // It fails again: what was there stays, and nothing else is asked for.
    const again = await warmSluice(['retry', '.', '--tries', '1'], { cwd: directory });
    assert.equal(again.status, 1, again.stderr);
    assert.deepEqual(server.requested, []);
    assert.equal(itemsIn(join(directory, '00000.tar')).length, 8);
    const exported = await warmSluice(['export', '.', '--format', 'jsonl'], { cwd: directory });
    const rows = exported.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    // What was known of them is known still.
    assert.equal(rows.filter((row) => row['status'] === 'ok' && row['http_status'] === 200).length, 8);
    assert.equal((await warmSluice(['verify', '.'], { cwd: directory })).status, 0);
  });

  for (const [what, damage] of [
    ['is gone', (path: string) => rmSync(path)],
    ['is cut', (path: string) => truncateSync(path, 5 * 2_048 + 700)],
  ] as const)
    test(`of which an archive ${what} is repaired, and has what is right of it once`, async (t) => {
      const directory = scratch(t);
      await planOf(directory, linesOf(20), { shardItems: 10, options });
      assert.equal((await warmSluice(['work', '.'], { cwd: directory })).status, 0);
      const before = allMembers(directory);
      damage(join(directory, '00001.tar'));
      assert.equal((await warmSluice(['verify', '.'], { cwd: directory })).status, 1);
      server.forget();
      const { status, stdout, stderr } = await warmSluice(['verify', '.', '--repair'], { cwd: directory });
      assert.equal(status, 0, stdout + stderr);
      assert.equal(server.requested.length, what === 'is gone' ? 10 : 5);
      assert.deepEqual(allMembers(directory), before);
      assert.equal((await warmSluice(['verify', '.'], { cwd: directory })).status, 0);
    });

  test('that was killed when its archive was sealed and not committed requests nothing again', async (t) => {
    const directory = scratch(t);
    await planOf(directory, linesOf(12), { shardItems: 12, options });
    // Its process has to be gone.
    assert.equal((await sluice(['work', '.'], { cwd: directory })).status, 0);
    rmSync(join(shardFolder(directory, 0), 'done.json'));
    rmSync(join(shardFolder(directory, 0), '0001', 'done.json'));
    server.forget();
    const { status, stderr } = await warmSluice(['work', '.', '--lease', '1'], { cwd: directory });
    assert.equal(status, 0, stderr);
    assert.deepEqual(server.requested, []);
    assert.equal(doneOf(directory, 0).ok, 12);
    assert.equal(itemsIn(join(directory, '00000.tar')).length, 12);
  });

  test('with bodies that come in parts has them in the same archive', async (t) => {
    const directory = scratch(t);
    const { createServer } = await import('node:http');
    const large = createServer((request, response) => {
      const size = Number(request.url?.slice(1));
      response.end(Buffer.alloc(size, String(size)));
    });
    await new Promise<void>((resolve) => large.listen(0, '127.0.0.1', resolve));
    t.after(() => large.close());
    const origin = `http://127.0.0.1:${(large.address() as { port: number }).port}`;
    const sizes = [3_000_000, 10, 5_000_001, 20, 2_500_000, 30];
    await planOf(
      directory,
      sizes.map((size) => `${origin}/${size}`),
      { shardItems: 6, options },
    );
    const { status, stderr } = await warmSluice(['work', '.'], { cwd: directory });
    assert.equal(status, 0, stderr);
    const bodies = bodiesIn([readFileSync(join(directory, '00000.tar'))]);
    for (const size of sizes) assert.ok(bodies.get(String(size))?.body.equals(Buffer.alloc(size, String(size))));
    assert.ok(!existsSync(join(directory, '00001.tar')));
  });
});
