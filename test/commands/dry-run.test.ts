import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

let requests = 0;
const server = createServer(({ url = '' }, answer) => {
  requests += 1;
  answer.statusCode = url.includes('missing') ? 404 : 200;
  answer.end(`of ${url}`);
});
let at = '';

before(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** All that is in a folder, with what is in it. */
function whole(cwd: string): readonly (readonly [string, string])[] {
  return filesBelow(cwd).map((name) => [name, readFileSync(join(cwd, name), 'latin1')]);
}

function folder(t: TestContext, lines: readonly string[]): string {
  const cwd = scratch(t);
  writeFileSync(join(cwd, 'list'), lines.map((line) => line.replace(/^\//, `${at}/`)).join('\n'));
  return cwd;
}

const GET = ['get', '-i', 'list', '-d', 'out'];

describe('--dry-run', () => {
  test('requests nothing, writes nothing and makes no destination', async (t) => {
    const cwd = folder(t, ['/a', '/b', '/sub/a', '/a']);
    const [before, asked] = [whole(cwd), requests];
    const { status, stdout, stderr } = await warmSluice([...GET, '--dry-run'], { cwd });
    assert.equal(status, 0);
    assert.equal(requests, asked);
    assert.deepEqual(whole(cwd), before);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    assert.deepEqual(
      rows.map(([what, , url]) => [what, url]),
      [
        ['fetch', `${at}/a`],
        ['fetch', `${at}/b`],
        ['fetch', `${at}/sub/a`],
      ],
    );
    assert.match(
      stderr,
      /^3 files to fetch into .*out; nothing was requested or written\.\n1 duplicate would be left out\.$/m,
    );
  });

  for (const options of [[], ['--layout', 'hashed'], ['--layout', 'tar'], ['-x'], ['--name', '{index}-{basename}']]) {
    test(`names what the run then stores, and what is there after it: ${options.join(' ') || 'flat'}`, async (t) => {
      const cwd = folder(t, ['/a', '/sub/a', '/b?x=1', '/missing', `/c\tnamed/c.txt`]);
      const all = [...GET, ...options];
      const { stdout } = await warmSluice([...all, '--dry-run'], { cwd });
      const run = await warmSluice([...all, '--report', 'report.json'], { cwd });
      assert.equal(run.status, 1);
      const names = stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[1] ?? '');
      assert.equal(names.length, 5);
      if (!options.includes('tar')) {
        const stored = filesBelow(join(cwd, 'out')).filter((name) => !name.startsWith('.sluice'));
        assert.deepEqual(names.filter((name) => !name.includes('missing')).toSorted(), stored.toSorted());
      }
      const before = whole(cwd);
      const again = await warmSluice([...all, '--dry-run'], { cwd });
      assert.deepEqual(whole(cwd), before);
      const words = again.stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0] ?? '');
      assert.deepEqual(words.toSorted(), ['fetch', 'there', 'there', 'there', 'there']);
    });
  }

  test('sees what was changed or removed since, and files that no run has stored', async (t) => {
    const cwd = folder(t, ['/a', '/b', '/c']);
    await warmSluice(GET, { cwd });
    rmSync(join(cwd, 'out/a'));
    writeFileSync(join(cwd, 'out/b'), 'longer than it was by far');
    writeFileSync(join(cwd, 'out/d'), 'mine');
    writeFileSync(join(cwd, 'list'), ['a', 'b', 'c', 'd'].map((name) => `${at}/${name}`).join('\n'));
    const plain = await warmSluice([...GET, '--dry-run'], { cwd });
    assert.deepEqual(words(plain.stdout), ['fetch a', 'fetch b', 'there c']);
    assert.equal(plain.status, 1);
    assert.match(plain.stderr, /d is in .*out already/);
    const cases = { skip: 'kept d', overwrite: 'fetch d', rename: 'fetch d.1' };
    for (const [what, expected] of Object.entries(cases)) {
      const { stdout, status } = await warmSluice([...GET, '--dry-run', '--on-exists', what], { cwd });
      assert.deepEqual([words(stdout).at(-1), status], [expected, 0], what);
    }
    assert.equal(readFileSync(join(cwd, 'out/d'), 'utf8'), 'mine');
  });

  test('of retry names what would be tried again', async (t) => {
    const cwd = folder(t, ['/a', '/missing']);
    await warmSluice(GET, { cwd });
    const asked = requests;
    const { status, stdout } = await warmSluice(['retry', 'out', '--dry-run'], { cwd });
    assert.deepEqual([status, words(stdout)], [0, ['fetch missing']]);
    assert.equal(requests, asked);
  });

  test('has the statuses of a run: 1 for lines that are none, 2 where all are', async (t) => {
    const cwd = folder(t, ['/a', 'ftp://x/y']);
    assert.equal((await warmSluice([...GET, '--dry-run'], { cwd })).status, 1);
    writeFileSync(join(cwd, 'list'), 'ftp://x/y\n');
    assert.equal((await warmSluice([...GET, '--dry-run'], { cwd })).status, 2);
  });

  test('does not go with a list that has to be requested, nor with what tells of a run', async (t) => {
    const cwd = folder(t, ['/a']);
    const asked = requests;
    for (const more of [
      ['-i', `${at}/list`],
      ['--report', 'report.json'],
      ['--metadata', 'x.csv'],
    ]) {
      const { status, stderr } = await warmSluice([...GET, '--dry-run', ...more], { cwd });
      assert.equal(status, 2, stderr);
      assert.match(stderr, /^\*\*\* Usage error: .*--dry-run/);
    }
    assert.equal(requests, asked);
  });
});

function words(stdout: string): string[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t').slice(0, 2).join(' '));
}
