import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { shareFolders, useFolder, useFolderAsync } from '../../workers/folders.js';
import { subfolder } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

interface Kind {
  readonly name: string;
  readonly use: (root: string, name: string, made?: Uint8Array) => Promise<void>;
  /** Tells how often folders were made, and were looked for, from now on. */
  readonly count: (t: TestContext) => () => { readonly made: number; readonly looked: number };
}

const KINDS: readonly Kind[] = [
  {
    name: 'synchronous',
    use: (...args) => Promise.resolve().then(() => useFolder(...args)),
    count: (t) => {
      const made = t.mock.method(fs, 'mkdirSync').mock;
      const looked = t.mock.method(fs, 'lstatSync').mock;
      syncBuiltinESMExports();
      t.after(() => {
        t.mock.restoreAll();
        syncBuiltinESMExports();
      });
      return () => ({ made: made.callCount(), looked: looked.callCount() });
    },
  },
  {
    name: 'through libuv',
    use: useFolderAsync,
    count: (t) => {
      const made = t.mock.method(fs.promises, 'mkdir').mock;
      const looked = t.mock.method(fs.promises, 'lstat').mock;
      return () => ({ made: made.callCount(), looked: looked.callCount() });
    },
  },
];

for (const { name, use, count } of KINDS) {
  describe(`folders, ${name}`, () => {
    test('makes a folder with those above it, and only those', async (t) => {
      const root = scratch(t);
      await use(root, 'a/b/c');
      await use(root, 'a/d');
      await use(root, 'e');
      assert.deepEqual(fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort(), [
        'a',
        'a/b',
        'a/b/c',
        'a/d',
        'e',
      ]);
    });

    test('accepts folders that are there, with what is in them, once and again', async (t) => {
      const root = scratch(t);
      fs.writeFileSync(join(subfolder(root, 'a'), 'file'), 'kept');
      for (let i = 0; i < 2; i += 1) await use(root, 'a');
      await use(root, 'a/b');
      assert.deepEqual(fs.readdirSync(join(root, 'a')).sort(), ['b', 'file']);
    });

    test('refuses a file or a link in the place of a folder, each time, and leaves it', async (t) => {
      const root = scratch(t);
      const elsewhere = scratch(t);
      fs.writeFileSync(join(root, 'file'), 'kept');
      fs.symlinkSync(elsewhere, join(root, 'link'));
      fs.symlinkSync(join(root, 'nowhere'), join(root, 'dangling'));
      fs.symlinkSync(elsewhere, join(subfolder(root, 'folder'), 'link'));
      for (const path of ['file', 'link', 'dangling', 'folder/link', 'file/a', 'link/a/b', 'folder/link/a', 'file']) {
        await assert.rejects(use(root, path), { name: 'SluiceError', code: 'STORE_EXISTS' }, path);
      }
      assert.deepEqual(fs.readdirSync(elsewhere), []);
      assert.deepEqual(fs.readdirSync(root).sort(), ['dangling', 'file', 'folder', 'link']);
      assert.equal(fs.readFileSync(join(root, 'file'), 'utf8'), 'kept');
    });

    test('a folder can be had once what was in its place is gone', async (t) => {
      const root = scratch(t);
      fs.writeFileSync(join(root, 'a'), '');
      await assert.rejects(use(root, 'a/b'), { code: 'STORE_EXISTS' });
      fs.rmSync(join(root, 'a'));
      await use(root, 'a/b');
      assert.ok(fs.statSync(join(root, 'a/b')).isDirectory());
    });

    test('takes one operation for a folder that is not there, one more where something is, and none for one it knows', async (t) => {
      const root = scratch(t);
      fs.mkdirSync(join(root, 'there/too'), { recursive: true });
      fs.writeFileSync(join(root, 'file'), '');
      const counted = count(t);
      await use(root, 'a/b');
      assert.deepEqual(counted(), { made: 2, looked: 0 });
      await use(root, 'there/too');
      assert.deepEqual(counted(), { made: 4, looked: 2 });
      await assert.rejects(use(root, 'file'), { code: 'STORE_EXISTS' });
      assert.deepEqual(counted(), { made: 5, looked: 3 });
      await use(root, 'a/b');
      await use(root, 'there/too');
      assert.deepEqual(counted(), { made: 5, looked: 3 });
    });

    test('does not make or look for a folder of the layout that another thread has made', async (t) => {
      const [root, made] = [scratch(t), shareFolders()];
      const counted = count(t);
      await use(root, '3/a', made);
      assert.deepEqual(counted(), { made: 2, looked: 0 });
      // To this thread it is another place: as if another thread had the same.
      const same = `${root}/.`;
      await use(same, '3/a', made);
      assert.deepEqual(counted(), { made: 2, looked: 0 });
      await use(same, '3/b', made);
      assert.deepEqual(counted(), { made: 3, looked: 0 });
      await use(same, '4/a', shareFolders());
      assert.deepEqual(counted(), { made: 5, looked: 0 });
    });

    test('a root that is missing is an error, and nothing is put in its place', async (t) => {
      const above = scratch(t);
      const root = join(above, 'root');
      for (const path of ['a', 'a/b']) await assert.rejects(use(root, path), { code: 'ENOENT' });
      assert.deepEqual(fs.readdirSync(above), []);
      fs.mkdirSync(root);
      await use(root, 'a/b');
      assert.ok(fs.statSync(join(root, 'a/b')).isDirectory());
    });
  });
}

describe('folders that several ask for at once, through libuv', () => {
  test('are made once each', async (t) => {
    const root = scratch(t);
    const { mock: made } = t.mock.method(fs.promises, 'mkdir');
    const names = Array.from({ length: 60 }, (_, i) => `a/${i % 3}/${i % 6}`);
    await Promise.all(names.map((name) => useFolderAsync(root, name)));
    const expected = [...new Set(['a', 'a/0', 'a/1', 'a/2', ...names])].map((name) => join(root, name)).sort();
    assert.deepEqual(made.calls.map(({ arguments: [folder] }) => String(folder)).sort(), expected);
    await Promise.all(names.map((name) => useFolderAsync(root, name)));
    assert.equal(made.callCount(), expected.length, 'those that are known are made again');
  });

  test('and cannot be had are an error of each that asked', async (t) => {
    const root = scratch(t);
    fs.writeFileSync(join(root, 'file'), '');
    const results = await Promise.allSettled(
      ['file', 'file/a', 'b', 'file/a/b'].map((name) => useFolderAsync(root, name)),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'fulfilled', 'rejected'],
    );
  });
});
