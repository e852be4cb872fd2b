import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Channel } from '../../src/shared/channel.js';

async function readAll<T>(channel: Channel<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of channel) values.push(value);
  return values;
}

describe('Channel', () => {
  it('gives what was pushed before and while it is read, in order, and ends when it is closed', async () => {
    const channel = new Channel<number>();
    channel.push(1);
    channel.push(2);
    const reading = readAll(channel);
    setImmediate(() => {
      channel.push(3);
      setImmediate(() => {
        channel.push(4);
        channel.close();
      });
    });
    assert.deepEqual(await reading, [1, 2, 3, 4]);
  });

  it('throws the error it was closed with after the values, once', async () => {
    const channel = new Channel<number>();
    channel.push(1);
    channel.close(new Error('the end'));
    channel.close(new Error('another'));
    assert.deepEqual(await channel.next(), { done: false, value: 1 });
    await assert.rejects(channel.next(), /the end/);
    assert.deepEqual(await channel.next(), { done: true, value: undefined });
  });

  it('drops what comes after it was closed', async () => {
    const channel = new Channel<number>();
    channel.close();
    channel.push(1);
    assert.equal(channel.size, 0);
    assert.deepEqual(await readAll(channel), []);
  });

  it('drops everything when its reader leaves', async () => {
    const channel = new Channel<number>();
    for (let i = 0; i < 5; i += 1) channel.push(i);
    for await (const value of channel) if (value === 1) break;
    assert.equal(channel.size, 0);
    channel.push(9);
    assert.equal(channel.size, 0);
    assert.deepEqual(await channel.next(), { done: true, value: undefined });
  });

  it('ends a read that waits when its reader leaves', async () => {
    const channel = new Channel<number>();
    const waiting = channel.next();
    await channel.return();
    assert.deepEqual(await waiting, { done: true, value: undefined });
  });

  it('lets go of what was read, even if the reader never catches up', async () => {
    const channel = new Channel<object>();
    let released = 0;
    const registry = new FinalizationRegistry<undefined>(() => {
      released += 1;
    });
    function push(): void {
      const value = {};
      registry.register(value, undefined);
      channel.push(value);
    }
    for (let i = 0; i < 100; i += 1) push();
    for (let i = 0; i < 20_000; i += 1) {
      push();
      await channel.next();
    }
    assert.equal(channel.size, 100);
    await collectGarbage(() => released >= 15_000);
    assert.ok(released >= 15_000, `of 20,000 values that were read, ${20_000 - released} are kept`);
  });

  it('is a queue, whatever is pushed and read in turn', async () => {
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: fc.nat(1_500) }, fc.constant('close' as const)), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.nat(1_500), { maxLength: 12 }), async (pushes, reads) => {
        const channel = new Channel<number>();
        const model: number[] = [];
        let closed = false;
        let next = 0;
        for (const [turn, step] of pushes.entries()) {
          if (step === 'close') {
            channel.close();
            closed = true;
          } else {
            for (let i = 0; i < step; i += 1) {
              channel.push(next);
              if (!closed) model.push(next);
              next += 1;
            }
          }
          for (let i = Math.min(reads[turn] ?? 0, model.length); i > 0; i -= 1) {
            assert.deepEqual(await channel.next(), { done: false, value: model.shift() });
          }
          assert.equal(channel.size, model.length);
        }
        channel.close();
        assert.deepEqual(await readAll(channel), model);
      }),
      { numRuns: 60 },
    );
  });
});

async function collectGarbage(enough: () => boolean): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turns = 0; turns < 20 && !enough(); turns += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
