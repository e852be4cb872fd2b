import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ARENA_SIZE, Backlog, type Batch } from '../../src/executor/backlog.js';
import type { BatchTask } from '../../src/protocol/messages.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { cut, noise } from '../helpers/bodies.js';
import { itemNamed } from '../helpers/stores.js';

const SETTINGS = {} as StoreSettings;

/** The bodies of a task, as a worker finds them. */
function bodiesOf({ arena, spans }: BatchTask): Uint8Array[] {
  return Array.from({ length: spans.length / 2 }, (_, i) =>
    arena.subarray(spans[2 * i], spans[2 * i]! + spans[2 * i + 1]!),
  );
}

function add(backlog: Backlog, name: string, body: Uint8Array, encoding = ''): void {
  backlog.add({ item: itemNamed(name), chunks: [body], length: body.length, encoding });
}

/** Adds a body of so many bytes, and takes the batch that it makes alone. */
function pass(backlog: Backlog, length: number): Batch {
  add(backlog, 'a', Buffer.alloc(length));
  return backlog.take(1);
}

/** What a model of the pool does next: put in a body of so many bytes, cut into pieces; take a batch; account for one. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      length: fc.oneof({ weight: 6, arbitrary: fc.nat(40_000) }, { weight: 1, arbitrary: fc.nat(ARENA_SIZE) }),
      piece: fc.integer({ min: 200, max: 70_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ most: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ release: fc.nat(30) }) },
);

interface Expected {
  readonly name: string;
  readonly body: Buffer;
}

/** A batch that is not accounted for, and what it should hold. */
interface Taken {
  readonly batch: Batch;
  readonly expected: readonly Expected[];
}

function check({ batch, expected }: Taken): void {
  const task = batch.toTask(SETTINGS, 'blocking');
  const names = expected.map(({ name }) => name);
  assert.deepEqual(task.names, names);
  assert.deepEqual(
    batch.items.map(({ name }) => name),
    names,
  );
  const found = bodiesOf(task);
  assert.equal(found.length, expected.length);
  for (const [i, { name, body }] of expected.entries()) assert.ok(body.equals(found[i]!), `body ${name} differs`);
}

test('bodies of any size come out byte for byte and in order, as long as their batch is not accounted for', () => {
  let arenasSeen = 0;
  let releases = 0;
  let cutByArena = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const backlog = new Backlog();
      const seen = new Set<ArrayBufferLike>();
      const waiting: Expected[] = [];
      const live: Taken[] = [];
      let cutBefore: Batch | undefined;
      const take = (most: number): void => {
        const batch = backlog.take(most);
        // A batch that is smaller than it might be ends where its arena does.
        if (cutBefore !== undefined) assert.notEqual(batch.arena, cutBefore.arena);
        const expected = waiting.splice(0, batch.length);
        assert.ok(batch.length >= 1 && batch.length <= most, `${batch.length} of ${most} bodies`);
        cutBefore = batch.length < most && waiting.length > 0 ? batch : undefined;
        if (cutBefore !== undefined) cutByArena += 1;
        seen.add(batch.arena.bytes.buffer);
        live.push({ batch, expected });
      };
      for (const [number, each] of steps.entries()) {
        if ('length' in each) {
          const body = noise(each.length, number);
          const chunks = cut(body, each.piece, 1, 0);
          backlog.add({ item: itemNamed(`${number}`), chunks, length: body.length, encoding: '' });
          waiting.push({ name: `${number}`, body });
        } else if ('most' in each) {
          if (waiting.length > 0) take(each.most);
        } else {
          const [done] = live.splice(each.release % Math.max(live.length, 1), 1);
          if (done !== undefined) {
            check(done);
            backlog.release(done.batch);
            releases += 1;
          }
        }
        assert.equal(backlog.length, waiting.length);
      }
      while (waiting.length > 0) take(5);
      for (const each of live) check(each);
      arenasSeen = Math.max(arenasSeen, seen.size);
    }),
    { numRuns: 40, seed: 20_240 },
  );
  const tried = `${arenasSeen} arenas, ${releases} releases, ${cutByArena} cut by their arena`;
  assert.ok(arenasSeen > 3 && releases > 100 && cutByArena > 10, `${tried}: the steps try too little`);
});

describe('a batch', () => {
  test('is what has waited longest, as many as are asked for, however long the queue', () => {
    const backlog = new Backlog();
    let added = 0;
    const addMany = (count: number): void => {
      for (const end = added + count; added < end; added += 1) add(backlog, `${added}`, Buffer.alloc(10));
    };
    addMany(3_000);
    const names: string[] = [];
    while (backlog.length > 0) {
      const batch = backlog.take(7);
      assert.equal(batch.length, Math.min(7, added - names.length));
      names.push(...batch.items.map(({ name }) => name));
      // More come while others wait.
      if (names.length <= 2_100) addMany(2);
    }
    assert.ok(added > 3_500);
    assert.deepEqual(
      names,
      Array.from({ length: added }, (_, i) => `${i}`),
    );
  });

  test('ends where the next body lies in another arena, and nothing is added to it any more', () => {
    const backlog = new Backlog();
    const half = Buffer.alloc(ARENA_SIZE / 2);
    assert.equal(backlog.full, false);
    for (const name of ['a', 'b']) add(backlog, name, half);
    assert.equal(backlog.full, false, 'an empty body could be added');
    add(backlog, 'c', half);
    assert.equal(backlog.full, true);
    assert.deepEqual(
      backlog.take(10).items.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.equal(backlog.full, false);
    assert.equal(backlog.take(10).length, 1);
    assert.deepEqual([backlog.length, backlog.full], [0, false]);
  });

  test('has encodings only where there is one', () => {
    const backlog = new Backlog();
    for (const encoding of ['', '', 'gzip', '']) add(backlog, 'a', Buffer.alloc(2), encoding);
    assert.equal(backlog.take(1).toTask(SETTINGS, 'blocking').encodings, undefined);
    assert.deepEqual(backlog.take(3).toTask(SETTINGS, 'blocking').encodings, ['', 'gzip', '']);
  });

  test('tells its worker how to write it', () => {
    const backlog = new Backlog();
    const batch = pass(backlog, 10);
    for (const mode of ['blocking', 'waiting'] as const) assert.equal(batch.toTask(SETTINGS, mode).mode, mode);
  });
});

describe('an arena', () => {
  test('is used again once all its batches are accounted for, and not before', () => {
    const backlog = new Backlog();
    const half = ARENA_SIZE / 2;
    const [first, second, other] = [pass(backlog, half), pass(backlog, half), pass(backlog, half)];
    assert.equal(first.arena, second.arena);
    assert.notEqual(first.arena, other.arena);
    backlog.release(first);
    assert.notEqual(pass(backlog, ARENA_SIZE).arena, first.arena, 'its second batch is still there');
    backlog.release(second);
    assert.equal(pass(backlog, ARENA_SIZE).arena, first.arena);
  });

  test('is not used again while a body in it waits', () => {
    const backlog = new Backlog();
    const waits = noise(ARENA_SIZE / 2, 1);
    add(backlog, 'taken', noise(ARENA_SIZE / 2, 2));
    add(backlog, 'waits', waits);
    add(backlog, 'in another arena', noise(ARENA_SIZE, 3));
    backlog.release(backlog.take(1));
    add(backlog, 'in a third', noise(ARENA_SIZE, 4));
    assert.ok(waits.equals(bodiesOf(backlog.take(9).toTask(SETTINGS, 'blocking'))[0]!));
  });

  test('is enough for bodies that come and go one after the other, however many there are', () => {
    const backlog = new Backlog();
    const seen = new Set<object>();
    for (let i = 0; i < 500; i += 1) {
      const batch = pass(backlog, 9_999);
      seen.add(batch.arena);
      backlog.release(batch);
    }
    assert.equal(seen.size, 1);
  });

  test('is kept when it is spare, but for those beyond a few', () => {
    const backlog = new Backlog();
    const fill = (): Batch[] => Array.from({ length: 40 }, () => pass(backlog, ARENA_SIZE));
    const first = fill();
    for (const batch of first) backlog.release(batch);
    const arenas = new Set(first.map(({ arena }) => arena));
    const again = fill().filter(({ arena }) => arenas.has(arena)).length;
    assert.ok(again > 1 && again < 20, `${again} of 40 were kept`);
  });
});
