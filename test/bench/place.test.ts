import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Place, requireRoom } from '../../src/bench/place.js';
import { UsageError } from '../../src/errors.js';
import { scratch } from '../helpers/scratch.js';

const never = new AbortController().signal;

describe('the place of a measurement', () => {
  test('gives each run a folder that is not there yet, and leaves nothing behind', async (t) => {
    const folder = scratch(t);
    const place = await Place.open(join(folder, 'a', 'b'));
    const runs = [await place.fresh(never), await place.fresh(never)];
    assert.equal(new Set(runs).size, 2);
    for (const run of runs) {
      assert.equal(existsSync(run), false);
      mkdirSync(join(run, 'deep'), { recursive: true });
      writeFileSync(join(run, 'deep', 'file'), 'body');
    }
    await place.close();
    assert.deepEqual(readdirSync(folder), []);
  });

  test('leaves a destination that was there as it was', async (t) => {
    const folder = scratch(t);
    writeFileSync(join(folder, 'mine'), 'mine');
    const place = await Place.open(folder);
    await place.close();
    assert.deepEqual(readdirSync(folder), ['mine']);
  });

  test('is refused where another one is, or what it has left', async (t) => {
    const folder = scratch(t);
    const place = await Place.open(folder);
    await assert.rejects(Place.open(folder), (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /\.sluice-bench-\w+ is what another bench stores, or has left/);
      return true;
    });
    assert.equal(readdirSync(folder).length, 1);
    await place.close();
  });

  test('is refused in a file', async (t) => {
    const file = join(scratch(t), 'file');
    writeFileSync(file, '');
    await assert.rejects(Place.open(file), /is a file/);
  });

  test('knows how many files have room', async (t) => {
    const place = await Place.open(scratch(t));
    assert.ok(place.roomFor(1) <= place.roomFor(4096) && place.roomFor(4096) > place.roomFor(4097));
    requireRoom(place, 1, 1);
    assert.throws(() => requireRoom(place, 10, 2 ** 50), /no room for a run of 10 files of 1024.0 TiB/);
    await place.close();
  });

  test(
    'tells the file system',
    { skip: process.platform !== 'linux' && 'only Linux lists what is mounted' },
    async () => {
      const place = await Place.open('/dev/shm');
      await place.close();
      assert.equal(place.fileSystem, 'tmpfs');
    },
  );
});
