import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Item } from '../../src/item.js';
import { InFlight } from '../../src/schedule/in-flight.js';
import { workFor } from '../../src/schedule/work.js';
import { itemNamed } from '../helpers/stores.js';

const MIB = 1 << 20;

describe('what is in flight', () => {
  const item = itemNamed('a');

  test('takes a slot and memory, until there is no room', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    inFlight.begin(workFor(item, 1_000));
    assert.deepEqual([inFlight.running, inFlight.hasSlot, inFlight.hasMemory], [1, false, true]);
    assert.throws(() => inFlight.begin(workFor(itemNamed('b'), 1_000)), /b was begun without room/);
  });

  test('reserves so little for a request that requests alone leave half of the memory', () => {
    assert.equal(new InFlight(16, 256 * MIB).maxWhole, MIB / 4);
    assert.equal(new InFlight(1024, 8 * MIB).maxWhole, 4096);
  });

  test('gives the slot back when the body is there, and the memory when it is stored', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    inFlight.begin(workFor(item, 1_000));
    inFlight.answer(item);
    assert.deepEqual([inFlight.running, inFlight.answered], [1, 1]);
    inFlight.fetch(item, 1000);
    assert.deepEqual([inFlight.running, inFlight.answered, inFlight.waiting, inFlight.unwritten], [0, 0, 2024, 1]);
    assert.equal(inFlight.settle(item).held, 0);
    assert.deepEqual([inFlight.waiting, inFlight.unwritten], [0, 0]);
  });

  test('counts the bytes of bodies as they came, from when they are whole until they are stored', () => {
    const inFlight = new InFlight(3, 8 * MIB);
    const [small, large, broken] = ['small', 'large', 'broken'].map((name) => itemNamed(name)) as [Item, Item, Item];
    const cancel = (): void => undefined;
    for (const each of [small, large, broken]) inFlight.begin(workFor(each, 1_000));
    inFlight.of(large).attempt = { cancel, received: 5_000_000 };
    inFlight.of(broken).attempt = { cancel, received: 7_000_000 };
    const lease = inFlight.enlarge(large);
    assert.equal(inFlight.fetched, 0);
    inFlight.fetch(small, 1000);
    inFlight.fetch(large);
    inFlight.drop(broken);
    assert.equal(inFlight.fetched, 5_001_000);
    inFlight.write(small);
    assert.equal(inFlight.fetched, 5_001_000, 'a shard that is not sealed stores nothing');
    inFlight.leave(lease);
    for (const each of [small, large]) inFlight.settle(each);
    assert.equal(inFlight.fetched, 0);
  });

  test('gives a large body as much memory as there is, what its request reserved at least, and keeps it', () => {
    const inFlight = new InFlight(16, 8 * MIB);
    const items = Array.from({ length: 5 }, (_, i) => itemNamed(`large ${i}`));
    for (const each of items) inFlight.begin(workFor(each, 1_000));
    const leases = items.map((each) => inFlight.enlarge(each));
    assert.deepEqual(
      leases.map(({ bytes }) => bytes),
      [2 * MIB, 2 * MIB, 2 * MIB, MIB / 4, MIB / 4],
    );
    for (const each of items) inFlight.fetch(each);
    assert.equal(inFlight.waiting, 6.5 * MIB);
    for (const each of items) inFlight.settle(each);
    assert.equal(inFlight.waiting, 6.5 * MIB, 'their writers have them still');
    for (const lease of leases) inFlight.leave(lease);
    assert.equal(inFlight.waiting, 0);
  });

  test('gives a large body no less than 64 KiB, though its request reserved less', () => {
    const inFlight = new InFlight(10_000, 8 * MIB);
    inFlight.begin(workFor(item, 1_000));
    for (let i = 0; i < 20_000; i += 1) {
      const other = itemNamed(String(i));
      inFlight.begin(workFor(other, 1_000));
      inFlight.fetch(other);
    }
    assert.equal(inFlight.hasMemory, true);
    const lease = inFlight.enlarge(item);
    assert.equal(lease.bytes, MIB / 16);
    assert.equal(inFlight.hasMemory, false, 'what it has beyond the budget keeps others from being begun');
    inFlight.leave(lease);
    assert.equal(inFlight.hasMemory, true);
  });

  test('of what is written holds no memory, but the item until it is settled', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    inFlight.begin(workFor(item, 1_000));
    inFlight.fetch(item, 1000);
    inFlight.write(item);
    assert.deepEqual([inFlight.waiting, inFlight.written, inFlight.unwritten], [0, 1, 0]);
    inFlight.settle(item);
    assert.deepEqual([inFlight.written, inFlight.unwritten], [0, 0]);
    assert.throws(() => inFlight.of(item), /a is not in flight/);
  });

  test('of a body that broke off holds the memory until its writer has let it go, though its item is begun again', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    const work = workFor(item, 1_000);
    const leases = [];
    while (inFlight.hasMemory) {
      inFlight.begin(work);
      leases.push(inFlight.enlarge(item));
      inFlight.drop(item);
    }
    assert.deepEqual([inFlight.running, inFlight.waiting, inFlight.unwritten], [0, 0, 0]);
    assert.equal(
      leases.reduce((sum, { bytes }) => sum + bytes, 0),
      8 * MIB,
    );
    for (const lease of leases) inFlight.leave(lease);
    assert.throws(() => inFlight.leave({ bytes: 1, whole: false }), /freed 1 bytes of 0/);
  });

  test('of what is asked for once more holds what a request does, whatever it got of an answer', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    const work = workFor(item, 1_000);
    inFlight.begin(work);
    inFlight.answer(item);
    const lease = inFlight.enlarge(item);
    inFlight.beginAgain(item);
    assert.deepEqual([inFlight.running, inFlight.answered, work.held], [1, 0, inFlight.maxWhole]);
    inFlight.beginAgain(item);
    assert.equal(work.held, inFlight.maxWhole);
    inFlight.answer(item);
    inFlight.fetch(item, 1_000);
    assert.deepEqual([inFlight.answered, inFlight.waiting], [0, 2_024]);
    inFlight.leave(lease);
    inFlight.settle(item);
    assert.deepEqual([inFlight.waiting, work.tried], [0, 1]);
    assert.throws(() => inFlight.leave({ bytes: 1, whole: false }), /freed 1 bytes of 0/);
  });

  test('of what is dropped holds nothing, and counts its tries', () => {
    const inFlight = new InFlight(1, 8 * MIB);
    const work = workFor(item, 1_000);
    for (const tried of [1, 2, 3]) {
      inFlight.begin(work);
      inFlight.answer(item);
      assert.equal(inFlight.drop(item), work);
      assert.deepEqual([work.tried, work.held, inFlight.running, inFlight.answered], [tried, 0, 0, 0]);
    }
  });
});
