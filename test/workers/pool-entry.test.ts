/** What the pool's threads run, called without them: for the sake of the mode, which the pool chooses by itself. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { crc32, gzipSync } from 'node:zlib';
import { Backlog } from '../../src/executor/backlog.js';
import type { BatchAnswer, LargeAnswer, WriteMode, PartMessage } from '../../src/protocol/messages.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { isStored, type StoreResult } from '../../src/protocol/result.js';
import run from '../../workers/pool-entry.js';
import { simulate } from '../../workers/slow.js';
import { noise, text, TINY_GIF } from '../helpers/bodies.js';
import { filesBelow } from '../helpers/folders.js';
import { errorIn, itemNamed, storeSettings } from '../helpers/stores.js';

type Bodies = readonly (readonly [name: string, body: Buffer, encoding?: string])[];

async function store(settings: StoreSettings, mode: WriteMode, bodies: Bodies): Promise<BatchAnswer> {
  const backlog = new Backlog();
  for (const [name, body, encoding = ''] of bodies) {
    backlog.add({ item: itemNamed(name), chunks: [body], length: body.length, encoding });
  }
  return (await run(backlog.take(bodies.length).toTask(settings, mode))) as BatchAnswer;
}

/** The failures of a batch by name, and their codes. */
function failed(bodies: Bodies, { failures }: BatchAnswer): Record<string, string> {
  return Object.fromEntries(failures.map(({ position, error }) => [bodies[position]![0], error.code]));
}

for (const mode of ['blocking', 'waiting'] as const) {
  describe(`a batch, ${mode}`, () => {
    test('is stored, body for body', async (t) => {
      const settings = storeSettings(t);
      const bodies: Bodies = Array.from({ length: 50 }, (_, i) => [`${i % 7}/${i}`, noise(i * 379, i)] as const);
      const { sizes, crc32s, failures } = await store(settings, mode, bodies);
      assert.deepEqual(failures, []);
      assert.deepEqual(
        [...crc32s],
        bodies.map(([, body]) => crc32(body)),
      );
      assert.deepEqual(
        [...sizes],
        bodies.map(([, { length }]) => length),
      );
      for (const [name, body] of bodies) assert.ok(readFileSync(join(settings.directory, name)).equals(body), name);
    });

    test('with encodings, has each undone; what cannot be stored fails alone', async (t) => {
      const settings = storeSettings(t);
      mkdirSync(join(settings.directory, 'taken/inside'), { recursive: true });
      const plain = text(5_000, 1);
      const bodies: Bodies = [
        ['a', gzipSync(plain), 'gzip'],
        ['cut', gzipSync(plain).subarray(0, -9), 'gzip'],
        ['taken', plain],
        ['b', plain],
        ['c', gzipSync(plain), 'gzip'],
      ];
      const answer = await store(settings, mode, bodies);
      assert.deepEqual(failed(bodies, answer), { cut: 'BODY_CUT', taken: 'STORE_EXISTS' });
      assert.deepEqual([...answer.sizes], [5_000, 0, 0, 5_000, 5_000]);
      assert.deepEqual(filesBelow(settings.directory), ['a', 'b', 'c']);
      for (const name of ['a', 'b', 'c']) assert.ok(readFileSync(join(settings.directory, name)).equals(plain));
    });

    for (const imageCheck of ['structure', 'pixels'] as const) {
      test(`has its images checked: ${imageCheck}`, async (t) => {
        const settings = storeSettings(t, { imageCheck });
        const bodies: Bodies = [
          ['1.gif', TINY_GIF],
          ['cut.gif', TINY_GIF.subarray(0, -1)],
          ['2.gif', gzipSync(TINY_GIF), 'gzip'],
          ['page.gif', Buffer.from('<html>')],
        ];
        const answer = await store(settings, mode, bodies);
        assert.deepEqual(failed(bodies, answer), { 'cut.gif': 'BODY_IMAGE', 'page.gif': 'BODY_IMAGE' });
        assert.deepEqual(filesBelow(settings.directory), ['1.gif', '2.gif']);
      });
    }

    test('tells how long each operation took', async (t) => {
      const settings = storeSettings(t, { slow: simulate({ name: 20, write: 40 }) });
      const { times } = await store(settings, mode, [['a', noise(100, 1)]]);
      // A timer may be early by a part of a millisecond.
      assert.ok(times.create > 0 && times.rename > 18 && times.write > 38, JSON.stringify(times));
      assert.ok(times.wall >= times.create + times.write + times.rename, JSON.stringify(times));
    });

    test('leaves the thread free only if it waits', async (t) => {
      const settings = storeSettings(t, { slow: simulate({ name: 10, write: 10 }) });
      let turns = 0;
      const timer = setInterval(() => (turns += 1), 1);
      await store(
        settings,
        mode,
        Array.from({ length: 5 }, (_, i) => [`${i}`, noise(10, i)] as const),
      );
      clearInterval(timer);
      if (mode === 'blocking') assert.equal(turns, 0);
      else assert.ok(turns > 5, `${turns} turns`);
    });
  });

  /** Sends a large body of a few parts. */
  const storeLarge = async (t: TestContext, name: string): Promise<[StoreSettings, StoreResult]> => {
    const settings = storeSettings(t);
    mkdirSync(join(settings.directory, 'taken/inside'), { recursive: true });
    const { port1, port2 } = new MessageChannel();
    const task = { kind: 'large', settings, mode, job: { name, encoding: '' }, port: port2 } as const;
    const answer = run(task) as Promise<LargeAnswer>;
    for (let i = 0; i < 3; i += 1) {
      port1.postMessage({ buffer: noise(10_000, i), length: 9_000 } satisfies PartMessage);
    }
    port1.postMessage('end' satisfies PartMessage);
    return [settings, (await answer).result];
  };

  test(`a large body, ${mode}, is stored part by part, or told why not`, async (t) => {
    const [settings, stored] = await storeLarge(t, 'ab/final');
    assert.ok(isStored(stored));
    const parts = [0, 1, 2].map((i) => noise(10_000, i).subarray(0, 9_000));
    assert.deepEqual(stored, { size: 27_000, crc32: crc32(Buffer.concat(parts)) });
    assert.ok(readFileSync(join(settings.directory, 'ab/final')).equals(Buffer.concat(parts)));
    const [, refused] = await storeLarge(t, 'taken');
    assert.equal(errorIn(refused).code, 'STORE_EXISTS');
  });
}
