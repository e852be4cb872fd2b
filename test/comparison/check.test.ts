import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { countRight } from '../../src/comparison/check.js';
import { type Corpus, makeLarge, makeSmall, PIECE } from '../../src/comparison/corpus.js';
import { header, padded } from '../../workers/ustar.js';
import { scratch } from '../helpers/scratch.js';

const { signal } = new AbortController();

async function copied(t: TestContext, count = 10): Promise<{ corpus: Corpus; copies: string }> {
  const folder = scratch(t);
  const corpus = await makeSmall(join(folder, 'source'), count, signal);
  const copies = join(folder, 'copies');
  cpSync(corpus.folder, copies, { recursive: true });
  return { corpus, copies };
}

/** One bit of a file is turned. */
function spoil(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

describe('the corpus', () => {
  test('is the same every time, of 1 to 36 KB, with no two files alike', async (t) => {
    const { corpus, copies } = await copied(t, 300);
    const again = await makeSmall(join(scratch(t), 'source'), 300, signal);
    assert.equal(await countRight(copies, again, signal), 300);
    const bodies = corpus.names.map((name) => readFileSync(join(corpus.folder, name)));
    const sizes = bodies.map(({ length }) => length);
    assert.ok(Math.min(...sizes) >= 1000 && Math.max(...sizes) <= 36_000);
    assert.equal(new Set(bodies.map((body) => body.toString('latin1'))).size, 300);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      corpus.bytes,
    );
  });

  test('of large files goes on where a piece ends', async (t) => {
    const corpus = await makeLarge(join(scratch(t), 'source'), 2, 2 * PIECE + 5, signal);
    const bodies = corpus.names.map((name) => readFileSync(join(corpus.folder, name)));
    assert.deepEqual(
      bodies.map(({ length }) => length),
      [2 * PIECE + 5, 2 * PIECE + 5],
    );
    const [body] = bodies as [Buffer];
    assert.notDeepEqual(body.subarray(0, 1000), body.subarray(PIECE, PIECE + 1000));
  });

  test('is not made to the end once the signal aborts', async (t) => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(makeSmall(join(scratch(t), 'source'), 10, aborted), /enough/);
  });
});

describe('the count of right files', () => {
  test('is that of all when all are there, in folders too', async (t) => {
    const { corpus, copies } = await copied(t);
    mkdirSync(join(copies, '0', 'f'), { recursive: true });
    renameSync(join(copies, '000003.bin'), join(copies, '0', 'f', '000003.bin'));
    assert.equal(await countRight(copies, corpus, signal), 10);
  });

  const faults: readonly (readonly [string, (copies: string) => void, number])[] = [
    ['one that lacks', (copies) => rmSync(join(copies, '000001.bin')), 9],
    ['one that was cut', (copies) => truncateSync(join(copies, '000001.bin'), 999), 9],
    ['one with a wrong bit', (copies) => spoil(join(copies, '000001.bin'), 500), 9],
    [
      'two that have changed their names',
      (copies) => {
        renameSync(join(copies, '000001.bin'), join(copies, 'other'));
        renameSync(join(copies, '000002.bin'), join(copies, '000001.bin'));
        renameSync(join(copies, 'other'), join(copies, '000002.bin'));
      },
      8,
    ],
    [
      'one that has no final name',
      (copies) => {
        mkdirSync(join(copies, '.sluice'));
        renameSync(join(copies, '000001.bin'), join(copies, '.sluice', '000001.bin'));
      },
      9,
    ],
  ];
  for (const [what, change, right] of faults) {
    test(`leaves out ${what}`, async (t) => {
      const { corpus, copies } = await copied(t);
      change(copies);
      assert.equal(await countRight(copies, corpus, signal), right);
    });
  }

  test('does not count twice what is there twice, nor what nobody asked for', async (t) => {
    const { corpus, copies } = await copied(t);
    mkdirSync(join(copies, 'more'));
    cpSync(join(copies, '000001.bin'), join(copies, 'more', '000001.bin'));
    writeFileSync(join(copies, 'index.html'), 'hello');
    assert.equal(await countRight(copies, corpus, signal), 10);
  });

  test('leaves out a large file with a wrong bit in its last piece', async (t) => {
    const folder = scratch(t);
    const corpus = await makeLarge(join(folder, 'source'), 2, PIECE + 5, signal);
    const copies = join(folder, 'copies');
    cpSync(corpus.folder, copies, { recursive: true });
    assert.equal(await countRight(copies, corpus, signal), 2);
    spoil(join(copies, '000001.bin'), PIECE + 4);
    assert.equal(await countRight(copies, corpus, signal), 1);
  });

  test('looks into shards, and at the bytes of their members', async (t) => {
    const folder = scratch(t);
    const corpus = await makeSmall(join(folder, 'source'), 4, signal);
    const copies = join(folder, 'copies');
    mkdirSync(copies);
    const bodies = corpus.names.map((name) => readFileSync(join(corpus.folder, name)));
    bodies[2] = Buffer.from(bodies[2] as Buffer).fill(0, 10, 20);
    const members = corpus.names.flatMap((name, index) => [
      member(`${index}.bin`, bodies[index] as Buffer),
      member(`${index}.json`, Buffer.from(JSON.stringify({ name }))),
    ]);
    writeFileSync(join(copies, '00000.tar'), Buffer.concat([...members.slice(0, 6), Buffer.alloc(1024)]));
    writeFileSync(join(copies, '00001.tar'), Buffer.concat([...members.slice(6), Buffer.alloc(1024)]));
    assert.equal(await countRight(copies, corpus, signal), 3);
  });
});

function member(name: string, body: Buffer): Buffer {
  const filler = Buffer.alloc(padded(body.length) - body.length);
  return Buffer.concat([header({ name, size: body.length, mtime: 0 }), body, filler]);
}
