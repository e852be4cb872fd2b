import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../src/fetch/hosts.js';
import { Waiting } from '../../src/fetch/waiting.js';

const READY = { free: () => Infinity, pause: () => 0 };

function hostFor(origin: string): Host {
  return { origin, running: 0, parked: 0, trouble: undefined };
}

/** All that can go on, in order. */
function takeAll<T>(waiting: Waiting<T>): T[] {
  const taken: T[] = [];
  for (let first = waiting.first; first !== undefined; first = waiting.first) {
    taken.push(first);
    waiting.dropFirst();
  }
  return taken;
}

test('values come back in the order in which their times come, and are told of', async () => {
  const told: (string | undefined)[] = [];
  const waiting: Waiting<string> = new Waiting(READY, () => told.push(waiting.first));
  waiting.add('late', 60);
  waiting.add('soon', 5);
  assert.equal(waiting.size, 2);
  assert.equal(waiting.first, undefined);
  while (told.length < 2) await sleep(5);
  assert.deepEqual(told, ['soon', 'soon']);
  assert.deepEqual(takeAll(waiting), ['soon', 'late']);
  assert.equal(waiting.size, 0);
});

test('values that wait for a server come up as many as may, in their order, and others are not held up', () => {
  let free = 0;
  const waiting = new Waiting<string>({ free: () => free, pause: () => 0 }, () => undefined);
  const [a, b] = [hostFor('http://a'), hostFor('http://b')];
  for (const value of ['a1', 'a2', 'a3', 'a4']) waiting.park(value, a);
  waiting.park('b1', b);
  assert.deepEqual([waiting.size, a.parked, b.parked, waiting.first], [5, 4, 1, undefined]);
  free = 2;
  waiting.release(a);
  assert.deepEqual(takeAll(waiting), ['a1', 'a2']);
  assert.deepEqual([waiting.size, a.parked, b.parked], [3, 2, 1]);
  waiting.release(b);
  free = Infinity;
  waiting.release(a);
  waiting.release(a);
  assert.deepEqual(takeAll(waiting), ['b1', 'a3', 'a4']);
  assert.deepEqual([waiting.size, a.parked, b.parked], [0, 0, 0]);
});

test('a server is asked about again when its pause is over, and once more when that was made longer', async () => {
  const started = performance.now();
  let until = started + 20;
  const pause = (): number => Math.max(0, until - performance.now());
  const outlook = { free: (): number => (pause() > 0 ? 0 : 1), pause };
  const told: (string | undefined)[] = [];
  const waiting: Waiting<string> = new Waiting(outlook, () => told.push(waiting.first));
  const host = hostFor('http://a');
  waiting.park('probe', host);
  waiting.park('other', host);
  until = started + 60;
  while (waiting.first === undefined) await sleep(5);
  assert.ok(performance.now() >= until, 'came up before the time');
  // A timer may be early by a part of a millisecond, and then there is one more look.
  assert.ok(told.length >= 2 && told.length <= 3, `${told.length} looks`);
  assert.deepEqual(told.findIndex(Boolean), told.length - 1);
  assert.equal(told.at(-1), 'probe');
  assert.deepEqual(takeAll(waiting), ['probe']);
  assert.equal(waiting.size, 1);
});

test('what is cleared does not come back', async () => {
  const waiting = new Waiting<string>({ free: () => 1, pause: () => 5 }, () => assert.fail('told'));
  waiting.add('never', 5);
  waiting.park('nor this', hostFor('http://a'));
  waiting.clear();
  assert.equal(waiting.size, 0);
  await sleep(30);
  assert.equal(waiting.first, undefined);
});
