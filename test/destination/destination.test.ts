import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Destination } from '../../src/destination/destination.js';
import { StorageError, UsageError } from '../../src/errors.js';
import { noPermissions, noSmallDisk, onSmallDisk, unprivileged } from '../helpers/faults.js';
import { filesBelow, subfolder } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

describe('a destination that can be had', () => {
  test('is made with all that is above it, and has a folder for unfinished files of its own', async (t) => {
    const directory = join(scratch(t), 'a/b/c');
    const folders = new Set<string>();
    for (let run = 0; run < 2; run += 1) {
      const destination = await Destination.open(directory);
      assert.ok(statSync(destination.scratch).isDirectory());
      folders.add(destination.scratch);
      await destination.close();
      assert.deepEqual(readdirSync(directory), []);
    }
    assert.equal(folders.size, 2);
  });

  test('may be a link to a folder', async (t) => {
    const folder = scratch(t);
    const target = subfolder(folder, 'target');
    symlinkSync(target, join(folder, 'link'));
    const destination = await Destination.open(join(folder, 'link'));
    writeFileSync(join(destination.scratch, '1'), 'x');
    await destination.close();
    assert.deepEqual(readdirSync(target), []);
  });

  test('lists what is there, whatever the case and the normal form, and nothing else', async (t) => {
    const directory = scratch(t);
    for (const name of ['Photo.JPG', 'caf\u00e9', '\u03a3']) writeFileSync(join(directory, name), '');
    mkdirSync(join(directory, 'Folder'));
    symlinkSync('nowhere', join(directory, 'link'));
    const destination = await Destination.open(directory);
    const present = await destination.list('flat');
    writeFileSync(join(directory, 'later'), '');
    for (const name of ['Photo.JPG', 'photo.jpg', 'PHOTO.jpg', 'cafe\u0301', 'CAF\u00c9', '\u03c2', 'folder', 'LINK']) {
      assert.ok(present.has(name), name);
    }
    for (const name of ['photo.jpeg', 'cafe', 'later', '.sluice', '']) assert.ok(!present.has(name), name);
    await destination.close();
  });

  test('lists the folders of the layout hashed, and removes what a killed run left in them', async (t) => {
    const directory = scratch(t);
    for (const folder of ['0/0', 'f/a', 'g/0', 'elsewhere/0']) mkdirSync(join(directory, folder), { recursive: true });
    mkdirSync(join(directory, '1'));
    symlinkSync('../elsewhere/0', join(directory, '1/1'));
    for (const name of ['0/0/a', 'f/a/B', 'g/0/c', 'top', 'elsewhere/0/.sluice-unfinished-1-2']) {
      writeFileSync(join(directory, name), '');
    }
    for (const name of ['0/0/.sluice-unfinished-1-ab-0-1', '0/0/.hidden']) writeFileSync(join(directory, name), '');
    const destination = await Destination.open(directory);
    const present = await destination.list('hashed');
    await destination.close();
    for (const name of ['0/0/a', 'f/a/b']) assert.ok(present.has(name), name);
    for (const name of ['g/0/c', 'top', '1/1/a', '0/0/b']) assert.ok(!present.has(name), name);
    const kept = ['0/0/.hidden', '0/0/a', '1/1', 'elsewhere/0/.sluice-unfinished-1-2', 'f/a/B', 'g/0/c', 'top'];
    assert.deepEqual(filesBelow(directory).toSorted(), kept.toSorted());
  });

  test('knows the numbers of the shards that are there', async (t) => {
    const directory = scratch(t);
    for (const name of ['00003.tar', '00001.tar', '0009.tar', '00010.tar.gz', 'a00011.tar', '123456.tar']) {
      writeFileSync(join(directory, name), '');
    }
    const destination = await Destination.open(directory);
    assert.deepEqual(
      [...(await destination.shards())].toSorted((a, b) => a - b),
      [1, 3, 123_456],
    );
    await destination.close();
  });

  test('is left without a trace of what was unfinished, and with everything of others', async (t) => {
    const directory = scratch(t);
    mkdirSync(join(directory, '.sluice/other'), { recursive: true });
    mkdirSync(join(directory, 'folder'));
    for (const name of ['mine', '.hidden', 'folder/file', '.sluice/other/kept'])
      writeFileSync(join(directory, name), name);
    const destination = await Destination.open(directory);
    mkdirSync(join(destination.scratch, '7/deep'), { recursive: true });
    writeFileSync(join(destination.scratch, '7/deep/file'), 'x');
    symlinkSync(join(directory, 'folder'), join(destination.scratch, 'link'));
    await destination.close();
    assert.deepEqual(filesBelow(directory), ['.hidden', '.sluice/other/kept', 'folder/file', 'mine']);
    assert.equal(readFileSync(join(directory, 'mine'), 'utf8'), 'mine');
    await destination.close();
  });

  test('closes without an error where the storage went away meanwhile', async (t) => {
    const directory = subfolder(scratch(t), 'd');
    const gone = await Destination.open(directory);
    rmSync(directory, { recursive: true });
    await gone.close();
    assert.ok(!existsSync(directory));
    const replaced = await Destination.open(directory);
    renameSync(directory, `${directory}-away`);
    writeFileSync(directory, 'a file in its place');
    await replaced.close();
    assert.equal(readFileSync(directory, 'utf8'), 'a file in its place');
  });

  test('closes without an error where nothing may be removed any more', { skip: noPermissions }, async (t) => {
    const directory = subfolder(scratch(t), 'd');
    chmodSync(join(directory, '..'), 0o777);
    const destination = await Destination.open(directory);
    writeFileSync(join(destination.scratch, '1'), 'x');
    chmodSync(destination.scratch, 0o555);
    await unprivileged(() => destination.close()).finally(() => chmodSync(destination.scratch, 0o777));
    assert.deepEqual(readdirSync(destination.scratch), ['1']);
  });
});

describe('a destination that cannot be had', () => {
  test('a file, or what lies below one, is a usage error that names it, and stays as it is', async (t) => {
    const file = join(scratch(t), 'file');
    writeFileSync(file, 'kept');
    for (const directory of [file, join(file, 'below')]) {
      await assert.rejects(Destination.open(directory), (error) => {
        assert.ok(error instanceof UsageError);
        assert.equal(error.message, `--directory ${directory} is a file`);
        return true;
      });
    }
    assert.equal(readFileSync(file, 'utf8'), 'kept');
  });

  test('one that may not be written to is STORE_DENIED', { skip: noPermissions }, async (t) => {
    const directory = subfolder(scratch(t), 'd');
    chmodSync(directory, 0o555);
    chmodSync(join(directory, '..'), 0o777);
    await unprivileged(async () => {
      await assert.rejects(Destination.open(directory), (error) => {
        assert.ok(error instanceof StorageError);
        assert.equal(error.code, 'STORE_DENIED');
        assert.match(error.message, /permission denied/);
        assert.ok(error.message.includes(`--directory ${directory}`));
        return true;
      });
    });
    assert.deepEqual(readdirSync(directory), []);
  });

  test('one that may be written to and not read is STORE_DENIED', { skip: noPermissions }, async (t) => {
    const directory = subfolder(scratch(t), 'd');
    chmodSync(join(directory, '..'), 0o777);
    chmodSync(directory, 0o333);
    await unprivileged(async () => {
      const destination = await Destination.open(directory);
      await assert.rejects(destination.list('flat'), { name: 'StorageError', code: 'STORE_DENIED' });
      await destination.close();
    }).finally(() => chmodSync(directory, 0o777));
    assert.deepEqual(readdirSync(directory), []);
  });

  test('a full disk is STORE_FULL', { skip: noSmallDisk }, (t) => {
    const directory = subfolder(scratch(t), 'd');
    const url = new URL('../../src/destination/destination.js', import.meta.url).href;
    const open = `const { Destination } = await import('${url}');
      await Destination.open('${directory}').catch(({ name, code }) => process.stdout.write(name + ' ' + code));`;
    // One inode is for the root of the disk.
    const within = onSmallDisk(directory, 'nr_inodes=1');
    const [program, ...args] = [...within, process.execPath, '--input-type=module', '-e', open];
    assert.equal(spawnSync(program, args, { encoding: 'utf8' }).stdout, 'StorageError STORE_FULL');
  });

  test('a link or a file in the place of its own folder is refused; what it leads to is untouched', async (t) => {
    const directory = subfolder(scratch(t), 'd');
    const elsewhere = subfolder(scratch(t), 'elsewhere');
    const own = join(directory, '.sluice');
    const refused = () =>
      assert.rejects(
        Destination.open(directory),
        (error) => error instanceof UsageError && error.message.includes(own),
      );
    symlinkSync(elsewhere, own);
    await refused();
    assert.deepEqual(readdirSync(elsewhere), []);
    rmSync(own);
    writeFileSync(own, 'kept');
    await refused();
    assert.equal(readFileSync(own, 'utf8'), 'kept');
  });
});
