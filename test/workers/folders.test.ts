import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { useFolder, useFolderAsync } from '../../workers/folders.js';
import { subfolder } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

interface Kind {
  readonly name: string;
  readonly use: (root: string, name: string) => Promise<void>;
  /** From now on, calls that look for what is there find nothing once: as if it had come after that. */
  readonly blind: (t: TestContext) => void;
}

const KINDS: readonly Kind[] = [
  {
    name: 'synchronous',
    use: (...args) => Promise.resolve().then(() => useFolder(...args)),
    blind: (t) => {
      const nothing = (): undefined => undefined;
      t.mock.method(fs, 'lstatSync').mock.mockImplementationOnce(nothing as unknown as typeof fs.lstatSync);
      syncBuiltinESMExports();
      t.after(() => {
        t.mock.restoreAll();
        syncBuiltinESMExports();
      });
    },
  },
  {
    name: 'through libuv',
    use: useFolderAsync,
    blind: (t) => {
      const missing = Promise.reject<fs.Stats>(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }));
      t.mock
        .method(fs.promises, 'lstat')
        .mock.mockImplementationOnce((() => missing) as unknown as typeof fs.promises.lstat);
    },
  },
];

for (const { name, use, blind } of KINDS) {
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

    test('where another writer is faster, takes its folder, and refuses what is none', async (t) => {
      const root = scratch(t);
      subfolder(root, 'folder');
      fs.writeFileSync(join(root, 'file'), '');
      blind(t);
      await use(root, 'folder');
      t.mock.restoreAll();
      blind(t);
      await assert.rejects(use(root, 'file'), { code: 'STORE_EXISTS' });
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
  test('are looked for and made once each', async (t) => {
    const root = scratch(t);
    const { mock: made } = t.mock.method(fs.promises, 'mkdir');
    const { mock: found } = t.mock.method(fs.promises, 'lstat');
    const names = Array.from({ length: 60 }, (_, i) => `a/${i % 3}/${i % 6}`);
    await Promise.all(names.map((name) => useFolderAsync(root, name)));
    const expected = [...new Set(['a', 'a/0', 'a/1', 'a/2', ...names])].map((name) => join(root, name)).sort();
    for (const { calls } of [made, found]) {
      assert.deepEqual(calls.map(({ arguments: [folder] }) => String(folder)).sort(), expected);
    }
    await Promise.all(names.map((name) => useFolderAsync(root, name)));
    assert.equal(found.callCount(), expected.length, 'those that are known are looked for again');
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
