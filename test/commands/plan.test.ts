import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readManifest } from '../../src/fleet/manifest.js';
import { sluice } from '../helpers/cli.js';
import { limited } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';

const notLinux = process.platform === 'linux' ? false : 'only Linux tells how many files may be open';

describe('sluice plan', () => {
  it('says what it has planned, and that the same plan is there', async (t) => {
    const folder = scratch(t);
    const rows = ['url,id', ...Array.from({ length: 25 }, (_, n) => `http://h/${n},${n}`), 'http://h/1,99', 'none,5'];
    writeFileSync(join(folder, 'list.csv'), rows.join('\n'));
    const args = ['plan', '-i', 'list.csv', '--keep-columns', 'id', '-d', 'to', '--shard-items', '10'];
    for (const there of ['', ': the plan was there']) {
      const { status, stdout, stderr } = await sluice(args, { cwd: folder });
      assert.deepEqual([status, stdout], [0, '']);
      const { id = '' } = (await readManifest(join(folder, 'to'))) ?? {};
      assert.deepEqual(stderr.trimEnd().split('\n'), [
        `25 items in 3 shards${there}; it is ${id}.`,
        '1 duplicate left out.',
        '1 row of 27 refused: sluice work tells of it.',
        `Work it off with: sluice work ${join(folder, 'to')}`,
      ]);
    }
    const other = await sluice(['plan', 'http://h/1', '-d', 'to'], { cwd: folder });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /there is a plan in .*, with other .*list\.csv.*work it off with sluice work/s);
  });

  it('plans by host the same where it may have few files open', { skip: notLinux }, async (t) => {
    const folder = scratch(t);
    const rows = Array.from({ length: 3_000 }, (_, n) => `http://h${n % 300}/${'long'.repeat(200)}/${n}`);
    writeFileSync(join(folder, 'list'), rows.join('\n'));
    const args = ['plan', '-i', 'list', '--partition-by', 'host', '--shard-items', '20', '-q'];
    for (const [to, within] of [
      ['some', []],
      ['few', limited('-n 48')],
    ] as const) {
      const { status, stderr } = await sluice([...args, '-d', to], { cwd: folder, within });
      assert.deepEqual([status, stderr], [0, '']);
    }
    const [some, few] = await Promise.all(['some', 'few'].map((to) => readManifest(join(folder, to))));
    assert.deepEqual({ ...few, created: '' }, { ...some, created: '' });
    assert.ok((some?.shards.length ?? 0) >= 100);
  });

  it('takes a list from standard input, of which it does not say that it is the same', async (t) => {
    const folder = scratch(t);
    const args = ['plan', '-i', '-', '-d', 'to', '-q'];
    const first = await sluice(args, { cwd: folder, input: 'http://h/a\nhttp://h/b\n' });
    assert.deepEqual([first.status, first.stderr], [0, '']);
    assert.equal((await readManifest(join(folder, 'to')))?.items, 2);
    const second = await sluice(args, { cwd: folder, input: 'http://h/a\nhttp://h/b\n' });
    assert.equal(second.status, 2);
    assert.match(second.stderr, /<stdin>, of which nobody can tell/);
  });

  it('refuses what it cannot plan with a message and status 2, and makes nothing', async (t) => {
    const folder = scratch(t);
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /nothing to plan/],
      [['-i', 'none'], /none/],
      [['http://h/a', '--shard-items', '0'], /--shard-items must be 1 to/],
      [['http://h/a', '--partition-by', 'size'], /--partition-by/],
      [['http://h/a', '--layout', 'tar'], /--layout tar does not go with a plan/],
      [['http://h/a', '--adjust-extension'], /--adjust-extension does not go with a plan/],
    ];
    for (const [args, message] of wrong) {
      const { status, stderr } = await sluice(['plan', ...args, '-d', 'to'], { cwd: folder });
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, message);
    }
    assert.equal(existsSync(join(folder, 'to')), false);
    assert.deepEqual(readdirSync(folder), []);
  });
});
