import assert from 'node:assert/strict';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { ARENA_SIZE, type Batch } from '../../src/executor/backlog.js';
import { Batcher } from '../../src/executor/batcher.js';
import { itemNamed } from '../helpers/stores.js';

/** Milliseconds of the mocked clock in which any delay is over. */
const LONG = 60_000;

/** A batcher, what it was allowed and what it sent. */
class Setup {
  capacity = 1;
  most = 100;
  readonly sent: Batch[] = [];
  readonly batcher = new Batcher({
    capacity: () => this.capacity,
    most: () => this.most,
    send: (batch) => this.sent.push(batch),
  });
  #added = 0;

  /** Adds bodies; their names are numbers from 0 on. */
  add(count = 1, length = 10): void {
    for (let i = 0; i < count; i += 1) {
      this.batcher.add({ item: itemNamed(`${this.#added}`), chunks: [Buffer.alloc(length)], length, encoding: '' });
      this.#added += 1;
    }
  }

  /** Of each batch that was sent how many bodies it has. */
  get sizes(): number[] {
    return this.sent.map(({ length }) => length);
  }

  /** The names of what was sent, in this order. */
  get names(): string[] {
    return this.sent.flatMap(({ items }) => items.map(({ name }) => name));
  }
}

describe('the batcher', () => {
  beforeEach((t) => {
    (t as TestContext).mock.timers.enable({ apis: ['setTimeout'] });
  });

  test('sends as many bodies as a batch may have at once, whatever the clock says', () => {
    const setup = new Setup();
    setup.most = 3;
    setup.add(2);
    assert.deepEqual(setup.sizes, []);
    setup.add();
    assert.deepEqual(setup.sizes, [3]);
    assert.deepEqual([setup.batcher.waiting, setup.batcher.inFlight], [0, 1]);
  });

  test('sends what fills an arena at once, since it will not grow any more', () => {
    const setup = new Setup();
    setup.add(2, ARENA_SIZE / 2);
    assert.deepEqual(setup.sizes, []);
    setup.add(1, ARENA_SIZE / 2);
    assert.deepEqual([setup.sizes, setup.batcher.waiting], [[2], 1]);
  });

  test('sends fewer after a delay, which the first of them begins', (t) => {
    const setup = new Setup();
    setup.capacity = 9;
    const delayOf = (meanwhile: () => void): number => {
      const before = setup.sent.length;
      setup.add();
      for (let passed = 1; passed < LONG; passed += 1) {
        meanwhile();
        t.mock.timers.tick(1);
        if (setup.sent.length > before) return passed;
      }
      return Infinity;
    };
    const delay = delayOf(() => undefined);
    assert.ok(delay > 1 && delay < LONG, `${delay} ms`);
    assert.equal(
      delayOf(() => setup.add()),
      delay,
    );
    // Nor does any of the others begin one for those after it.
    assert.equal(
      delayOf(() => undefined),
      delay,
    );
    assert.deepEqual(setup.sizes, [1, 1 + delay, 1]);
  });

  test('sends nothing beyond the capacity, however much waits and however long', (t) => {
    const setup = new Setup();
    setup.capacity = 2;
    setup.most = 3;
    setup.add(10);
    t.mock.timers.tick(LONG);
    setup.add(1, ARENA_SIZE);
    setup.batcher.flush();
    assert.deepEqual(setup.sizes, [3, 3]);
    assert.deepEqual([setup.batcher.waiting, setup.batcher.inFlight], [5, 2]);
  });

  test('sends what waits, be it little, when a batch is done, in the order in which it came', () => {
    const setup = new Setup();
    setup.most = 3;
    setup.add(7);
    for (let done = 0; done < 3; done += 1) setup.batcher.done(setup.sent[done] as Batch);
    assert.deepEqual(setup.sizes, [3, 3, 1]);
    assert.deepEqual(setup.names, ['0', '1', '2', '3', '4', '5', '6']);
    assert.deepEqual([setup.batcher.waiting, setup.batcher.inFlight], [0, 0]);
  });

  test('sends what came while there was no capacity when it is flushed and there is some', (t) => {
    const setup = new Setup();
    setup.capacity = 0;
    setup.most = 2;
    setup.add(5);
    t.mock.timers.tick(LONG);
    setup.capacity = 2;
    setup.batcher.flush();
    assert.deepEqual(setup.sizes, [2, 2]);
    setup.capacity = 3;
    setup.batcher.flush();
    assert.deepEqual(setup.sizes, [2, 2, 1]);
  });

  test('cuts batches by what is allowed when they are sent, not when their bodies come', () => {
    const setup = new Setup();
    setup.most = 1;
    setup.add(9);
    assert.deepEqual(setup.sizes, [1]);
    setup.most = 6;
    setup.batcher.done(setup.sent[0] as Batch);
    assert.deepEqual(setup.sizes, [1, 6]);
  });

  test('flushed, sends what there is at once; later bodies have their delay', (t) => {
    const setup = new Setup();
    setup.capacity = 9;
    setup.batcher.flush();
    setup.add(2);
    setup.batcher.flush();
    assert.deepEqual(setup.sizes, [2]);
    t.mock.timers.tick(LONG);
    setup.add();
    assert.deepEqual(setup.sizes, [2]);
    t.mock.timers.tick(LONG);
    assert.deepEqual(setup.sizes, [2, 1]);
  });

  test('uses the memory of a batch again when it is done', () => {
    const setup = new Setup();
    for (let i = 0; i < 20; i += 1) {
      setup.add(1, ARENA_SIZE);
      setup.batcher.flush();
      setup.batcher.done(setup.sent.at(-1) as Batch);
    }
    assert.deepEqual([setup.sent.length, new Set(setup.sent.map(({ arena }) => arena)).size], [20, 1]);
  });
});
