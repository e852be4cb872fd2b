import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { StorageError } from '../../src/errors.js';
import { FileSizes } from '../../src/journal/sizes.js';
import { noPermissions, unprivileged } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';

/** So many that they are looked at by a thread for it. */
const MANY = 1500;

describe('the sizes of files', () => {
  test('are told of few and of many, in their order, and as they are when it is asked', async (t) => {
    const directory = scratch(t);
    const names = Array.from({ length: MANY }, (_, n) => `f${n}`);
    for (const [n, name] of names.entries()) writeFileSync(join(directory, name), 'x'.repeat(n % 7));
    const sizes = new FileSizes(directory);
    t.after(() => sizes.close());
    const expected = names.map((_, n) => n % 7);
    assert.deepEqual(await sizes.of(names.slice(0, 5)), expected.slice(0, 5));
    const batches = await Promise.all([sizes.of(names), sizes.of(names.slice(0, 64)), sizes.of(names.toReversed())]);
    assert.deepEqual(batches, [expected, expected.slice(0, 64), expected.toReversed()]);
    truncateSync(join(directory, 'f6'), 0);
    rmSync(join(directory, 'f5'));
    assert.deepEqual(await sizes.of(['f6', 'f5', 'f4']), [0, -1, 4]);
  });

  test('are -1 for what is no file, with a thread and without', async (t) => {
    const directory = scratch(t);
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'file'), '1234');
    symlinkSync('file', join(directory, 'link'));
    const sizes = new FileSizes(directory);
    t.after(() => sizes.close());
    const names = ['folder', 'link', 'none', 'file/below', 'file'];
    const many = Array.from({ length: MANY }, (_, n) => names[n % names.length] as string);
    for (const asked of [names, many, names]) {
      assert.deepEqual(
        await sizes.of(asked),
        asked.map((name) => (name === 'file' ? 4 : -1)),
      );
    }
  });

  test('that cannot be had are an error, and others are told after that', { skip: noPermissions }, async (t) => {
    const directory = scratch(t);
    chmodSync(directory, 0o755);
    for (const folder of ['open', 'shut']) {
      mkdirSync(join(directory, folder));
      writeFileSync(join(directory, folder, 'file'), 'x');
    }
    const sizes = new FileSizes(directory);
    t.after(() => sizes.close());
    const many = Array.from({ length: MANY }, () => 'open/file');
    chmodSync(join(directory, 'shut'), 0o000);
    await unprivileged(async () => {
      for (const asked of [['open/file'], many]) {
        await assert.rejects(sizes.of([...asked, 'shut/file']), (error) => {
          return error instanceof StorageError && error.code === 'STORE_DENIED' && error.message.includes('shut/file');
        });
        assert.deepEqual(await sizes.of(['open/file']), [1]);
      }
    });
  });
});
