/** What every executor promises, asked of each of them with the same bodies. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { createExecutor } from '../../src/executor/create.js';
import type { Executor } from '../../src/executor/executor.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { simulate } from '../../workers/slow.js';
import { cut, noise, text, TINY_GIF } from '../helpers/bodies.js';
import { errorIn, LargeBody, storeSettings, storeWhole, Told } from '../helpers/stores.js';
import { filesBelow } from '../helpers/folders.js';

const MIB = 1 << 20;
/** Six MiB of noise with as many zeros between them, and the same encoded: more parts than may be under way at once. */
const PLAIN = Buffer.concat(cut(noise(6 * MIB, 0), 100_000).flatMap((piece) => [piece, Buffer.alloc(piece.length)]));
const ENCODED = {
  gzip: gzipSync(PLAIN, { level: 1 }),
  deflate: deflateSync(PLAIN, { level: 1 }),
  br: brotliCompressSync(PLAIN, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
};

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  // What is weak is only let go in a later turn of the event loop.
  await new Promise(setImmediate);
  (runInNewContext('gc') as () => void)();
}

/** More than is held whole, and small enough as it is sent. */
const SWOLLEN = Buffer.alloc(17 * MIB, 'x');
const SWOLLEN_GZIP = gzipSync(SWOLLEN);

interface Setup {
  readonly executor: Executor;
  readonly settings: StoreSettings;
  readonly told: Told;
  /** Fails unless the destination holds exactly these files, byte for byte, and each was told of with its size. */
  readonly holdsExactly: (expected: ReadonlyMap<string, Uint8Array>) => void;
}

for (const kind of ['pool', 'lone', 'inline', 'libuv'] as const) {
  const start = async (t: TestContext, changes: Partial<StoreSettings> = {}, workers = 1): Promise<Setup> => {
    const settings = storeSettings(t, changes);
    const told = new Told();
    const executor =
      kind === 'lone'
        ? await createExecutor('pool', 'auto', settings, told.listener, true)
        : await createExecutor(kind, workers, settings, told.listener);
    t.after(() => executor.close());
    const holdsExactly = (expected: ReadonlyMap<string, Uint8Array>): void => {
      assert.deepEqual(filesBelow(settings.directory), [...expected.keys()].toSorted());
      for (const [name, body] of expected) {
        assert.equal(told.results.get(name), body.length, name);
        assert.ok(readFileSync(join(settings.directory, name)).equals(body), `${name} differs`);
      }
    };
    return { executor, settings, told, holdsExactly };
  };

  describe(`the executor ${kind}`, () => {
    test('stores many small bodies of several chunks, and tells of each once', async (t) => {
      const { executor, told, holdsExactly } = await start(t, {}, 2);
      const bodies = new Map<string, Uint8Array>();
      const count = kind === 'pool' ? 600 : 300;
      for (let i = 0; i < count; i += 1) {
        const body = noise((i * 379) % 4_000, i);
        bodies.set(`${i}.bin`, body);
        storeWhole(executor, `${i}.bin`, cut(body, 1, 1_460, 700));
        if (i % 500 === 0) await new Promise(setImmediate);
      }
      await executor.close();
      assert.equal(told.results.size, count);
      holdsExactly(bodies);
    });

    test('undoes gzip, deflate, bare deflate and br, and stores plain bodies between them as they are', async (t) => {
      const { executor, holdsExactly } = await start(t);
      const codings: [string, (body: Buffer) => Buffer][] = [
        ['', (body) => body],
        ['gzip', (body) => gzipSync(body)],
        ['deflate', (body) => deflateSync(body)],
        ['deflate', (body) => deflateRawSync(body)],
        ['', (body) => body],
        ['br', (body) => brotliCompressSync(body)],
        ['gzip, br', (body) => brotliCompressSync(gzipSync(body))],
      ];
      const bodies = new Map<string, Uint8Array>();
      for (let i = 0; i < 50; i += 1) {
        const body = text(500 + i * 37, i);
        const [encoding, encode] = codings[i % codings.length]!;
        bodies.set(`${i}`, body);
        storeWhole(executor, `${i}`, cut(encode(body), 300, 17), encoding);
      }
      await executor.close();
      holdsExactly(bodies);
    });

    test('a body that fails in the middle of others fails alone', async (t) => {
      const { executor, settings, told } = await start(t);
      mkdirSync(join(settings.directory, 'folder'));
      for (let i = 0; i < 30; i += 1) {
        if (i === 10) storeWhole(executor, 'broken', [noise(500, i)], 'gzip');
        else if (i === 15) storeWhole(executor, 'folder', [noise(500, i)]);
        else if (i === 20) storeWhole(executor, 'cut', [gzipSync(text(5_000, i)).subarray(0, -20)], 'gzip');
        else storeWhole(executor, `${i}`, [noise(500, i)]);
      }
      await executor.close();
      assert.equal(told.results.size, 30);
      assert.equal(told.errorOf('broken').code, 'BODY_ENCODING');
      assert.equal(told.errorOf('folder').code, 'STORE_EXISTS');
      assert.equal(told.errorOf('folder').cause?.code, 'EISDIR');
      assert.equal(told.errorOf('cut').code, 'BODY_CUT');
      assert.equal(filesBelow(settings.directory).length, 27);
      assert.deepEqual(filesBelow(settings.scratch), []);
    });

    test('checks images by their structure and by their pixels, the others of a batch going on', async (t) => {
      for (const imageCheck of ['structure', 'pixels'] as const) {
        const { executor, told, holdsExactly } = await start(t, { imageCheck });
        storeWhole(executor, '1.gif', [TINY_GIF]);
        storeWhole(executor, 'page.gif', [Buffer.from('<html>')]);
        storeWhole(executor, 'cut.gif', [TINY_GIF.subarray(0, -1)]);
        storeWhole(executor, '2.gif', [gzipSync(TINY_GIF)], 'gzip');
        await executor.close();
        assert.equal(told.errorOf('page.gif').code, 'BODY_IMAGE');
        assert.equal(told.errorOf('cut.gif').code, 'BODY_IMAGE');
        holdsExactly(new Map(['1.gif', '2.gif'].map((name) => [name, TINY_GIF])));
      }
    });

    test('stores an empty body, whole or in parts', async (t) => {
      const { executor, holdsExactly } = await start(t);
      storeWhole(executor, 'whole', []);
      new LargeBody(executor, 'parts').writer.end();
      await executor.close();
      const nothing = new Uint8Array(0);
      holdsExactly(new Map(['whole', 'parts'].map((name) => [name, nothing])));
    });

    test('stores four large bodies at once with one worker, in odd chunks, with small ones between them', async (t) => {
      const { executor, holdsExactly } = await start(t);
      const bodies = new Map<string, Uint8Array>();
      const sent: Promise<void>[] = [];
      for (let i = 0; i < 4; i += 1) {
        const body = noise((kind === 'pool' ? 9_000_000 : 6_000_000) + i, i);
        bodies.set(`large-${i}`, body);
        const large = new LargeBody(executor, `large-${i}`);
        sent.push(large.send(cut(body, 65_521, 1, 1_500_000, 16_411)).then(() => large.writer.end()));
      }
      for (let i = 0; i < 50; i += 1) {
        bodies.set(`small-${i}`, noise(1_000, i));
        storeWhole(executor, `small-${i}`, [noise(1_000, i)]);
      }
      await Promise.all(sent);
      await executor.close();
      holdsExactly(bodies);
    });

    test('undoes the encoding of large bodies part by part, whatever buffers are used again meanwhile', async (t) => {
      const { executor, holdsExactly } = await start(t);
      const bodies = new Map<string, Uint8Array>();
      await Promise.all(
        Object.entries(ENCODED).map(async ([encoding, body]) => {
          bodies.set(encoding, PLAIN);
          const large = new LargeBody(executor, encoding, encoding);
          await large.send(cut(body, 700_001, 3));
          large.writer.end();
        }),
      );
      await executor.close();
      holdsExactly(bodies);
    });

    test('a small body that swells beyond what is held whole is stored all the same, within the bound', async (t) => {
      const { executor, holdsExactly } = await start(t);
      storeWhole(executor, 'a', [noise(100, 1)]);
      storeWhole(executor, 'swollen', [SWOLLEN_GZIP], 'gzip');
      storeWhole(executor, 'b', [noise(100, 2)]);
      await executor.close();
      holdsExactly(
        new Map<string, Uint8Array>([
          ['a', noise(100, 1)],
          ['swollen', SWOLLEN],
          ['b', noise(100, 2)],
        ]),
      );
    });

    test('refuses what is larger than the bound when decoded, and leaves nothing of it', async (t) => {
      const { executor, told, holdsExactly } = await start(t, { maxBodySize: SWOLLEN.length - 1 });
      storeWhole(executor, 'bomb', [SWOLLEN_GZIP], 'gzip');
      const large = new LargeBody(executor, 'large');
      await large.send(cut(SWOLLEN, 60_000));
      large.writer.end();
      await executor.close();
      assert.equal(told.errorOf('bomb').code, 'BODY_TOO_LARGE');
      assert.equal(told.errorOf('large').code, 'BODY_TOO_LARGE');
      holdsExactly(new Map());
    });

    test('a large body that is aborted leaves no file, and nobody is told', async (t) => {
      const { executor, told, holdsExactly } = await start(t);
      const bodies = [new LargeBody(executor, 'plain'), new LargeBody(executor, 'zipped', 'gzip')];
      await bodies[0]?.send(cut(noise(9 * MIB, 1), 100_000));
      await bodies[1]?.send(cut(ENCODED.gzip.subarray(0, 5 * MIB), 100_000));
      for (const { writer } of bodies) writer.abort();
      new LargeBody(executor, 'unbegun').writer.abort();
      await executor.close();
      assert.equal(told.results.size, 0);
      holdsExactly(new Map());
    });

    test('a large body is let go once, by its writer: not when it is aborted, and before its result is told', async (t) => {
      const { executor, told } = await start(t, { slow: simulate({ name: 0, write: 20 }) });
      const whole = new LargeBody(executor, 'whole');
      const broken = new LargeBody(executor, 'broken');
      for (const large of [whole, broken]) await large.send(cut(noise(1.5 * MIB, 1), 100_000));
      broken.writer.abort();
      whole.writer.end();
      assert.deepEqual([whole.left, broken.left], [0, 0]);
      await told.of('whole');
      assert.equal(whole.left, 1);
      await executor.close();
      assert.deepEqual([whole.left, broken.left], [1, 1]);
    });

    test('a storage that fails in mid-body lets the sender go on, and is told once', async (t) => {
      const { executor, settings, told } = await start(t, { maxBodySize: 5 * MIB });
      mkdirSync(join(settings.directory, 'folder'));
      // Refused when its sixth MiB comes, without an encoding and with one; at its end; and before its first byte.
      const late = new LargeBody(executor, 'late');
      const decoded = new LargeBody(executor, 'decoded', 'gzip');
      const atEnd = new LargeBody(executor, 'folder');
      await late.send(cut(noise(12 * MIB, 1), 500_000));
      await decoded.send(cut(ENCODED.gzip, 500_000));
      await atEnd.send([noise(1_000, 3)]);
      await Promise.all([told.of('late'), told.of('decoded')]);
      for (const { writer } of [late, decoded, atEnd]) writer.end();
      await told.of('folder');
      rmSync(settings.scratch, { recursive: true });
      const early = new LargeBody(executor, 'early');
      await early.send(cut(noise(9 * MIB, 4), 500_000));
      await told.of('early');
      early.writer.abort();
      await executor.close();
      assert.equal(told.errorOf('early').cause?.code, 'ENOENT');
      assert.equal(told.errorOf('late').code, 'BODY_TOO_LARGE');
      assert.equal(told.errorOf('decoded').code, 'BODY_TOO_LARGE');
      assert.equal(told.errorOf('folder').code, 'STORE_EXISTS');
      assert.deepEqual(filesBelow(settings.directory), []);
    });

    test('the sender of a large body has to pause while the store is slow', async (t) => {
      const { executor, holdsExactly } = await start(t, { slow: simulate({ name: 0, write: 5 }) });
      const body = noise(12 * MIB, 1);
      const large = new LargeBody(executor, 'large');
      await large.send(cut(body, MIB));
      large.writer.end();
      await executor.close();
      assert.ok(large.pauses > 0);
      holdsExactly(new Map([['large', body]]));
    });

    test('keeps nothing of what is sent after the storage failed', async (t) => {
      const { executor, settings, told } = await start(t);
      rmSync(settings.scratch, { recursive: true });
      const large = new LargeBody(executor, 'large');
      assert.equal(errorIn(await told.of('large')).cause?.code, 'ENOENT');
      const send = (): WeakRef<Uint8Array> => {
        const chunk = new Uint8Array(MIB);
        assert.ok(large.writer.write(chunk));
        return new WeakRef(chunk);
      };
      const sent = Array.from({ length: 20 }, send);
      await collectGarbage();
      assert.equal(sent.filter((chunk) => chunk.deref() !== undefined).length, 0);
      large.writer.abort();
    });

    test('stores nothing more once it is cancelled, and says so of each body', async (t) => {
      const { executor, settings, told, holdsExactly } = await start(t);
      const large = new LargeBody(executor, 'large');
      await large.send([noise(1_000_000, 0)]);
      Atomics.store(settings.cancelled, 0, 1);
      for (let i = 0; i < 100; i += 1) storeWhole(executor, `${i}`, [noise(100, i)]);
      await large.send([noise(1_000_000, 1)]);
      large.writer.end();
      await executor.close();
      assert.equal(told.results.size, 101);
      for (const name of told.results.keys()) assert.equal(told.errorOf(name).code, 'ABORTED');
      holdsExactly(new Map());
    });

    test('close() waits for all that was handed over', async (t) => {
      const { executor, told } = await start(t, { slow: simulate({ name: 2, write: 2 }) });
      for (let i = 0; i < 20; i += 1) storeWhole(executor, `${i}`, [noise(100, i)]);
      const large = new LargeBody(executor, 'large');
      await large.send(cut(noise(3 * MIB, 1), 1 << 16));
      large.writer.end();
      await executor.close();
      assert.equal(told.results.size, 21);
      for (const [name, result] of told.results) assert.equal(typeof result, 'number', name);
    });
  });
}
