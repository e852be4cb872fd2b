import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { StoreSettings } from '../../src/protocol/settings.js';
import type { StoreJob, StoreResult } from '../../src/protocol/result.js';
import { simulate } from '../../workers/slow.js';
import { storeBody, storeBodyAsync, storeLarge, storeLargeAsync } from '../../workers/store.js';
import { cut, noise, TINY_GIF } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { errorIn, sizeOr, storeSettings } from '../helpers/stores.js';

const MIB = 1 << 20;

const KINDS = [
  { name: 'synchronous', whole: storeBody, large: storeLarge },
  { name: 'through libuv', whole: storeBodyAsync, large: storeLargeAsync },
] as const;

const job = (name: string, encoding = ''): StoreJob => ({ name, encoding });

/** A body in parts, at some of which something happens. */
async function* parts(
  pieces: readonly Uint8Array[],
  at: Readonly<Record<number, () => void>>,
): AsyncGenerator<Uint8Array> {
  for (const [position, piece] of pieces.entries()) {
    at[position]?.();
    yield piece;
    await sleep(0);
  }
}

for (const { name, whole, large } of KINDS) {
  describe(`the store, ${name}`, () => {
    test('the bound counts decoded bytes, to the byte', async (t) => {
      const settings = storeSettings(t, { maxBodySize: 1_000 });
      for (const [encoding, encode] of [
        ['', (body: Buffer) => body],
        ['gzip', (body: Buffer) => gzipSync(body)],
        ['br', (body: Buffer) => brotliCompressSync(body)],
      ] as const) {
        const [fits, exceeds] = [encode(Buffer.alloc(1_000)), encode(Buffer.alloc(1_001))];
        assert.equal(sizeOr(await whole(fits, job('whole', encoding), settings)), 1_000);
        assert.equal(sizeOr(await large([fits], job('large', encoding), settings)), 1_000);
        assert.equal(errorIn(await whole(exceeds, job('a', encoding), settings)).code, 'BODY_TOO_LARGE');
        assert.equal(errorIn(await large([exceeds], job('b', encoding), settings)).code, 'BODY_TOO_LARGE');
      }
      assert.deepEqual(filesBelow(settings.directory), ['large', 'whole']);
    });

    test('a cut or unknown encoding is refused and leaves nothing, whole or in parts', async (t) => {
      const settings = storeSettings(t);
      const gzip = gzipSync(noise(200_000, 1));
      const broken = Buffer.from(gzip);
      broken[100_000]! ^= 1;
      for (const [body, encoding, code] of [
        [gzip.subarray(0, -1), 'gzip', 'BODY_CUT'],
        [broken, 'gzip', 'BODY_ENCODING'],
        [gzip, 'br', 'BODY_ENCODING'],
        [gzip, 'zstd', 'BODY_ENCODING'],
        [gzip, 'gzip, gzip, gzip', 'BODY_ENCODING'],
      ] as const) {
        assert.equal(errorIn(await whole(body, job('a', encoding), settings)).code, code, encoding);
        assert.equal(errorIn(await large(cut(body, 30_000), job('a', encoding), settings)).code, code, encoding);
      }
      assert.deepEqual(filesBelow(settings.directory), []);
    });

    test('an image in parts is checked before it gets its name', async (t) => {
      for (const imageCheck of ['structure', 'pixels'] as const) {
        const settings = storeSettings(t, { imageCheck });
        assert.equal(sizeOr(await large(cut(TINY_GIF, 7), job('a.gif'), settings)), TINY_GIF.length);
        assert.equal(sizeOr(await large([gzipSync(TINY_GIF)], job('b.gif', 'gzip'), settings)), TINY_GIF.length);
        const cutShort = await large(cut(TINY_GIF.subarray(0, -1), 7), job('c.gif'), settings);
        assert.equal(errorIn(cutShort).code, 'BODY_IMAGE');
        assert.deepEqual(filesBelow(settings.directory), ['a.gif', 'b.gif']);
      }
    });

    test('an image too large to be read back for its check is refused as soon as that is known', async (t) => {
      const settings = storeSettings(t, { imageCheck: 'structure' });
      const piece = Buffer.alloc(16 * MIB);
      let sent = 0;
      const endless = function* (): Generator<Uint8Array> {
        while (sent < 1_000) {
          sent += 1;
          yield piece;
        }
      };
      assert.equal(errorIn(await large(endless(), job('a.gif'), settings)).code, 'BODY_IMAGE');
      assert.ok(sent < 20, `${sent} pieces were taken`);
      assert.deepEqual(filesBelow(settings.directory), []);
    });

    test('never throws: a storage that goes away in mid-body, and whatever ends the parts, is a result', async (t) => {
      const settings = storeSettings(t);
      const pieces = cut(noise(400_000, 1), 100_000);
      const replaceScratch = (): void => {
        rmSync(settings.scratch, { recursive: true });
        writeFileSync(settings.scratch, 'a file in the place of the folder');
      };
      const fail = (): void => {
        throw new TypeError('the sender failed');
      };
      assert.equal(errorIn(await large(parts(pieces, { 1: fail }), job('a'), settings)).code, 'INTERNAL');
      assert.deepEqual(filesBelow(settings.directory), []);
      assert.equal(errorIn(await large(parts(pieces, { 2: replaceScratch }), job('a'), settings)).code, 'STORE_FAILED');
      assert.equal(errorIn(await whole(noise(10, 1), job('a'), settings)).code, 'STORE_FAILED');
      assert.equal(errorIn(await large([noise(10, 1)], job('a'), settings)).cause?.code, 'ENOTDIR');
    });

    test('leaves a body unfinished once it is cancelled', async (t) => {
      const settings = storeSettings(t);
      const cancel = (): void => void Atomics.store(settings.cancelled, 0, 1);
      const pieces = cut(noise(400_000, 1), 100_000);
      assert.equal(errorIn(await large(parts(pieces, { 2: cancel }), job('a'), settings)).code, 'ABORTED');
      assert.equal(errorIn(await whole(noise(10, 1), job('b'), settings)).code, 'ABORTED');
      assert.deepEqual(filesBelow(settings.directory), []);
    });

    test('the memory of a part may be used again when the next is asked for, encoded or not', async (t) => {
      const settings = storeSettings(t);
      const body = noise(3 * MIB, 1);
      const shared = new Uint8Array(new SharedArrayBuffer(MIB));
      const reused = async function* (bytes: Buffer): AsyncGenerator<Uint8Array> {
        for (const piece of cut(bytes, 200_000, 900_000)) {
          shared.set(piece);
          yield shared.subarray(0, piece.length);
          shared.fill(0);
          await sleep(0);
        }
      };
      for (const encoding of ['', 'gzip', 'br']) {
        const encoded =
          encoding === '' ? body : encoding === 'br' ? brotliCompressSync(body, { params: { 1: 0 } }) : gzipSync(body);
        assert.equal(sizeOr(await large(reused(encoded), job(`a${encoding}`, encoding), settings)), body.length);
        assert.ok(readFileSync(join(settings.directory, `a${encoding}`)).equals(body));
      }
    });
  });
}

/** Turns of the event loop while a body of ten parts is stored, each of which takes a slow storage 10 ms. */
async function turnsDuring(
  large: (...args: Parameters<typeof storeLarge>) => Promise<StoreResult>,
  settings: StoreSettings,
): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  await large(cut(noise(10_000, 1), 1_000), job('a'), settings);
  clearInterval(timer);
  return turns;
}

test('through libuv a large body leaves the event loop free, where the synchronous store holds it up', async (t) => {
  const settings = storeSettings(t, { slow: simulate({ name: 10, write: 10 }) });
  const held = await turnsDuring(storeLarge, settings);
  const free = await turnsDuring(storeLargeAsync, settings);
  assert.ok(free > 3 * (held + 1), `${free} turns through libuv, ${held} otherwise`);
});
