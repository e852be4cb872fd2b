import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import type { TarSettled } from '../../src/protocol/tar.js';
import type { StoreResult } from '../../src/protocol/result.js';
import type { Packed } from '../../workers/member.js';
import { MAX_BODIES, Shards } from '../../workers/shards.js';
import { partName } from '../../workers/shard-name.js';
import { Shard } from '../../workers/shard.js';
import type { UnfinishedFile } from '../../workers/files.js';
import { storeBody } from '../../workers/store.js';
import { header, LONG_HEADER_SIZE, longHeader } from '../../workers/ustar.js';
import { noise } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';
import { sizeOr, storeSettings } from '../helpers/stores.js';
import { bodiesIn, listedByPython, listedByTar, noGnuTar, noPython, shardsIn } from '../helpers/tars.js';
import { thorough } from '../helpers/thorough.js';

const MIB = 1 << 20;
const GIB = 2 ** 30;

describe('headers', () => {
  /** An archive of one member of 9 GiB, nearly all of it a hole. */
  function huge(t: TestContext): string {
    const path = join(scratch(t), 'huge.tar');
    fs.writeFileSync(path, longHeader({ name: '000000000.bin', size: 9 * GIB, mtime: 0 }));
    fs.truncateSync(path, LONG_HEADER_SIZE + 9 * GIB);
    fs.appendFileSync(path, header({ name: '000000000.json', size: 0, mtime: 0 }));
    fs.appendFileSync(path, Buffer.alloc(1024));
    return path;
  }

  test('GNU tar reads the size of a member of more than 8 GiB', { skip: noGnuTar }, (t) => {
    const lines = listedByTar(huge(t));
    assert.equal(lines.length, 2);
    assert.match(lines[0] ?? '', / 9663676416 1970-01-01 .* 000000000\.bin$/);
  });

  test("Python's tarfile does, too", { skip: noPython }, (t) => {
    assert.deepEqual(listedByPython(huge(t)), [
      ['000000000.bin', 9 * GIB],
      ['000000000.json', 0],
    ]);
  });

  test('times that a header cannot tell become the nearest that it can', () => {
    const field = (mtime: number): string => header({ name: 'a', size: 0, mtime }).toString('latin1', 136, 147);
    assert.equal(field(-5), '00000000000');
    assert.equal(field(1e15), '77777777777');
  });
});

describe('a shard', () => {
  test('holds what was added, taken back and written over, as one buffer would', (t) => {
    const folder = scratch(t);
    let serial = 0;
    const change = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), length: fc.integer({ min: 0, max: 3 * MIB }) }),
      fc.record({ kind: fc.constant('rewind' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('patch' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('read' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant('save' as const) }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        serial += 1;
        const shard = new Shard(folder, serial, storeSettings(t));
        let model = Buffer.alloc(0);
        for (const [seed, step] of changes.entries()) {
          const at = 'at' in step ? Math.floor(step.at * model.length) : 0;
          if (step.kind === 'append') {
            const bytes = noise(step.length, seed);
            shard.append(bytes);
            model = Buffer.concat([model, bytes]);
          } else if (step.kind === 'rewind') {
            shard.rewind(at);
            model = Buffer.from(model.subarray(0, at));
          } else if (step.kind === 'patch') {
            const bytes = noise(Math.min(1536, model.length - at), seed);
            shard.patch(bytes, at);
            bytes.copy(model, at);
          } else if (step.kind === 'save') {
            shard.save();
            assert.ok(fs.readFileSync(join(folder, partName(serial))).equals(model));
          } else {
            assert.ok(shard.read(at, model.length - at).equals(model.subarray(at)));
          }
          assert.equal(shard.end, model.length);
        }
        shard.seal(join(folder, 'sealed'));
        const sealed = fs.readFileSync(join(folder, 'sealed'));
        assert.ok(sealed.subarray(0, model.length).equals(model));
        assert.equal(sealed.length, Math.ceil((model.length + 1024) / 10_240) * 10_240);
        assert.ok(sealed.subarray(model.length).every((byte) => byte === 0));
      }),
      { numRuns: thorough ? 60 : 20, seed: 3 },
    );
  });
});

describe('a shard that is gone on with', () => {
  test('is cut where it counts, and holds what was there and what is added', (t) => {
    const folder = scratch(t);
    const at = fc.integer({ min: 1, max: 3 * MIB });
    let serial = 0;
    fc.assert(
      fc.property(at, fc.nat({ max: MIB }), fc.nat({ max: 2 * MIB }), (end, torn, added) => {
        serial += 1;
        const [before, more] = [noise(end, 1), noise(added, 2)];
        fs.writeFileSync(join(folder, partName(serial)), Buffer.concat([before, noise(torn, 3)]));
        const shard = new Shard(folder, serial, storeSettings(t), { end, bodies: 1 });
        shard.append(more);
        shard.seal(join(folder, 'sealed'));
        const whole = Buffer.concat([before, more]);
        assert.ok(fs.readFileSync(join(folder, 'sealed')).subarray(0, whole.length).equals(whole));
      }),
      {
        numRuns: thorough ? 60 : 12,
        seed: 4,
        examples: [
          [MIB, 7, 5],
          [2 * MIB - 1, 0, 1],
        ],
      },
    );
  });

  test('outlasts what fails: it has its name and what was in it for the next run', (t) => {
    const [folder, settings] = [scratch(t), storeSettings(t)];
    const path = join(folder, partName(3));
    fs.writeFileSync(path, noise(5_000, 1));
    const shard = new Shard(folder, 3, settings, { end: 4_096, bodies: 2 });
    shard.append(noise(1_000, 2));
    shard.seal(join(folder, 'sealed'));
    shard.discard();
    assert.deepEqual(fs.readdirSync(folder), [partName(3)]);
    assert.ok(fs.readFileSync(path).subarray(0, 4_096).equals(noise(5_000, 1).subarray(0, 4_096)));
  });
});

describe('shards', () => {
  interface Setup {
    readonly shards: Shards;
    readonly settled: TarSettled[];
    readonly directory: string;
    readonly scratch: string;
    readonly store: (id: number, body: Uint8Array) => StoreResult;
  }

  function packed(id: number): Packed {
    return { id, name: `${id}.bin`, description: { index: id, url: `http://localhost/${id}.bin`, headers: [] } };
  }

  function start(t: TestContext, shardSize: number): Setup {
    const settings = storeSettings(t);
    const settled: TarSettled[] = [];
    const where = { store: settings, unsealed: settings.scratch, parts: [], only: undefined };
    const shards = new Shards({ ...where, shardSize, firstShard: 7, started: 1_700_000_000 }, (it) => settled.push(it));
    const store: Setup['store'] = (id, body) =>
      storeBody(body, { name: `${id}.bin`, encoding: '' }, settings, shards.placeFor(packed(id))) as StoreResult;
    return { shards, settled, directory: settings.directory, scratch: settings.scratch, store };
  }

  /** Puts something in the place of a call of `node:fs`, which the store imports by name. */
  function replace(
    t: TestContext,
    call: 'writeSync' | 'closeSync' | 'renameSync',
    by?: () => never,
  ): () => unknown[][] {
    const { mock } = by === undefined ? t.mock.method(fs, call) : t.mock.method(fs, call, by);
    syncBuiltinESMExports();
    t.after(() => {
      mock.restore();
      syncBuiltinESMExports();
    });
    return () => mock.calls.map(({ arguments: args }) => args as unknown[]);
  }

  function failOnce(t: TestContext, call: 'writeSync' | 'closeSync', code: string): void {
    const original = fs[call];
    replace(t, call, () => {
      Object.assign(fs, { [call]: original });
      syncBuiltinESMExports();
      throw Object.assign(new Error(`${code}: injected`), { code, syscall: 'write' });
    });
  }

  test('2,000 bodies of 11 KB take a write for each MiB, and one rename', (t) => {
    const { shards, settled, directory, store } = start(t, 128 * MIB);
    const writes = replace(t, 'writeSync');
    const renames = replace(t, 'renameSync');
    for (let id = 0; id < 2_000; id += 1) assert.equal(sizeOr(store(id, noise(11_000, 1))), 11_000);
    shards.seal();
    assert.equal(settled.length, 1);
    assert.equal(renames().length, 1);
    const { size } = fs.statSync(join(directory, '00007.tar'));
    assert.equal(writes().length, Math.ceil(size / MIB));
    for (const args of writes()) assert.equal((args[4] as number) % MIB, 0);
  });

  test('a write that fails fails all that its shard holds; the shard is removed, and the next one goes on', (t) => {
    const { shards, settled, directory, scratch, store } = start(t, 128 * MIB);
    const body = noise(300_000, 1);
    failOnce(t, 'writeSync', 'ENOSPC');
    for (let id = 0; id < 3; id += 1) assert.ok(sizeOr(store(id, body)) === body.length);
    const result = store(3, body);
    assert.ok(typeof result === 'object' && 'code' in result && result.code === 'STORE_FULL');
    assert.deepEqual(filesBelow(scratch), []);
    assert.deepEqual(settled[0]?.ids, [0, 1, 2]);
    assert.ok('error' in settled[0].result && settled[0].result.error.code === 'STORE_FULL');
    for (let id = 4; id < 9; id += 1) assert.ok(sizeOr(store(id, body)) === body.length);
    shards.seal();
    assert.deepEqual(settled[1], {
      kind: 'settled',
      number: 8,
      part: 8,
      ids: [4, 5, 6, 7, 8],
      result: { stored: Array.from({ length: 5 }, () => ({ size: body.length, crc32: crc32(body) })) },
    });
    assert.deepEqual([...bodiesIn([fs.readFileSync(join(directory, '00008.tar'))]).keys()].length, 5);
    assert.deepEqual(filesBelow(scratch), []);
  });

  test('a disk that is found full when the shard is closed fails all that is in it', (t) => {
    const { shards, settled, directory, scratch, store } = start(t, 128 * MIB);
    for (let id = 0; id < 3; id += 1) assert.equal(sizeOr(store(id, noise(1_000, id))), 1_000);
    failOnce(t, 'closeSync', 'ENOSPC');
    shards.seal();
    assert.deepEqual(settled[0]?.ids, [0, 1, 2]);
    assert.ok('error' in settled[0].result && settled[0].result.error.code === 'STORE_FULL');
    assert.match(settled[0].result.error.message, /00007\.tar/);
    assert.deepEqual(filesBelow(scratch), []);
    assert.deepEqual(shardsIn(directory), []);
  });

  test('a body that fits the rest of a shard to the byte stays in it, and one byte more does not', (t) => {
    // Two pairs of header, body, header and description, and the end, in 1 MiB cut to whole records.
    const room = MIB - (MIB % 10_240) - 1024;
    const pair = (length: number): number => 3 * 512 + Math.ceil(length / 512) * 512;
    for (const [more, expected] of [
      [0, 1],
      [1, 2],
    ] as const) {
      const { shards, directory, store } = start(t, MIB);
      const sizes = [1_000, room - pair(1_000) - pair(0) + more];
      for (const [id, size] of sizes.entries()) assert.equal(sizeOr(store(id, noise(size, id))), size);
      shards.seal();
      const archives = shardsIn(directory).map((path) => fs.readFileSync(path));
      assert.equal(archives.length, expected);
      assert.equal(bodiesIn(archives).size, 2);
      for (const { length } of archives) assert.ok(length <= MIB);
    }
  });

  test('none is larger than asked for unless one body alone is, however bodies and those in parts come', (t) => {
    const body = fc.integer({ min: 0, max: 700_000 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('whole' as const), size: body }),
      fc.record({ kind: fc.constant('begin' as const), size: fc.integer({ min: 0, max: 1_300_000 }) }),
      fc.record({ kind: fc.constant('go on' as const), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const { shards, settled, directory, scratch, store } = start(t, MIB);
        const open: { id: number; file: UnfinishedFile; rest: Buffer; body: Buffer }[] = [];
        const sizes: number[] = [];
        let mostOpen = 0;
        const goOn = (at: number): void => {
          const { file, rest, body, id } = open[at] as (typeof open)[number];
          void file.write(rest.subarray(0, 200_000));
          (open[at] as { rest: Buffer }).rest = rest.subarray(200_000);
          if (rest.length > 200_000) return;
          void file.commit({ size: body.length, crc32: crc32(body) });
          open.splice(at, 1);
          sizes[id] = body.length;
        };
        for (const [id, given] of steps.entries()) {
          if (given.kind === 'whole') {
            sizes[id] = sizeOr(store(id, noise(given.size, id))) as number;
          } else if (given.kind === 'begin') {
            const bytes = noise(given.size, id);
            const file = shards.placeFor(packed(id)).open(storeSettings(t), `${id}.bin`);
            open.push({ id, file, rest: bytes, body: bytes });
          } else if (open.length > 0) {
            goOn(given.which % open.length);
          }
          mostOpen = Math.max(mostOpen, open.length);
          assert.ok(filesBelow(scratch).length <= mostOpen + 2, 'more shards are open than bodies need');
        }
        while (open.length > 0) goOn(0);
        shards.seal();
        assert.deepEqual(
          settled.flatMap(({ ids }) => ids).toSorted((a, b) => a - b),
          Object.keys(sizes).map(Number),
        );
        for (const path of shardsIn(directory)) {
          const archive = fs.readFileSync(path);
          assert.ok(archive.length <= MIB || bodiesIn([archive]).size === 1, `${archive.length} bytes`);
        }
      }),
      { numRuns: thorough ? 40 : 8, seed: 5 },
    );
  });

  test('a shard of small bodies is sealed at 10,000, whatever its size may be', (t) => {
    const { shards, settled, store } = start(t, GIB);
    for (let id = 0; id < MAX_BODIES + 5; id += 1) store(id, noise(10, id));
    assert.deepEqual(
      settled.map(({ ids }) => ids.length),
      [MAX_BODIES],
    );
    shards.seal();
    assert.equal(settled[1]?.ids.length, 5);
  });

  test('a body in parts, which may take long, does not keep many others from being sealed', (t) => {
    const { shards, settled, store } = start(t, GIB);
    const open: UnfinishedFile[] = [];
    for (let id = 0; id < MAX_BODIES; id += 1) {
      store(id, noise(10, id));
      if (id % 2_000 === 0) open.push(shards.placeFor(packed(MAX_BODIES + id)).open(storeSettings(t), 'large'));
    }
    shards.seal();
    const sealed = settled.reduce((sum, { ids }) => sum + ids.length, 0);
    assert.ok(sealed >= 0.8 * MAX_BODIES, `${sealed} are sealed`);
    for (const file of open) void file.discard();
  });
});
