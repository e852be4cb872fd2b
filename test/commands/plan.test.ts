import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readManifest } from '../../src/fleet/manifest.js';
import { manifestPath } from '../../src/fleet/plan-folder.js';
import { sluice, warmSluice } from '../helpers/cli.js';
import { limited } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';
import { inHaste } from '../helpers/thorough.js';

const notLinux = process.platform === 'linux' ? false : 'only Linux tells how many files may be open';

describe('sluice plan', () => {
  it('says what it has planned, and that the same plan is there', async (t) => {
    const folder = scratch(t);
    const rows = ['url,id', ...Array.from({ length: 25 }, (_, n) => `http://h/${n},${n}`), 'http://h/1,99', 'none,5'];
    writeFileSync(join(folder, 'list.csv'), rows.join('\n'));
    const args = ['plan', '-i', 'list.csv', '--keep-columns', 'id', '-d', 'to', '--shard-items', '10'];
    for (const there of ['', ': the plan was there']) {
      const { status, stdout, stderr } = await warmSluice(args, { cwd: folder });
      assert.deepEqual([status, stdout], [0, '']);
      const { id = '' } = (await readManifest(join(folder, 'to'))) ?? {};
      assert.deepEqual(stderr.trimEnd().split('\n'), [
        `25 items in 3 shards${there}; it is ${id}.`,
        '1 duplicate left out.',
        '1 row of 27 refused: sluice work tells of it.',
        `Work it off with: sluice work ${join(folder, 'to')}`,
      ]);
    }
    const other = await warmSluice(['plan', 'http://h/1', '-d', 'to'], { cwd: folder });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /there is a plan in .*, with other .*list\.csv.*work it off with sluice work/s);
  });

  it('plans by host the same where it may have few files open', { skip: inHaste || notLinux }, async (t) => {
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

  it('takes a list from standard input, and knows it again by what it holds', async (t) => {
    const folder = scratch(t);
    const args = ['plan', '-i', '-', '-d', 'to', '-q'];
    for (const before of [undefined, 2]) {
      assert.equal((await readManifest(join(folder, 'to')))?.items, before);
      const { status, stderr } = await sluice(args, { cwd: folder, input: 'http://h/a\nhttp://h/b\n' });
      assert.deepEqual([status, stderr], [0, '']);
    }
    const other = await sluice(args, { cwd: folder, input: 'http://h/a\nhttp://h/c\n' });
    assert.equal(other.status, 2);
    assert.match(other.stderr, /there is a plan in .*, with other <stdin>: work it off/);
  });

  it('takes a list from a server, and knows it again by what it holds, also after it was killed', async (t) => {
    const folder = scratch(t);
    let list = 'url,id\nhttp://h/a,1\nno url,2\n';
    const server = createServer((_request, response) => response.end(gzipSync(list)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.csv.gz`;
    const args = ['plan', '-i', url, '-d', 'to', '-q', '--keep-columns', 'id'];
    const plans = [];
    for (const killed of [false, false, true]) {
      if (killed) rmSync(manifestPath(join(folder, 'to')));
      const { status, stderr } = await warmSluice(args, { cwd: folder });
      assert.deepEqual([status, stderr], [0, '']);
      plans.push({ ...(await readManifest(join(folder, 'to'))), created: '' });
    }
    assert.equal(plans[0]?.rows, 2);
    assert.deepEqual(plans.slice(1), [plans[0], plans[0]]);
    list = list.replace('h/a', 'h/b');
    const other = await warmSluice(args, { cwd: folder });
    assert.equal(other.status, 2);
    assert.ok(other.stderr.includes(`with other ${url}: work it off`), other.stderr);
  });

  it('refuses what it cannot plan with a message and status 2, and makes nothing', async (t) => {
    const folder = scratch(t);
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /nothing to plan/],
      [['-i', 'none'], /none/],
      [['http://h/a', '--shard-items', '0'], /--shard-items must be 1 to/],
      [['http://h/a', '--partition-by', 'size'], /--partition-by/],
      [
        ['http://h/a', '--layout', 'tar', '--shard-items', '200000'],
        /--shard-items 200000 is too many for --layout tar/,
      ],
      [['http://h/a', '--layout', 'tar', '--shard-size', '2MiB'], /--shard-size/],
      [['http://h/a', '--adjust-extension'], /--adjust-extension does not go with a plan/],
    ];
    for (const [args, message] of wrong) {
      const { status, stderr } = await warmSluice(['plan', ...args, '-d', 'to'], { cwd: folder });
      assert.equal(status, 2, args.join(' '));
      assert.match(stderr, message);
    }
    assert.equal(existsSync(join(folder, 'to')), false);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('sluice status of a plan', () => {
  it('tells whether its lists hold what was planned, whenever they were written', async (t) => {
    const folder = scratch(t);
    const list = join(folder, 'list');
    writeFileSync(list, 'http://h/a\nhttp://h/b\n');
    await sluice(['plan', '-i', 'list', '-d', 'to', '-q'], { cwd: folder });
    const told = async (): Promise<string | undefined> => {
      const { stdout } = await sluice(['status', 'to'], { cwd: folder });
      return /^The list .* (is the same since|has changed since|is not there).*$/m.exec(stdout)?.[1];
    };
    assert.equal(await told(), 'is the same since');
    utimesSync(list, 1, 1);
    assert.equal(await told(), 'is the same since');
    writeFileSync(list, 'http://h/a\nhttp://h/c\n');
    assert.equal(await told(), 'has changed since');
    writeFileSync(list, 'http://h/a\n');
    assert.equal(await told(), 'has changed since');
    writeFileSync(list, 'http://h/a\nhttp://h/b\n');
    assert.equal(await told(), 'is the same since');
    rmSync(list);
    assert.equal(await told(), 'is not there');
  });
});
