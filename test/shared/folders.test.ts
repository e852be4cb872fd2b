import assert from 'node:assert/strict';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolders } from '../../src/shared/folders.js';
import { sluice } from '../helpers/cli.js';
import { subfolder } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

describe('folders with those above them', () => {
  test('are made where they are not there, and the topmost that was made is told', async (t) => {
    const root = scratch(t);
    assert.equal(await makeFolders(join(root, 'a/b/c')), join(root, 'a'));
    assert.equal(await makeFolders(join(root, 'a/b/c')), undefined);
    assert.equal(await makeFolders(join(root, 'a/d/')), join(root, 'a/d'));
    assert.equal(await makeFolders('/'), undefined);
    symlinkSync(subfolder(root, 'target'), join(root, 'link'));
    assert.equal(await makeFolders(join(root, 'link')), undefined);
    assert.equal(await makeFolders(join(root, 'link/x')), join(root, 'link/x'));
    assert.ok(existsSync(join(root, 'target/x')));
  });

  test('are made by several at once', async (t) => {
    const root = scratch(t);
    const paths = Array.from({ length: 20 }, (_, n) => join(root, 'a/b/c/d', String(n % 2)));
    await Promise.all(paths.map(makeFolders));
    for (const path of paths) assert.ok(existsSync(path));
  });

  test('are not made in the place of a file or below one, nor behind a link that leads nowhere', async (t) => {
    const root = scratch(t);
    writeFileSync(join(root, 'file'), '');
    await assert.rejects(makeFolders(join(root, 'file')), { code: 'EEXIST' });
    await assert.rejects(makeFolders(join(root, 'file/a/b')), { code: 'ENOTDIR' });
    symlinkSync('nowhere', join(root, 'dangling'));
    await assert.rejects(makeFolders(join(root, 'dangling')), { code: 'EEXIST' });
    await assert.rejects(makeFolders(join(root, 'dangling/a')), { code: 'EEXIST' });
  });

  const withoutProc = existsSync('/proc/self') ? false : 'needs /proc';
  for (const args of [
    ['get', 'http://127.0.0.1:9/a', '-d', '/proc/sluice/x'],
    ['get', 'http://127.0.0.1:9/a', '-d', 'd', '--state', '/proc/sluice'],
    ['bench', '-d', '/proc/sluice'],
  ]) {
    const command = args.filter((arg) => !arg.startsWith('http')).join(' ');
    test(
      `are not tried for ever where a file system takes none: sluice ${command}`,
      { skip: withoutProc },
      async (t) => {
        // On its own it would not end.
        const within = ['timeout', '--signal=KILL', '60'];
        const { status, stderr } = await sluice(args, { cwd: scratch(t), within });
        assert.equal(status, 3, stderr);
        assert.match(stderr, /cannot make the folder \/proc\/sluice: its file system takes none there/);
      },
    );
  }
});
