/** `--on-exists`: what becomes of items whose names are those of files that no run has stored. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { filesBelow } from '../helpers/folders.js';
import { bodyAt, servePaths } from '../helpers/paths-server.js';
import { scratch } from '../helpers/scratch.js';

describe('--on-exists', () => {
  const server = servePaths();

  /** Downloads paths into a folder that has files of its own. */
  const get = async (cwd: string, paths: readonly string[], ...args: readonly string[]): Promise<Ran> => {
    server.requested = [];
    return warmSluice(['get', ...paths.map((path) => server.origin + path), '-d', 'd', ...args], { cwd });
  };
  const place = (t: { after(fn: () => void): void }, ...files: readonly string[]): string => {
    const cwd = scratch(t);
    for (const file of files) {
      mkdirSync(join(cwd, 'd', file, '..'), { recursive: true });
      writeFileSync(join(cwd, 'd', file), 'mine');
    }
    return cwd;
  };
  const read = (cwd: string, file: string): string => readFileSync(join(cwd, 'd', file), 'utf8');

  for (const args of [[], ['--on-exists', 'error']]) {
    test(`${args.join(' ') || 'without it'}: they are errors, and nothing is requested`, async (t) => {
      const cwd = place(t, 'a.jpg', 's/a.jpg');
      const { status, stderr } = await get(cwd, ['/a.jpg'], ...args);
      assert.equal(status, 1);
      assert.match(stderr, /a\.jpg is in .*d already/);
      assert.equal((await get(cwd, ['/s/a.jpg'], '--name', '{path}', ...args)).status, 1);
      assert.deepEqual([server.requested, read(cwd, 'a.jpg'), read(cwd, 's/a.jpg')], [[], 'mine', 'mine']);
    });
  }

  for (const args of [['--on-exists', 'skip'], ['-nc'], ['--no-clobber'], ['--skip-existing'], ['--ignore-existing']]) {
    test(`${args.join(' ')}: they are left out, and counted as skipped`, async (t) => {
      const cwd = place(t, 'a.jpg');
      for (const more of [[], ['--no-journal']]) {
        const { status, stderr } = await get(cwd, ['/a.jpg', '/b.jpg'], '--report', 'r', ...args, ...more);
        assert.equal(status, 0, stderr);
        assert.match(stderr, /^1 file that no run has stored is left as it is\.$/m);
        const report = JSON.parse(readFileSync(join(cwd, 'r'), 'utf8')) as {
          ok: number;
          skipped: number;
          kept: number;
        };
        assert.deepEqual([report.ok, report.skipped, report.kept], [1, 1, 1]);
        assert.deepEqual([server.requested, read(cwd, 'a.jpg')], [['/b.jpg'], 'mine']);
        rmSync(join(cwd, 'd/b.jpg'));
      }
    });
  }

  for (const args of [
    ['--on-exists', 'overwrite'],
    ['--overwrite'],
    ['--allow-overwrite'],
    ['--on-exists', 'overwrite', '--overwrite'],
  ]) {
    test(`${args.join(' ')}: they replace the files`, async (t) => {
      const cwd = place(t, 'a.jpg');
      assert.equal((await get(cwd, ['/a.jpg'], ...args)).status, 0);
      assert.equal(read(cwd, 'a.jpg'), bodyAt('/a.jpg'));
    });
  }

  test('rename: they get the first number that is free, and are known by it again', async (t) => {
    const cwd = place(t, 'a.jpg', 'a.1.jpg', 'b', 's/c.tar.gz');
    const paths = ['/a.jpg', '/x/a.jpg', '/b', '/d.jpg'];
    const first = await get(cwd, paths, '--on-exists', 'rename');
    assert.equal(first.status, 0, first.stderr);
    const files = filesBelow(join(cwd, 'd'));
    const mark = files.find((file) => /^a-[0-9a-f]{8}\.jpg$/.test(file)) as string;
    assert.deepEqual(files, ['a.1.jpg', 'a.2.jpg', 'a.jpg', 'b', 'b.1', 'd.jpg', mark, 's/c.tar.gz'].toSorted());
    assert.deepEqual([read(cwd, 'a.2.jpg'), read(cwd, 'a.jpg'), read(cwd, 'b.1')], [bodyAt('/a.jpg'), 'mine', bodyAt('/b')]); // prettier-ignore
    for (const args of [['--on-exists', 'rename'], [], ['--on-exists', 'skip']]) {
      const again = await get(cwd, paths, ...args);
      assert.deepEqual([again.status, server.requested], [0, []], again.stderr);
      assert.match(again.stderr, /^4 files of an earlier run are there\.$/m);
    }
    assert.deepEqual(filesBelow(join(cwd, 'd')), files);
    assert.match((await warmSluice(['verify', 'd'], { cwd })).stdout, /^4 files right/);
  });

  test('rename: what was renamed and is gone is fetched again under its number, as retry and repair do', async (t) => {
    const cwd = place(t, 'a.jpg');
    assert.equal((await get(cwd, ['/a.jpg'], '--on-exists', 'rename')).status, 0);
    rmSync(join(cwd, 'd/a.1.jpg'));
    assert.equal((await get(cwd, ['/a.jpg'], '--on-exists', 'rename')).status, 0);
    assert.deepEqual(filesBelow(join(cwd, 'd')), ['a.1.jpg', 'a.jpg']);
    writeFileSync(join(cwd, 'd/a.1.jpg'), 'changed');
    assert.equal((await warmSluice(['verify', 'd', '--repair'], { cwd })).status, 0);
    assert.deepEqual([read(cwd, 'a.1.jpg'), read(cwd, 'a.jpg')], [bodyAt('/a.jpg'), 'mine']);
    rmSync(join(cwd, 'd/a.jpg'));
    const again = await get(cwd, ['/a.jpg'], '--on-exists', 'rename');
    assert.deepEqual([again.status, server.requested], [0, []], 'also when the file is gone that had its name');
  });

  test('rename: no two get the same name, whatever their own names are', async (t) => {
    const cwd = place(t, 'a', 'a.1.x');
    const paths = ['/a.1', '/a', '/a.1.1', '/1/a.1.x', '/2/A'];
    for (const args of [[], ['--no-journal']]) {
      const { status, stderr } = await get(cwd, paths, '--on-exists', 'rename', ...args);
      assert.equal(status, 0, stderr);
      const bodies = filesBelow(join(cwd, 'd')).map((file) => read(cwd, file));
      for (const path of paths) assert.equal(bodies.filter((body) => body === bodyAt(path)).length, 1, path);
      rmSync(join(cwd, 'd/.sluice'), { recursive: true, force: true });
      for (const file of filesBelow(join(cwd, 'd'))) if (read(cwd, file) !== 'mine') rmSync(join(cwd, 'd', file));
    }
  });

  test('rename: numbers end at a hundred', async (t) => {
    const taken = Array.from({ length: 100 }, (_, at) => `a.${at + 1}.jpg`);
    const cwd = place(t, 'a.jpg', ...taken);
    const { status, stderr } = await get(cwd, ['/a.jpg'], '--on-exists', 'rename');
    assert.equal(status, 1);
    assert.match(stderr, /a\.jpg is in .*d already/);
    rmSync(join(cwd, 'd/a.100.jpg'));
    assert.equal((await get(cwd, ['/a.jpg'], '--on-exists', 'rename')).status, 0);
    assert.deepEqual([(await get(cwd, ['/a.jpg'])).status, server.requested], [0, []]);
  });

  const conflicts: readonly (readonly string[])[] = [
    ['--on-exists', 'skip', '--overwrite'],
    ['--skip-existing', '--overwrite'],
    ['-nc', '--allow-overwrite'],
    ['-nc', '--on-exists', 'rename'],
  ];
  for (const args of conflicts) {
    test(`${args.join(' ')} is refused`, async (t) => {
      const { status, stderr } = await get(scratch(t), ['/a'], ...args);
      assert.equal(status, 2);
      assert.match(stderr, /does not go with/);
    });
  }

  test('its other names are not in the help', async (t) => {
    const { stdout } = await warmSluice(['get', '--help'], { cwd: scratch(t) });
    assert.match(stdout, /--on-exists <what>/);
    assert.doesNotMatch(stdout, /clobber|skip-existing|ignore-existing|allow-overwrite/);
  });
});
