import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LoopDelay } from '../../src/bench/loop-delay.js';
import { type Bounds, clock, delayOf } from '../helpers/bench.js';
import probe = require('../helpers/probe-thread.cjs');

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** What a probe from outside finds while `work` keeps the event loop busy, and what is to be tested does. */
async function measure(work: () => Promise<void>): Promise<{ outside: (rank: number) => Bounds; inside: LoopDelay }> {
  const thread = new Worker(probe.PROBE_THREAD, { eval: true });
  const messages: [sent: number, delay: number][] = [];
  await once(thread, 'message');
  thread.on('message', (sent: number) => messages.push([sent, clock() - sent]));
  const inside = new LoopDelay();
  await work();
  inside.stop();
  await thread.terminate();
  return { inside, outside: (rank) => delayOf(messages, rank) };
}

/** Milliseconds: the resolution of Node's timers. */
const RESOLUTION = 2;
/** Milliseconds that a shared machine may wake a resting loop late: what comes then is late inside, and nothing arrives outside. */
const LATE = 25;

/** Within a tenth, and what timers cannot tell. @param more milliseconds that may be found inside alone */
function assertNear(actual: number, { least, most }: Bounds, what: string, more = 0): void {
  const found = `${what}: ${actual} ms inside, ${least} to ${most} ms outside`;
  assert.ok(actual >= 0.9 * least - RESOLUTION && actual <= 1.1 * most + RESOLUTION + more, found);
}

describe('the delay of the event loop', () => {
  const loads: Readonly<Record<string, () => Promise<void>>> = {
    'that saves 20 ms for each file': async () => {
      for (let file = 0; file < 40; file += 1) {
        block(20);
        await sleep(3);
      }
    },
    'that rests but for a stall now and then': async () => {
      for (let stall = 0; stall < 5; stall += 1) {
        await sleep(80);
        block(40);
      }
    },
    'that is blocked once for long': async () => {
      await sleep(200);
      block(300);
      await sleep(200);
    },
  };
  for (const [title, work] of Object.entries(loads)) {
    test(`is what a probe from outside finds, of a loop ${title}`, async () => {
      const { inside, outside } = await measure(work);
      assertNear(inside.quantile(0.5), outside(0.5), 'median');
      assertNear(inside.quantile(0.9), outside(0.9), '90th percentile');
      // Of a second, one late wake is more than a hundredth.
      assertNear(inside.quantile(0.99), outside(0.99), '99th percentile', LATE);
      assertNear(inside.max, outside(1), 'longest', LATE);
    });
  }

  test('is told for each slot: what arrives at its beginning waits the longest', async () => {
    const started = performance.now();
    const loop = new LoopDelay();
    await sleep(100);
    const blocked = performance.now() - started;
    block(100);
    await sleep(50);
    loop.stop();
    const slots = loop.perSlot(started, 25, 10);
    const first = Math.floor(blocked / 25) + 1;
    const [whole = 0, next = 0] = slots.slice(first, first + 2);
    assert.ok(Math.abs(whole - next - 25) < 1, `delays shrink by the length of a slot: ${slots.join(', ')}`);
    assert.ok((slots[0] ?? NaN) < whole, `nothing like that held it up before: ${slots.join(', ')}`);
  });
});
