import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { PackedQueue, type Packing } from '../../src/schedule/packed-queue.js';

interface Value {
  readonly url: string;
  readonly tried: number;
}

const PACKING: Packing<Value> = {
  pack: ({ url, tried }) => [url, tried],
  unpack: (packed) => {
    const [url, tried] = packed as [string, number];
    return { url, tried };
  },
};

function value(i: number): Value {
  return { url: `http://host/a/long/path/with/many/parts/${i}.jpg?ü=${i}`, tried: i % 7 };
}

describe('PackedQueue', () => {
  it('gives back what was put into it, in order, whatever the turns of putting and taking', () => {
    const turns = fc.array(fc.record({ puts: fc.nat(1_500), takes: fc.nat(1_500) }), { maxLength: 8 });
    fc.assert(
      fc.property(turns, (steps) => {
        const queue = new PackedQueue(PACKING);
        let [put, taken] = [0, 0];
        const take = (): void => {
          const found = queue.take();
          assert.deepEqual(found, taken < put ? value(taken) : undefined);
          if (found !== undefined) taken += 1;
          assert.equal(queue.size, put - taken);
        };
        for (const { puts, takes } of steps) {
          for (let i = 0; i < puts; i += 1) queue.push(value(put++));
          assert.equal(queue.size, put - taken);
          for (let i = 0; i < takes; i += 1) take();
        }
        while (queue.size > 0) take();
        take();
      }),
      { numRuns: 40 },
    );
  });

  it('gives back the very values that were put into it while there are few', () => {
    const queue = new PackedQueue(PACKING);
    const values = Array.from({ length: 16 }, (_, i) => value(i));
    for (const each of values) queue.push(each);
    for (const each of values) assert.equal(queue.take(), each);
  });
});
