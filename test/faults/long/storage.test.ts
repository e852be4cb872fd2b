/** Storage that fails under the whole command: it stops or goes on as promised, and nothing is torn. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { noise } from '../../helpers/bodies.js';
import {
  limited,
  makeFail,
  noAttaching,
  noPowerless,
  noSmallDisk,
  onCopiedDisk,
  onReadOnlyDisk,
  powerless,
} from '../../helpers/faults.js';
import { subfolder } from '../../helpers/folders.js';
import { answer, type RawServer, startRawServer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';
import { assertSound, type Bodies, Place, storedOf } from '../../helpers/soundness.js';
import { thorough } from '../../helpers/thorough.js';

const KIB = 1 << 10;
const notPosix = process.platform === 'win32' && 'needs a POSIX shell';
/** Far more than any of them takes: only so that one that hangs ends. */
const timeout = 600_000;

/** Bodies named by their numbers. */
function numbered(count: number, size: (n: number) => number): Bodies {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, noise(size(n), n)]));
}

/** Serves bodies by name, once `ready` says so. */
async function serve(t: TestContext, bodies: Bodies, ready?: Promise<void>): Promise<RawServer> {
  const server = await startRawServer({
    onRequest: async function* ({ path }) {
      await ready;
      yield answer(bodies[path.slice(1)] ?? 'no', '', path.slice(1) in bodies ? '200 OK' : '404 Not Found');
    },
  });
  t.after(() => server.close());
  return server;
}

function listOf(server: RawServer, bodies: Bodies): string {
  return Object.keys(bodies)
    .map((name) => `${server.origin}/${name}\n`)
    .join('');
}

describe('a disk that fills up', { skip: noSmallDisk, timeout }, () => {
  const disks = [
    ['64 KB for 20 files of 9 KB', 'size=64k', 20, 9_001, 64 * KIB, 'pool', 'libuv', 'threads'],
    ['2 MB for 20 MB', 'size=2m', 200, 100_001, 2_048 * KIB, 'pool'],
  ] as const;
  for (const [what, options, count, size, room, ...executors] of disks) {
    for (const executor of thorough ? executors : executors.slice(0, 1)) {
      test(`${what}, ${executor}: status 3, says so, stops soon, tears nothing`, async (t) => {
        const bodies = numbered(count, () => size);
        const server = await serve(t, bodies);
        const place = new Place(t);
        const copy = scratch(t);
        mkdirSync(place.directory);
        const { status, stderr } = await place.get(['-i', '-', '--executor', executor, '--memory', '8MiB', '-m', '4'], {
          input: listOf(server, bodies),
          within: onCopiedDisk(place.directory, options, copy),
        });
        assert.equal(status, 3, stderr);
        assert.match(stderr, /the disk is full: make room/);
        assertSound(copy, bodies, { some: true });
        const stored = storedOf(copy, bodies).length;
        assert.ok(stored > 0 && stored * size <= room, `${stored} were stored`);
        // What fits, what the budget holds, and what was under way.
        assert.ok(server.requests.length * size < room + 9 * 1024 * KIB, `${server.requests.length} requests`);
        place.assertSurroundings();
      });
    }
  }

  test('a body in parts: status 3, and nothing is left of it', async (t) => {
    const bodies = numbered(1, () => 5_000_000);
    const server = await serve(t, bodies);
    const place = new Place(t);
    const copy = scratch(t);
    mkdirSync(place.directory);
    const { status, stderr } = await place.get([`${server.origin}/f0`], {
      within: onCopiedDisk(place.directory, 'size=2m', copy),
    });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /the disk is full/);
    assertSound(copy, {});
  });

  test('layout hashed, and shards: status 3, and nothing unfinished is left', async (t) => {
    const bodies = numbered(60, () => 100_001);
    const server = await serve(t, bodies);
    for (const layout of ['hashed', 'tar']) {
      const place = new Place(t);
      const copy = scratch(t);
      mkdirSync(place.directory);
      const { status, stderr } = await place.get(['-i', '-', '--layout', layout, '--shard-size', '1MiB'], {
        input: listOf(server, bodies),
        within: onCopiedDisk(place.directory, 'size=2m', copy),
      });
      assert.equal(status, 3, stderr);
      assert.match(stderr, /the disk is full/);
      const files = readdirSync(copy, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const unfinished = files.filter(({ name }) => !(layout === 'tar' ? /^\d{5}\.tar$/ : /^f\d+$/).test(name));
      assert.deepEqual(
        unfinished.filter(({ name }) => !name.startsWith('journal')).map(({ name }) => name),
        [],
      );
      assert.ok(files.length > 0);
      place.assertSurroundings();
    }
  });
});

test(
  'a limit of the size of a file: the larger ones fail alone, with status 1',
  { skip: notPosix, timeout },
  async (t) => {
    const bodies = numbered(9, (n) => (n % 3 === 1 ? 300_000 : 2_000));
    const server = await serve(t, bodies);
    const place = new Place(t);
    // Blocks of 512 or of 1,024 bytes, by the shell.
    const { status, stderr, report } = await place.get(['-i', '-'], {
      input: listOf(server, bodies),
      within: limited('-f 200'),
    });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /f1.*the file is too large/);
    assert.deepEqual([report?.ok, report?.causes], [6, { STORE_FAILED: 3 }]);
    const { f1: _1, f4: _4, f7: _7, ...small } = bodies;
    place.assertSound(small);
  },
);

describe('writes that fail', { skip: noAttaching, timeout }, () => {
  /** Runs the command with system calls that fail for the unfinished files of these numbers. */
  async function run(
    t: TestContext,
    { count, numbers, syscalls, how }: { count: number; numbers: readonly number[]; syscalls: string; how: string },
  ) {
    const bodies = numbered(count, () => 1_000);
    let release = (): void => undefined;
    const ready = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await serve(t, bodies, ready);
    const place = new Place(t);
    const ran = place.get(['-i', '-', '-m', '1', '--workers', '1', '--executor', 'inline'], {
      input: listOf(server, bodies),
      onStart: async (pid) => {
        let unfinished: string | undefined;
        while (unfinished === undefined || server.requests.length === 0) {
          await new Promise((resolve) => {
            setTimeout(resolve, 20);
          });
          try {
            unfinished = readdirSync(join(place.directory, '.sluice')).find((name) => name.startsWith('unfinished-'));
          } catch {
            // Not there yet.
          }
        }
        const folder = join(place.directory, '.sluice', unfinished, '0-0');
        t.after(
          await makeFail(
            pid,
            numbers.map((n) => join(folder, `${n}`)),
            syscalls,
            how,
          ),
        );
        release();
      },
    });
    return { bodies, place, server, ...(await ran) };
  }

  test('EIO for one file: it fails alone, with status 1', async (t) => {
    const how = { count: 5, numbers: [2], syscalls: 'write,pwrite64', how: 'error=EIO' };
    const { bodies, place, status, stderr, report } = await run(t, how);
    assert.equal(status, 1, stderr);
    assert.match(stderr, /cannot store f1 in .*: the storage failed/);
    assert.deepEqual([report?.ok, report?.causes], [4, { STORE_FAILED: 1 }]);
    const { f1: _, ...others } = bodies;
    place.assertSound(others);
  });

  test('EIO again and again: the run stops with status 3', async (t) => {
    const numbers = Array.from({ length: 60 }, (_, i) => i + 3);
    const how = { count: 60, numbers, syscalls: 'write,pwrite64', how: 'error=EIO' };
    const { bodies, place, server, status, stderr } = await run(t, how);
    assert.equal(status, 3, stderr);
    assert.match(stderr, /the storage failed: check the storage/);
    assert.ok(server.requests.length < 20, `${server.requests.length} requests`);
    const { f0, f1 } = bodies;
    place.assertSound({ f0, f1 } as Bodies);
  });

  for (const [error, what] of [
    ['ENOSPC', /the disk is full/],
    ['EDQUOT', /the disk quota is used up/],
  ] as const) {
    test(`${error} at close, as NFS tells it: stops with status 3, and what came before is whole`, async (t) => {
      const how = { count: 9, numbers: [3], syscalls: 'close', how: `error=${error}` };
      const { bodies, place, server, status, stderr } = await run(t, how);
      assert.equal(status, 3, stderr);
      assert.match(stderr, what);
      assert.ok(server.requests.length < 9, `${server.requests.length} requests`);
      const { f0, f1 } = bodies;
      place.assertSound({ f0, f1 } as Bodies);
    });
  }
});

describe('a destination that cannot be written to: status 3 at the start, and no request', { timeout }, () => {
  test('on a disk that is mounted read-only', { skip: noSmallDisk }, async (t) => {
    const server = await serve(t, {});
    const place = new Place(t);
    mkdirSync(place.directory);
    const { status, stderr } = await place.get([`${server.origin}/a`], { within: onReadOnlyDisk(place.directory) });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cannot write to --directory .*: the file system is read-only: mount it writable/);
    assert.equal(server.requests.length, 0);
  });

  test('without permission', { skip: noPowerless }, async (t) => {
    const server = await serve(t, {});
    const place = new Place(t);
    mkdirSync(place.directory);
    chmodSync(place.directory, 0o555);
    const { status, stderr } = await place.get([`${server.origin}/a`], { within: powerless });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /cannot write to --directory .*: permission denied: make the destination writable/);
    assert.equal(server.requests.length, 0);
    assert.deepEqual(readdirSync(place.directory), []);
  });

  test('below a folder without permission', { skip: noPowerless }, async (t) => {
    const server = await serve(t, {});
    const place = new Place(t);
    chmodSync(subfolder(place.cwd, 'closed'), 0o555);
    const { status, stderr } = await place.get(['-d', 'closed/d', `${server.origin}/a`], { within: powerless });
    assert.equal(status, 3, stderr);
    assert.match(stderr, /permission denied/);
    assert.equal(server.requests.length, 0);
  });
});
