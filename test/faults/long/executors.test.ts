/** Storage that really fails: after each, final names hold whole bodies only, and nothing unfinished is left. */

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createExecutor } from '../../../src/executor/create.js';
import { cut, noise } from '../../helpers/bodies.js';
import {
  failing,
  limited,
  noInjection,
  noSmallDisk,
  noPermissions,
  onSmallDisk,
  storeInChild,
  unprivileged,
} from '../../helpers/faults.js';
import { filesBelow } from '../../helpers/folders.js';
import { scratch } from '../../helpers/scratch.js';
import { LargeBody, storeSettings, storeWhole, Told } from '../../helpers/stores.js';

const MIB = 1 << 20;
const notPosix = process.platform === 'win32' && 'needs a POSIX shell';

for (const kind of ['pool', 'inline', 'libuv'] as const) {
  describe(`storage that fails under the executor ${kind}`, () => {
    test(
      'a disk of 64 KB that fills up: what is stored is whole, the others are STORE_FULL, and nothing is left of them',
      {
        skip: noSmallDisk,
      },
      (t) => {
        const directory = join(scratch(t), 'd');
        // No multiple of a page, so that the last one that begins is cut by a short write; and a large one in parts.
        const bodies = Array.from({ length: 21 }, (_, i) => [`${i}`, i === 7 ? 9 * MIB : 9_001] as const);
        const within = onSmallDisk(directory, 'size=64k');
        const { told, files } = storeInChild({ executor: kind, directory, bodies }, { within });
        const all = JSON.stringify({ told, files });
        assert.equal(told.length, 21, all);
        const stored = told.filter(([, result]) => typeof result === 'number');
        // By libuv all are written at once: until the first of them fails, each may have a part of what there is.
        assert.ok(stored.length >= (kind === 'libuv' ? 0 : 1) && stored.length < 8, all);
        for (const [, result] of told) {
          if (typeof result === 'number') continue;
          assert.equal(result.code, 'STORE_FULL', all);
          assert.match(result.cause ?? '', /^ENOSPC/, all);
        }
        assert.ok(!stored.some(([name]) => name === '7'), all);
        assert.deepEqual(files, Object.fromEntries(stored.map(([name]) => [name, true])), all);
      },
    );

    test('a destination that is removed in the middle: what follows fails, and it is not made again', async (t) => {
      const settings = storeSettings(t);
      const told = new Told();
      const executor = await createExecutor(kind, 1, settings, told.listener);
      storeWhole(executor, 'before', [noise(100, 1)]);
      assert.equal(await told.of('before'), 100);
      const large = new LargeBody(executor, 'large');
      await large.send(cut(noise(6 * MIB, 1), 100_000));
      rmSync(settings.directory, { recursive: true });
      storeWhole(executor, 'after', [noise(100, 2)]);
      large.writer.end();
      await executor.close();
      for (const name of ['after', 'large']) {
        assert.deepEqual([told.errorOf(name).code, told.errorOf(name).cause?.code], ['STORE_FAILED', 'ENOENT']);
        assert.match(told.errorOf(name).message, /gone/);
      }
      assert.throws(() => filesBelow(settings.directory), { code: 'ENOENT' });
    });

    test(
      'a destination without permission: STORE_DENIED, and nothing of it is left',
      { skip: noPermissions },
      async (t) => {
        const settings = storeSettings(t);
        const told = new Told();
        const executor = await createExecutor(kind, 1, settings, told.listener);
        // So that a worker has loaded its modules, which others may not be allowed to read; and, where two are written at
        // once, that either has its folder.
        const before = ['before', 'before too'];
        for (const name of before) storeWhole(executor, name, [noise(100, 1)]);
        await Promise.all(before.map((name) => told.of(name)));
        for (const folder of readdirSync(settings.scratch)) chmodSync(join(settings.scratch, folder), 0o777);
        chmodSync(settings.directory, 0o555);
        await unprivileged(async () => {
          storeWhole(executor, 'small', [noise(100, 1)]);
          const large = new LargeBody(executor, 'large');
          await large.send([noise(100, 1)]);
          large.writer.end();
          await executor.close();
        }).finally(() => chmodSync(settings.directory, 0o777));
        for (const name of ['small', 'large']) {
          assert.deepEqual([told.errorOf(name).code, told.errorOf(name).cause?.code], ['STORE_DENIED', 'EACCES']);
          assert.match(told.errorOf(name).cause?.message ?? '', /rename/);
        }
        assert.deepEqual(filesBelow(settings.directory), before);
      },
    );

    test(
      'a limit of the size of a file, which cuts a write short: the larger ones fail alone',
      { skip: notPosix },
      (t) => {
        const directory = join(scratch(t), 'd');
        const bodies = [5_000, 200_000, 6_000, 180_000, 7_000].map(
          (length, position) => [`${position}`, length] as const,
        );
        // Blocks of 512 or of 1,024 bytes, by the shell.
        const answer = storeInChild({ executor: kind, directory, bodies }, { within: limited('-f 100') });
        const told = new Map(answer.told);
        assert.equal(told.size, 5);
        for (const name of ['1', '3']) {
          const result = told.get(name);
          assert.ok(typeof result === 'object' && result.code === 'STORE_FAILED' && result.cause?.startsWith('EFBIG'));
        }
        assert.deepEqual(answer.files, { 0: true, 2: true, 4: true });
      },
    );

    test('few files may be open: fewer at once, no failure', { skip: notPosix }, (t) => {
      const directory = join(scratch(t), 'd');
      const bodies = Array.from({ length: 300 }, (_, position) => [`${position}`, 3_000] as const);
      const { told, files } = storeInChild({ executor: kind, directory, bodies }, { within: limited('-n 100') });
      assert.deepEqual(
        told.filter(([, result]) => typeof result !== 'number'),
        [],
      );
      assert.equal(Object.values(files).filter((whole) => whole).length, 300);
    });
  });
}

describe('a system call that fails for one file', { skip: noInjection }, () => {
  const cases = [
    ['close, as NFS tells of a full disk', 'close', 'error=ENOSPC', 'STORE_FULL', 'inline', 'libuv'],
    ['close, as NFS tells of a quota', 'close', 'error=EDQUOT', 'STORE_FULL', 'inline'],
    ['a write that fails', 'write,pwrite64', 'error=EIO', 'STORE_FAILED', 'libuv'],
    ['a write that takes nothing and gives no error', 'write,pwrite64', 'retval=0', 'STORE_FAILED', 'inline', 'libuv'],
    ['the rename', 'rename', 'error=EROFS', 'STORE_READ_ONLY', 'inline'],
  ] as const;
  for (const [what, syscalls, how, code, ...executors] of cases) {
    for (const executor of executors) {
      test(`${what}, under ${executor}: that file fails alone, and nothing of it is left`, (t) => {
        const directory = join(scratch(t), 'd');
        // The second of three: of one writer, or of as many as there are files.
        const path = `.unfinished-test/${executor === 'inline' ? '0-0' : '0-1'}/2`;
        const within = failing(join(directory, path), syscalls, how);
        const bodies = [
          ['a', 100],
          ['b', 200],
          ['c', 300],
        ] as const;
        const { told, files } = storeInChild({ executor, directory, bodies }, { within });
        assert.deepEqual(files, { a: true, c: true });
        const [, result] = told.find(([name]) => name === 'b') ?? [];
        assert.ok(typeof result === 'object' && result.code === code, JSON.stringify(result));
      });
    }
  }
});
