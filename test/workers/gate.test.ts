import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Gate } from '../../workers/gate.js';

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe('a gate', () => {
  test('lets in what there is room for, in order; what is more than its limit goes alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.nat(), { minLength: 20, maxLength: 20 }),
        async (amounts, picks) => {
          const gate = new Gate(10);
          const began: number[] = [];
          const inside = new Map<number, () => void>();
          const all = amounts.map((amount, id) =>
            gate.within(amount, () => {
              began.push(id);
              return new Promise<number>((resolve) => inside.set(id, () => resolve(id)));
            }),
          );
          for (const pick of picks.slice(0, amounts.length)) {
            await settle();
            const held = [...inside.keys()].reduce((sum, id) => sum + (amounts[id] as number), 0);
            const some = [...inside.keys()].filter((id) => (amounts[id] as number) > 0).length;
            assert.ok(held <= 10 || some === 1, `${held} are inside`);
            const id = [...inside.keys()][pick % inside.size] as number;
            inside.get(id)?.();
            inside.delete(id);
          }
          assert.deepEqual(await Promise.all(all), [...amounts.keys()]);
          assert.deepEqual(began, [...amounts.keys()]);
        },
      ),
      { numRuns: 200, seed: 2 },
    );
  });

  test('is open again after work that failed', async () => {
    const gate = new Gate(1);
    const failed = gate.within(1, () => {
      throw new Error('failed');
    });
    const next = gate.within(1, () => 'done');
    await assert.rejects(failed, /failed/);
    assert.equal(await next, 'done');
  });
});
