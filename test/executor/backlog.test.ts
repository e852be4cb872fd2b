import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ARENA_SIZE, Arenas, type Batch } from '../../src/executor/batch.js';
import type { BatchTask, StoreSettings } from '../../src/protocol.js';
import { cut, noise } from '../helpers/bodies.js';
import { itemNamed } from '../helpers/stores.js';

const SETTINGS = {} as StoreSettings;

/** The bodies of a task, as a worker finds them. */
function bodiesOf({ arena, spans }: BatchTask): Uint8Array[] {
  return Array.from({ length: spans.length / 2 }, (_, i) =>
    arena.subarray(spans[2 * i], spans[2 * i]! + spans[2 * i + 1]!),
  );
}

/** What a model of the pool does next: put in a body of so many bytes, cut into pieces; or account for a batch. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      length: fc.oneof({ weight: 6, arbitrary: fc.nat(40_000) }, { weight: 1, arbitrary: fc.nat(ARENA_SIZE) }),
      piece: fc.integer({ min: 200, max: 70_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ seal: fc.boolean(), release: fc.nat(30) }) },
);

test('bodies of any size come out byte for byte, as long as their batch is not accounted for', () => {
  let arenasSeen = 0;
  let releases = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const arenas = new Arenas();
      const seen = new Set<ArrayBufferLike>();
      const live: { batch: Batch; bodies: Buffer[] }[] = [];
      let open: { batch: Batch; bodies: Buffer[] } | undefined;
      const check = ({ batch, bodies }: { batch: Batch; bodies: Buffer[] }): void => {
        const task = batch.toTask(SETTINGS);
        assert.deepEqual(
          task.names,
          bodies.map((_, i) => `${i}`),
        );
        const found = bodiesOf(task);
        assert.equal(found.length, bodies.length);
        assert.equal(
          batch.size,
          bodies.reduce((sum, { length }) => sum + length, 0),
        );
        for (const [i, body] of bodies.entries())
          assert.ok(body.equals(found[i]!), `body ${i} of ${bodies.length} differs`);
      };
      for (const [number, each] of steps.entries()) {
        if ('length' in each) {
          const body = noise(each.length, number);
          if (open !== undefined && open.batch.arena.used + body.length > ARENA_SIZE) {
            live.push(open);
            open = undefined;
          }
          open ??= { batch: arenas.openBatch(body.length), bodies: [] };
          seen.add(open.batch.arena.bytes.buffer);
          const item = itemNamed(String(open.bodies.length));
          open.batch.add({ item, chunks: cut(body, each.piece, 1), length: body.length, encoding: '' });
          open.bodies.push(body);
        } else {
          if (each.seal && open !== undefined) {
            live.push(open);
            open = undefined;
          }
          const [done] = live.splice(each.release % Math.max(live.length, 1), 1);
          if (done !== undefined) {
            check(done);
            arenas.release(done.batch);
            releases += 1;
          }
        }
      }
      if (open !== undefined) live.push(open);
      for (const each of live) check(each);
      arenasSeen = Math.max(arenasSeen, seen.size);
    }),
    { numRuns: 40, seed: 20_240 },
  );
  assert.ok(arenasSeen > 3 && releases > 100, `${arenasSeen} arenas, ${releases} releases: the steps try too little`);
});

test('an arena is used again once all its batches are accounted for, and not before', () => {
  const arenas = new Arenas();
  const fill = (length: number): Batch => {
    const batch = arenas.openBatch(length);
    batch.add({ item: itemNamed('a'), chunks: [Buffer.alloc(length)], length, encoding: '' });
    return batch;
  };
  const half = ARENA_SIZE / 2;
  const [first, second, other] = [fill(half), fill(half), fill(half)];
  assert.equal(first.arena, second.arena);
  assert.notEqual(first.arena, other.arena);
  arenas.release(first);
  assert.notEqual(fill(ARENA_SIZE).arena, first.arena, 'its second batch is still there');
  arenas.release(second);
  const again = fill(ARENA_SIZE);
  assert.equal(again.arena, first.arena);
});

test('bodies that come and go one after the other need one arena, however many there are', () => {
  const arenas = new Arenas();
  const seen = new Set<object>();
  for (let i = 0; i < 500; i += 1) {
    const batch = arenas.openBatch(9_999);
    batch.add({ item: itemNamed('a'), chunks: [Buffer.alloc(9_999)], length: 9_999, encoding: '' });
    seen.add(batch.arena);
    arenas.release(batch);
  }
  assert.equal(seen.size, 1);
});

test('encodings are sent only where there is one', () => {
  const batch = new Arenas().openBatch(10);
  const body = { item: itemNamed('a'), chunks: [Buffer.alloc(2)], length: 2 };
  batch.add({ ...body, encoding: '' });
  assert.equal(batch.toTask(SETTINGS).encodings, undefined);
  batch.add({ ...body, encoding: 'gzip' });
  batch.add({ ...body, encoding: '' });
  assert.deepEqual(batch.toTask(SETTINGS).encodings, ['', 'gzip', '']);
});
