import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteMode } from '../../src/protocol/messages.js';
import type { Times } from '../../src/protocol/times.js';
import { count, InParts } from '../../workers/clock.js';
import { block } from '../../workers/slow.js';

/** Milliseconds of a write. */
const WRITE = 10;

async function* ready(parts: number): AsyncGenerator<number> {
  for (let part = 0; part < parts; part += 1) yield part;
}

async function write(mode: WriteMode): Promise<void> {
  const started = performance.now();
  if (mode === 'blocking') block(WRITE);
  else await sleep(WRITE);
  count('write', started);
}

/** A body whose parts are all there. */
async function store(mode: WriteMode, parts: number): Promise<Times> {
  const clock = new InParts(mode);
  for await (const _ of clock.of(ready(parts))) await write(mode);
  return clock.end();
}

describe('the times of bodies in parts', () => {
  for (const mode of ['blocking', 'waiting'] as const) {
    test(`are spent on the storage, as each of them tells that ends, where many are ${mode} in one thread`, async () => {
      const started = performance.now();
      const told = await Promise.all([2, 3, 4, 5, 6].map((parts) => store(mode, parts)));
      const elapsed = performance.now() - started;
      const sum = (what: 'wall' | 'write'): number => told.reduce((all, times) => all + times[what], 0);
      for (const { wall, write: written } of told) assert.ok(2 * written >= wall, `${written} of ${wall} ms`);
      assert.ok(sum('write') >= 20 * WRITE * 0.9);
      // One that blocks its thread holds up the others: they are not at work side by side.
      if (mode === 'blocking') assert.ok(sum('wall') <= 1.01 * elapsed, `${sum('wall')} of ${elapsed} ms`);
    });
  }

  test('leave out what they wait for their parts', async () => {
    const clock = new InParts('blocking');
    const slow = async function* (): AsyncGenerator<number> {
      for (let part = 0; part < 3; part += 1) {
        await sleep(10 * WRITE);
        yield part;
      }
    };
    for await (const _ of clock.of(slow())) await write('blocking');
    const { wall, write: written } = clock.end();
    assert.ok(wall < 2 * written, `${wall} ms for ${written} of writes`);
  });

  test('are whole and told once, also of a body that is left in the middle, and let go of late', async () => {
    const clock = new InParts('blocking');
    const parts = clock.of(ready(3));
    await parts.next();
    await write('blocking');
    assert.ok(clock.end().write > 0);
    await parts.return(undefined);
    const { wall, write: written } = await store('blocking', 1);
    assert.ok(written > 0 && wall < 2 * written, `${wall} ms for ${written} of writes`);
  });
});
