import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Ration, Throttle } from '../../src/fetch/throttle.js';

const READ = 64 << 10;

/** A throttle whose clock and timers the test turns. */
class Scene {
  readonly throttle: Throttle;
  readonly #t: TestContext;
  #now = 1_000;

  constructor(t: TestContext, total: number | undefined, perHost?: number) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.#t = t;
    this.throttle = new Throttle({ total, perHost, clock: () => this.#now });
  }

  get now(): number {
    return this.#now;
  }

  pass(milliseconds: number): void {
    for (let n = 0; n < milliseconds; n += 1) {
      this.#now += 1;
      this.#t.mock.timers.tick(1);
    }
  }
}

/** Bodies without an end that read on as soon as they may, so many bytes at a time. */
function readOn(scene: Scene, origins: readonly string[], bytes: number): number[] {
  const read = origins.map(() => 0);
  origins.forEach((origin, n) => {
    const go = (): void => {
      do read[n] = (read[n] as number) + bytes;
      while (ration.take(bytes));
    };
    const ration: Ration = scene.throttle.begin(origin, go);
    go();
  });
  return read;
}

describe('Throttle', () => {
  it('lets bodies read what the rate allows over all of them, each its share', (t) => {
    const scene = new Scene(t, 100_000);
    const read = readOn(scene, ['http://a', 'http://b', 'http://b', 'http://c'], 16 << 10);
    scene.pass(60_000);
    const total = read.reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(Math.abs(total / 6_000_000 - 1) < 0.03, String(total));
    for (const bytes of read) assert.ok(Math.abs(bytes / total - 0.25) < 0.03, String(read));
  });

  it('lets each server have its rate, and all of them together no more than the total', (t) => {
    const scene = new Scene(t, 250_000, 100_000);
    const read = readOn(scene, ['http://a', 'http://b', 'http://c'], 4_000);
    scene.pass(30_000);
    const total = read.reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(Math.abs(total / 7_500_000 - 1) < 0.03, String(total));
    for (const bytes of read) assert.ok(bytes < 3_090_000 + READ, String(read));
    assert.notEqual(scene.throttle.heldBy, undefined);
  });

  it('sends no request before the bytes of others have had their time, and those that wait come first', (t) => {
    const scene = new Scene(t, 64 << 10);
    const { throttle } = scene;
    assert.equal(throttle.pause(scene.now), 0);
    let told = 0;
    const first = throttle.begin('http://a', () => (told += 1));
    assert.ok(throttle.pause(scene.now) > 700, 'it is likely to bring what comes in one read');
    assert.ok(first.take(READ), 'that was counted before');
    assert.ok(!first.take(READ));
    assert.deepEqual([throttle.heldBy, told], ['total', 0]);
    scene.pass(1_990);
    assert.equal(told, 0);
    scene.pass(20);
    assert.equal(told, 1);
    assert.ok(throttle.pause(scene.now) > 0, 'it is likely to read on at once');
    scene.pass(60);
    assert.equal(throttle.pause(scene.now), 0);
  });

  it('gives back what a request was thought to bring and did not, and learns from it', (t) => {
    const scene = new Scene(t, 10_000, 10_000);
    const { throttle } = scene;
    for (let n = 0; n < 30; n += 1) {
      const ration = throttle.begin('http://a', () => assert.fail('it had enough'));
      assert.ok(ration.take(100));
      ration.end();
      ration.end();
    }
    assert.ok(throttle.pause(scene.now) <= 300, `${throttle.pause(scene.now)}`);
    scene.pass(1_000);
    assert.ok(throttle.outlook('http://a', scene.now).free > 10);
    assert.ok(throttle.isFree('http://a', scene.now));
  });

  it('tells nobody who has ended, and forgets servers that owe nothing', (t) => {
    const scene = new Scene(t, undefined, 1_000);
    const { throttle } = scene;
    const ration = throttle.begin('http://a', () => assert.fail('told'));
    assert.ok(!ration.take(2 * READ));
    ration.end();
    assert.equal(throttle.heldBy, undefined);
    for (let n = 0; n < 5_000; n += 1) throttle.begin(`http://${n}`, () => undefined).end();
    assert.ok(!throttle.isFree('http://a', scene.now), 'what it owes is not forgotten');
    scene.pass(140_000);
    assert.ok(throttle.isFree('http://a', scene.now));
  });
});
