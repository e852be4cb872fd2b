import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { Hosts } from '../../src/schedule/hosts.js';
import type { Host, Outlook } from '../../src/schedule/limit.js';
import type { Packing } from '../../src/schedule/packed-queue.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import type { AttemptFailure } from '../../src/fetch/failure.js';
import { WaitQueue } from '../../src/schedule/wait-queue.js';

const READY = (): Outlook => ({ free: Infinity });
const AS_IT_IS: Packing<string> = { pack: (value) => value, unpack: (packed) => packed as string };

function hostFor(origin: string): Host {
  return { origin, running: 0, parked: 0, answered: false, breaker: undefined };
}

/** A queue of texts that tells nobody. */
function queueOf(outlook: () => Outlook): WaitQueue<string> {
  return new WaitQueue<string>(outlook, AS_IT_IS, () => undefined);
}

/** All that can go on, in order. */
function takeAll<T>(waiting: WaitQueue<T>): T[] {
  const taken: T[] = [];
  for (let first = waiting.first; first !== undefined; first = waiting.first) {
    taken.push(first);
    waiting.dropFirst();
  }
  return taken;
}

test('values come back in the order in which their times come, and are told of', async () => {
  const told: (string | undefined)[] = [];
  const waiting: WaitQueue<string> = new WaitQueue(READY, AS_IT_IS, () => told.push(waiting.first));
  waiting.add('late', 60);
  waiting.add('soon', 5);
  assert.deepEqual([waiting.size, waiting.timed], [2, 2]);
  assert.equal(waiting.first, undefined);
  while (told.length < 2) await sleep(5);
  assert.deepEqual(told, ['soon', 'soon']);
  assert.deepEqual(takeAll(waiting), ['soon', 'late']);
  assert.deepEqual([waiting.size, waiting.timed], [0, 0]);
});

test('values that wait for a server come up as many as may, in their order, and others are not held up', () => {
  let free = 0;
  const waiting = queueOf(() => ({ free }));
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

test('a hundred thousand values that wait for one server come up in their order, a few at a time', () => {
  let free = 0;
  const waiting = queueOf(() => ({ free }));
  const host = hostFor('http://a');
  const values = Array.from({ length: 100_000 }, (_, i) => `value ${i}`);
  for (const value of values) waiting.park(value, host);
  assert.equal(waiting.size, values.length);
  free = Infinity;
  waiting.release(host);
  assert.ok(host.parked > 99_000, `${host.parked} are parked yet`);
  assert.deepEqual(takeAll(waiting), values);
  assert.deepEqual([waiting.size, host.parked], [0, 0]);
});

test('what is on its way already comes up before all that has not begun', () => {
  let free = 0;
  const waiting = queueOf(() => ({ free }));
  const host = hostFor('http://a');
  waiting.park('new', host);
  waiting.park('redirected', host, true);
  waiting.park('newer', host);
  waiting.park('redirected too', host, true);
  assert.deepEqual([...waiting.hosts], [host]);
  free = Infinity;
  waiting.release(host);
  assert.deepEqual(takeAll(waiting), ['redirected', 'redirected too', 'new', 'newer']);
});

test('more come up by themselves when their time has come, though some may at once', async () => {
  let free = 1;
  const waiting = queueOf(() => ({ free, pause: 5 }));
  const host = hostFor('http://a');
  free = 0;
  for (const value of ['a', 'b', 'c']) waiting.park(value, host);
  free = 1;
  const taken: string[] = [];
  for (let turns = 0; taken.length < 3 && turns < 200; turns += 1) {
    await sleep(5);
    taken.push(...takeAll(waiting));
  }
  assert.deepEqual(taken, ['a', 'b', 'c']);
});

test('a value comes up at once when its server has become ready by then', () => {
  const waiting = queueOf(() => ({ free: 1 }));
  waiting.park('ready', hostFor('http://a'));
  assert.deepEqual(takeAll(waiting), ['ready']);
});

test('what is cleared does not come back', async () => {
  const waiting = new WaitQueue<string>(
    () => ({ free: 0, pause: 5 }),
    AS_IT_IS,
    () => assert.fail('told'),
  );
  waiting.add('never', 5);
  waiting.park('nor this', hostFor('http://a'));
  waiting.clear();
  assert.equal(waiting.size, 0);
  await sleep(30);
  assert.equal(waiting.first, undefined);
});

/** Timers that go off when the test turns the clock. */
class Timers {
  readonly #due = new Map<object, { at: number; run: () => void }>();
  readonly #clock: { now: number };

  /** Takes the place of the program's own until the test has ended. */
  constructor(t: TestContext, clock: { now: number }) {
    this.#clock = clock;
    t.mock.method(globalThis, 'setTimeout', (run: () => void, delay: number) => {
      const timer = {};
      this.#due.set(timer, { at: clock.now + delay, run });
      return timer;
    });
    t.mock.method(globalThis, 'clearTimeout', (timer: object) => this.#due.delete(timer));
  }

  get count(): number {
    return this.#due.size;
  }

  clear(): void {
    this.#due.clear();
  }

  /** Turns the clock to the time of the next one, and lets it go off. */
  next(): void {
    const [timer, { at, run }] = [...this.#due].reduce((a, b) => (b[1].at < a[1].at ? b : a));
    this.#due.delete(timer);
    this.#clock.now = Math.max(this.#clock.now, at);
    run();
  }
}

test('a server is asked about again when its pause is over, and once more when that was made longer', (t) => {
  const clock = { now: 0 };
  const timers = new Timers(t, clock);
  let until = 20;
  const outlook = (): Outlook => (clock.now < until ? { free: 0, pause: until - clock.now } : { free: 1 });
  const told: (string | undefined)[] = [];
  const waiting: WaitQueue<string> = new WaitQueue(outlook, AS_IT_IS, () => told.push(waiting.first));
  const host = hostFor('http://a');
  waiting.park('probe', host);
  waiting.park('other', host);
  until = 60;
  timers.next();
  assert.deepEqual([clock.now, told], [20, [undefined]]);
  timers.next();
  assert.deepEqual([clock.now, told], [60, [undefined, 'probe']]);
  assert.deepEqual(takeAll(waiting), ['probe']);
  assert.deepEqual([waiting.size, timers.count], [1, 0]);
});

test('whatever the clock shows from one reading to the next, nobody waits without a timer or a request in flight', (t) => {
  const clock = { now: 0 };
  const timers = new Timers(t, clock);
  const retry: RetryPolicy = { tries: 5, baseDelay: 4, maxDelay: 16, maxRetryAfter: 3_000, patience: 60 };
  const error = { code: 'NET_REFUSED', message: 'it was refused', hint: 'none' } as const;
  const busy = { error: { ...error, code: 'HTTP_STATUS' }, status: 429, retryAfter: '3' } as const;
  const failures: (AttemptFailure | undefined)[] = [
    undefined,
    { error },
    busy,
    { error: { ...error, code: 'ABORTED' } },
  ];
  const script = fc.record({
    // How far the clock goes on with each reading: a pause ends between any two of them sooner or later.
    steps: fc.array(fc.constantFrom(0, 0.01, 0.5, 1, 3, 40), { minLength: 1, maxLength: 20 }),
    ends: fc.array(fc.constantFrom(...failures), { minLength: 1, maxLength: 20 }),
    most: fc.constantFrom(1, 2, Infinity),
    items: fc.integer({ min: 1, max: 40 }),
    lag: fc.constantFrom(-0.9, 0, 2),
  });
  const property = fc.property(script, ({ steps, ends, most, items, lag }) => {
    timers.clear();
    clock.now = 0;
    let reading = 0;
    const read = (): number => (clock.now += steps[(reading += 1) % steps.length] as number);
    const hosts = new Hosts({ retry, maxRequests: most, clock: read, date: () => 0, random: () => 0.5 });
    const host = hosts.of('http://a');
    const waiting: WaitQueue<string> = new WaitQueue(
      (of) => hosts.outlook(of),
      AS_IT_IS,
      () => pump(),
    );
    const inFlight: string[] = [];
    let [left, over, ended] = [items, 0, 0];
    const admit = (item: string): void => {
      const admission = hosts.enter(host);
      if (admission === true) inFlight.push(item);
      else if (admission === false) waiting.park(item, host);
      else {
        over += 1;
        waiting.release(host);
      }
    };
    const pump = (): void => {
      for (let turns = 0; inFlight.length < 4; turns += 1) {
        assert.ok(turns < 10_000, 'goes round in a circle');
        const first = waiting.first;
        if (first !== undefined) waiting.dropFirst();
        else if (left === 0) break;
        admit(first ?? `item ${(left -= 1)}`);
      }
    };
    pump();
    for (let turns = 0; over < items; turns += 1) {
      assert.ok(turns < 20_000, 'does not come to an end');
      const item = inFlight.shift();
      if (item === undefined) {
        assert.ok(timers.count > 0, `${items - over} of ${items} wait, and nothing will wake them`);
        clock.now += lag;
        timers.next();
        continue;
      }
      const failure = ends[(ended += 1) % ends.length];
      hosts.leave(host, ended > 200 ? undefined : failure);
      if (failure === undefined || ended > 200) over += 1;
      else waiting.add(item, 1);
      waiting.release(host);
      pump();
    }
    assert.equal(waiting.size, 0);
  });
  fc.assert(property, { numRuns: 500 });
});
