import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { Destination } from '../../src/destination/destination.js';
import type { Layout } from '../../src/protocol/settings.js';
import { unprivileged, noPermissions } from '../helpers/faults.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

async function open(t: TestContext, files: readonly string[], layout: Layout = 'flat') {
  const directory = join(scratch(t), 'd');
  for (const file of files) {
    mkdirSync(join(directory, file, '..'), { recursive: true });
    writeFileSync(join(directory, file), '');
  }
  const destination = await Destination.open(directory);
  t.after(() => destination.close());
  return { directory, destination, present: await destination.list(layout) };
}

describe('what is in folders of names', () => {
  test('is known when a name of theirs was asked for, and costs nothing before', async (t) => {
    const { directory, present } = await open(t, ['a/b/x', 'a/y', 'other/z']);
    assert.ok(present.has('a') && present.has('other'));
    assert.ok(!present.has('a/y'));
    await present.prepare(['a/b/new', 'top']);
    for (const name of ['a/b', 'a/b/x', 'a/b/X', 'a/y', 'A/Y']) assert.ok(present.has(name), name);
    for (const name of ['a/b/new', 'other/z']) assert.ok(!present.has(name), name);
    writeFileSync(join(directory, 'a/b/later'), '');
    assert.equal(present.prepare(['a/b/later', 'a/again']), undefined, 'listed once');
    assert.equal(present.prepare(['top', 'x']), undefined, 'nothing to list for names without folders');
  });

  test('is not looked for where there is no such folder', async (t) => {
    const { directory, present } = await open(t, ['a/x']);
    await present.prepare(['new/deep/x', 'a/deep/x']);
    mkdirSync(join(directory, 'new/deep'), { recursive: true });
    writeFileSync(join(directory, 'new/deep/x'), '');
    assert.equal(present.prepare(['new/deep/x']), undefined);
    assert.ok(!present.has('new/deep/x'), 'as it was when the run began');
  });

  test('is told apart where folders differ in their case only', async (t) => {
    const { present } = await open(t, ['A/x', 'a/y']);
    await present.prepare(['A/z']);
    await present.prepare(['a/z']);
    assert.ok(present.has('a/x') && present.has('a/y'));
  });

  test('is below the folders of the layout hashed, too', async (t) => {
    const { present } = await open(t, ['3/a/x', '3/a/dir/y', '4/file'], 'hashed');
    assert.equal(present.prepare(['3/a/new', '5/5/new']), undefined);
    await present.prepare(['3/a/dir/new']);
    assert.ok(present.has('3/a/dir/y'));
    assert.deepEqual([present.blocking('3/a/x/y'), present.blocking('3/a/dir/y'), present.blocking('4/file/y')], ['3/a/x', undefined, undefined]); // prettier-ignore
  });

  test('of the layout hashed is looked for below folders that are there only', async (t) => {
    const { destination } = await open(t, ['3/a/x', '3/b/y', '4/z']);
    const { mock: looked } = t.mock.method(fs, 'lstat');
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const present = await destination.list('hashed');
    assert.equal(looked.callCount(), 16 + 2);
    assert.ok(present.has('3/a/x') && present.has('3/b/y'));
  });

  test('is not what links lead to: they block what would be in them, and so do files', async (t) => {
    const { directory, destination } = await open(t, ['a/x', 'elsewhere/y']);
    symlinkSync('elsewhere', join(directory, 'link'));
    const present = await destination.list('flat');
    await present.prepare(['link/y', 'a/x/deep']);
    assert.ok(!present.has('link/y'));
    assert.deepEqual([present.blocking('link/y'), present.blocking('a/x/deep'), present.blocking('a/y')], ['link', 'a/x', undefined]); // prettier-ignore
  });

  test('loses what killed runs have left, not what this run is writing', async (t) => {
    const { directory, destination, present } = await open(t, ['a/.sluice-unfinished-1-ab-0-1', 'a/.other', 'a/x', 'b/.sluice-unfinished-1-ab-0-1']); // prettier-ignore
    const own = join(directory, 'a', `.sluice-${basename(destination.scratch)}-0-1`);
    writeFileSync(own, '');
    await present.prepare(['a/new']);
    assert.ok(existsSync(own));
    rmSync(own);
    const left = filesBelow(directory).filter((path) => !path.startsWith('.sluice/'));
    assert.deepEqual(left, ['a/.other', 'a/x', 'b/.sluice-unfinished-1-ab-0-1']);
  });

  test('may be asked for by many at once', async (t) => {
    const files = Array.from({ length: 300 }, (_, at) => `${at % 10}/${at % 7}/${at}`);
    const { present } = await open(t, files);
    await Promise.all(files.map(async (file) => present.prepare([file])));
    for (const file of files) assert.ok(present.has(file), file);
  });

  test('that cannot be listed is an error of the storage', { skip: noPermissions }, async (t) => {
    await unprivileged(async () => {
      const { directory, present } = await open(t, ['a/x']);
      chmodSync(join(directory, 'a'), 0o300);
      await assert.rejects(Promise.resolve(present.prepare(['a/y'])), { name: 'StorageError', code: 'STORE_DENIED' });
      chmodSync(join(directory, 'a'), 0o700);
    });
  });
});
