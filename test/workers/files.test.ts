import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { StoreSettings } from '../../src/protocol/settings.js';
import {
  AsyncTemporaryFile,
  TemporaryFile,
  type UnfinishedFile,
  writeWhole,
  writeWholeAsync,
} from '../../workers/files.js';
import { noise } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';
import { storeSettings } from '../helpers/stores.js';

interface Kind {
  readonly name: string;
  readonly open: (settings: StoreSettings, name: string) => UnfinishedFile | Promise<UnfinishedFile>;
  readonly whole: (settings: StoreSettings, name: string, bytes: Uint8Array) => Promise<void>;
}

const KINDS: readonly Kind[] = [
  {
    name: 'synchronous',
    open: (settings, name) => new TemporaryFile(settings, name),
    whole: (...args) => Promise.resolve().then(() => writeWhole(...args)),
  },
  { name: 'through libuv', open: (settings, name) => AsyncTemporaryFile.open(settings, name), whole: writeWholeAsync },
];

for (const { name, open, whole } of KINDS) {
  describe(`files, ${name}`, () => {
    for (const path of ['final', 'a/b/final']) {
      test(`${path}: a file gets its final name when it is whole, and not before`, async (t) => {
        const settings = storeSettings(t);
        const bytes = noise(300_000, 1);
        const file = await open(settings, path);
        await file.write(bytes.subarray(0, 100_000));
        await file.write(bytes.subarray(100_000));
        await file.close();
        assert.ok(Buffer.from(await file.read()).equals(bytes));
        assert.ok(!existsSync(join(settings.directory, path)));
        await file.commit({ size: 0, crc32: 0 });
        assert.ok(readFileSync(join(settings.directory, path)).equals(bytes));
        assert.deepEqual(filesBelow(settings.directory), [path]);
      });

      test(`${path}: what is discarded leaves nothing, open or closed, once or twice`, async (t) => {
        const settings = storeSettings(t);
        const unwritten = await open(settings, path);
        const written = await open(settings, path);
        const closed = await open(settings, path);
        for (const file of [written, closed]) await file.write(noise(1_000, 1));
        await closed.close();
        assert.equal(filesBelow(settings.directory).length, 3);
        for (const file of [unwritten, written, closed, closed]) await file.discard();
        assert.deepEqual(filesBelow(settings.directory), []);
      });
    }

    test('takes the place of a file that is there in one step', async (t) => {
      const settings = storeSettings(t);
      writeFileSync(join(settings.directory, 'a'), 'old');
      await whole(settings, 'a', Buffer.from('new'));
      assert.equal(readFileSync(join(settings.directory, 'a'), 'utf8'), 'new');
      assert.deepEqual(filesBelow(settings.directory), ['a']);
    });

    test('to discard never throws, also where nothing can be removed', async (t) => {
      const settings = storeSettings(t);
      const file = await open(settings, 'a');
      await file.write(noise(1_000, 1));
      rmSync(settings.scratch, { recursive: true });
      writeFileSync(settings.scratch, 'a file in the place of the folder');
      await file.discard();
    });

    test('a link or a file in the place of a folder of its path is refused; what it leads to is untouched', async (t) => {
      const settings = storeSettings(t);
      const elsewhere = scratch(t);
      writeFileSync(join(settings.directory, 'ab'), 'kept');
      symlinkSync(elsewhere, join(settings.directory, 'cd'));
      mkdirSync(join(settings.directory, 'ef'));
      symlinkSync(elsewhere, join(settings.directory, 'ef/link'));
      for (const path of ['ab/final', 'cd/final', 'cd/deep/final', 'ef/link/final']) {
        await assert.rejects(whole(settings, path, noise(10, 1)), { name: 'SluiceError', code: 'STORE_EXISTS' });
      }
      assert.deepEqual(filesBelow(elsewhere), []);
      assert.deepEqual(filesBelow(settings.directory), ['ab', 'cd', 'ef/link']);
      assert.equal(readFileSync(join(settings.directory, 'ab'), 'utf8'), 'kept');
    });

    test('a link that has the final name is replaced, and what it leads to is untouched', async (t) => {
      const settings = storeSettings(t);
      const elsewhere = join(scratch(t), 'file');
      writeFileSync(elsewhere, 'kept');
      symlinkSync(elsewhere, join(settings.directory, 'a'));
      await whole(settings, 'a', Buffer.from('new'));
      assert.equal(readFileSync(elsewhere, 'utf8'), 'kept');
      assert.equal(readFileSync(join(settings.directory, 'a'), 'utf8'), 'new');
    });

    test('a name that cannot be had leaves no temporary file, and the folder that has it as it was', async (t) => {
      const settings = storeSettings(t);
      mkdirSync(join(settings.directory, 'taken/inside'), { recursive: true });
      await assert.rejects(whole(settings, 'taken', noise(1_000, 1)), { code: 'EISDIR' });
      assert.deepEqual(filesBelow(settings.directory), []);
      assert.ok(existsSync(join(settings.directory, 'taken/inside')));
    });

    test('a destination that is gone is not made again', async (t) => {
      const settings = storeSettings(t);
      // Before the first file and after it: the folder of the thread is there by then.
      const away = `${settings.directory}-away`;
      t.after(() => rmSync(away, { recursive: true, force: true }));
      for (const expected of [['b'], ['b', 'c']]) {
        renameSync(settings.directory, away);
        for (const path of ['a', 'folder/a']) {
          await assert.rejects(whole(settings, path, noise(10, 1)), { code: 'ENOENT' });
        }
        assert.ok(!existsSync(settings.directory));
        renameSync(away, settings.directory);
        await whole(settings, expected.at(-1) as string, noise(10, 2));
        assert.deepEqual(filesBelow(settings.directory), expected);
      }
    });
  });
}

describe('files that one thread writes at once through libuv', () => {
  /** Opens so many files, and returns them with the folders that they lie in. */
  async function openMany(t: TestContext, count: number): Promise<{ files: UnfinishedFile[]; folders: string[] }> {
    const settings = storeSettings(t);
    const files = await Promise.all(
      Array.from({ length: count }, (_, i) => AsyncTemporaryFile.open(settings, `final-${i}`)),
    );
    const folders = filesBelow(settings.scratch).map((path) => dirname(path));
    assert.equal(folders.length, count);
    return { files, folders: folders.toSorted() };
  }

  const end = {
    commit: async (file: UnfinishedFile) => {
      await file.close();
      await file.commit({ size: 0, crc32: 0 });
    },
    discard: (file: UnfinishedFile) => file.discard(),
    'discard twice': async (file: UnfinishedFile) => {
      await file.discard();
      await file.discard();
    },
  };

  test('lie in different folders, so that they do not wait for each other', async (t) => {
    const { files, folders } = await openMany(t, 20);
    assert.equal(new Set(folders).size, 20);
    for (const file of files) await file.discard();
  });

  for (const [how, finish] of Object.entries(end)) {
    test(`leave their folders to the next: ${how}`, async (t) => {
      const first = await openMany(t, 5);
      for (const file of first.files) await finish(file);
      const second = await openMany(t, 5);
      for (const file of second.files) await finish(file);
      assert.deepEqual(second.folders, first.folders);
    });
  }

  test('leave their folders to the next also when they cannot be opened or renamed', async (t) => {
    const before = await openMany(t, 5);
    for (const file of before.files) await file.discard();
    const settings = storeSettings(t);
    mkdirSync(join(settings.directory, 'taken/inside'), { recursive: true });
    for (let i = 0; i < 5; i += 1) {
      await assert.rejects(writeWholeAsync(settings, 'taken', noise(10, i)), { code: 'EISDIR' });
    }
    rmSync(settings.scratch, { recursive: true });
    for (let i = 0; i < 5; i += 1) {
      await assert.rejects(AsyncTemporaryFile.open(settings, 'a'), { code: 'ENOENT' });
    }
    const after = await openMany(t, 5);
    for (const file of after.files) await file.discard();
    assert.deepEqual(after.folders, before.folders);
  });
});
