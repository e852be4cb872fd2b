import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UnderWay, workFor } from '../../src/schedule/in-flight.js';
import { itemNamed } from '../helpers/stores.js';

const MIB = 1 << 20;

describe('what is under way', () => {
  const item = itemNamed('a');

  test('takes a slot and memory, until there is no room', () => {
    const underWay = new UnderWay(1, 8 * MIB);
    underWay.begin(workFor(item, 1_000));
    assert.deepEqual([underWay.running, underWay.hasSlot, underWay.hasMemory], [1, false, true]);
    assert.throws(() => underWay.begin(workFor(itemNamed('b'), 1_000)), /b was begun without room/);
  });

  test('reserves so little for a request that requests alone leave half of the memory', () => {
    assert.equal(new UnderWay(16, 256 * MIB).maxWhole, MIB / 4);
    assert.equal(new UnderWay(1024, 8 * MIB).maxWhole, 4096);
  });

  test('gives the slot back when the body is there, and the memory when it is stored', () => {
    const underWay = new UnderWay(1, 8 * MIB);
    underWay.begin(workFor(item, 1_000));
    underWay.answer(item);
    assert.deepEqual([underWay.running, underWay.answered], [1, 1]);
    underWay.fetch(item, 1000);
    assert.deepEqual([underWay.running, underWay.answered, underWay.waiting, underWay.unwritten], [0, 0, 2024, 1]);
    assert.equal(underWay.settle(item).held, 0);
    assert.deepEqual([underWay.waiting, underWay.unwritten], [0, 0]);
  });

  test('gives a large body as much memory as there is, what its request reserved at least, and keeps it', () => {
    const underWay = new UnderWay(16, 8 * MIB);
    const items = Array.from({ length: 5 }, (_, i) => itemNamed(`large ${i}`));
    for (const each of items) underWay.begin(workFor(each, 1_000));
    const leases = items.map((each) => underWay.enlarge(each));
    assert.deepEqual(
      leases.map(({ bytes }) => bytes),
      [2 * MIB, 2 * MIB, 2 * MIB, MIB / 4, MIB / 4],
    );
    for (const each of items) underWay.fetch(each);
    assert.equal(underWay.waiting, 6.5 * MIB);
    for (const each of items) underWay.settle(each);
    assert.equal(underWay.waiting, 6.5 * MIB, 'their writers have them still');
    for (const lease of leases) underWay.leave(lease);
    assert.equal(underWay.waiting, 0);
  });

  test('gives a large body no less than 64 KiB, though its request reserved less', () => {
    const underWay = new UnderWay(10_000, 8 * MIB);
    underWay.begin(workFor(item, 1_000));
    for (let i = 0; i < 20_000; i += 1) {
      const other = itemNamed(String(i));
      underWay.begin(workFor(other, 1_000));
      underWay.fetch(other);
    }
    assert.equal(underWay.hasMemory, true);
    const lease = underWay.enlarge(item);
    assert.equal(lease.bytes, MIB / 16);
    assert.equal(underWay.hasMemory, false, 'what it has beyond the budget keeps others from being begun');
    underWay.leave(lease);
    assert.equal(underWay.hasMemory, true);
  });

  test('of what is written holds no memory, but the item until it is settled', () => {
    const underWay = new UnderWay(1, 8 * MIB);
    underWay.begin(workFor(item, 1_000));
    underWay.fetch(item, 1000);
    underWay.write(item);
    assert.deepEqual([underWay.waiting, underWay.written, underWay.unwritten], [0, 1, 0]);
    underWay.settle(item);
    assert.deepEqual([underWay.written, underWay.unwritten], [0, 0]);
    assert.throws(() => underWay.of(item), /a is not under way/);
  });

  test('of a body that broke off holds the memory until its writer has let it go, though its item is begun again', () => {
    const underWay = new UnderWay(1, 8 * MIB);
    const work = workFor(item, 1_000);
    const leases = [];
    while (underWay.hasMemory) {
      underWay.begin(work);
      leases.push(underWay.enlarge(item));
      underWay.drop(item);
    }
    assert.deepEqual([underWay.running, underWay.waiting, underWay.unwritten], [0, 0, 0]);
    assert.equal(
      leases.reduce((sum, { bytes }) => sum + bytes, 0),
      8 * MIB,
    );
    for (const lease of leases) underWay.leave(lease);
    assert.throws(() => underWay.leave({ bytes: 1, whole: false }), /freed 1 bytes of 0/);
  });

  test('of what is dropped holds nothing, and counts its tries', () => {
    const underWay = new UnderWay(1, 8 * MIB);
    const work = workFor(item, 1_000);
    for (const tried of [1, 2, 3]) {
      underWay.begin(work);
      underWay.answer(item);
      assert.equal(underWay.drop(item), work);
      assert.deepEqual([work.tried, work.held, underWay.running, underWay.answered], [tried, 0, 0, 0]);
    }
  });
});
