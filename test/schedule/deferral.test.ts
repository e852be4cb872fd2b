import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Deferral } from '../../src/schedule/deferral.js';
import type { Host } from '../../src/schedule/limit.js';

function hostFor(origin: string): Host {
  return { origin, running: 0, parked: 0, answered: false, breaker: undefined };
}

/** Requests by the names of their servers. */
class Scene {
  readonly deferral = new Deferral<string>();
  now = 0;

  /** So many servers answer, after so long a time each. */
  answer(count: number, wait: number): void {
    for (let i = 0; i < count; i += 1) {
      this.deferral.begin('sound', hostFor('sound'), this.now);
      this.now += wait;
      this.deferral.hasAnswered('sound', hostFor('sound'), this.now);
    }
  }

  begin(...names: readonly string[]): void {
    for (const name of names) this.deferral.begin(name, hostFor(name), this.now);
  }

  late(): readonly string[] {
    return this.deferral.late(this.now, (name) => name);
  }
}

describe('Deferral', () => {
  it('puts nobody off before it knows how long others take', () => {
    const scene = new Scene();
    scene.answer(15, 100);
    scene.begin('slow');
    scene.now += 1_000_000;
    assert.equal(scene.deferral.next(scene.now), undefined);
    assert.deepEqual(scene.late(), []);
    scene.answer(1, 100);
    assert.deepEqual(scene.late(), ['slow']);
  });

  it('puts off who takes five times as long as others on average, and at least a tenth of a second', () => {
    for (const [wait, patience] of [
      [100, 500],
      [1, 100],
    ] as const) {
      const scene = new Scene();
      scene.answer(20, wait);
      scene.begin('a');
      scene.now += patience - 1;
      scene.begin('b');
      assert.deepEqual([scene.deferral.next(scene.now), scene.late()], [1, []]);
      scene.now += 1;
      assert.deepEqual([scene.deferral.next(scene.now), scene.late()], [0, ['a']]);
      assert.equal(scene.deferral.permit(hostFor('a')), false);
      assert.deepEqual(scene.deferral.outlook(hostFor('a')), { free: 0 });
      assert.equal(scene.deferral.permit(hostFor('b')), true);
    }
  });

  it('looks no further after who has answered or failed', () => {
    const scene = new Scene();
    scene.answer(20, 100);
    scene.begin('a', 'b', 'c');
    scene.now += 100;
    scene.deferral.hasAnswered('a', hostFor('a'), scene.now);
    scene.deferral.hasFailed('b', hostFor('b'));
    scene.now += 10_000;
    assert.deepEqual(scene.late(), ['c']);
  });

  it('lets one request find out with all the time there is, when nobody else wants the slot', () => {
    const scene = new Scene();
    scene.answer(20, 100);
    scene.begin('a', 'b');
    scene.now += 500;
    assert.deepEqual(scene.late(), ['a', 'b']);
    assert.equal(scene.deferral.bringUp(16, false, false), undefined, 'others want it');
    assert.equal(scene.deferral.bringUp(16, true, false), 'a');
    assert.equal(scene.deferral.bringUp(16, true, false), undefined, 'one at a time');
    const host = hostFor('a');
    assert.deepEqual([scene.deferral.permit(host), scene.deferral.outlook(host).free], [true, 1]);
    host.running = 1;
    assert.deepEqual([scene.deferral.permit(host), scene.deferral.outlook(host).free], [false, 0]);
    scene.begin('a');
    scene.now += 1_000_000;
    assert.deepEqual(scene.late(), []);
    scene.deferral.hasAnswered('a', host, scene.now);
    assert.equal(scene.deferral.permit(host), true);
    assert.equal(scene.deferral.bringUp(16, true, true), 'b');
  });

  it('puts off again who fails in its turn, behind the others', () => {
    const scene = new Scene();
    scene.answer(20, 100);
    scene.begin('a', 'b');
    scene.now += 500;
    scene.late();
    assert.equal(scene.deferral.bringUp(16, true, true), 'a');
    scene.deferral.hasFailed('a', hostFor('a'));
    assert.equal(scene.deferral.permit(hostFor('a')), false);
    assert.equal(scene.deferral.bringUp(16, true, true), 'b');
    assert.equal(scene.deferral.bringUp(16, true, true), 'a');
  });

  it('has one slot of 32 for those that were put off, and all when nobody else comes any more', () => {
    const scene = new Scene();
    scene.answer(20, 100);
    scene.begin('a', 'b', 'c', 'd', 'e');
    scene.now += 500;
    scene.late();
    const turns = [1, 2, 3].map(() => scene.deferral.bringUp(64, false, false));
    assert.deepEqual(turns, ['a', 'b', undefined]);
    assert.deepEqual([scene.deferral.bringUp(64, true, true), scene.deferral.bringUp(64, true, true)], ['c', 'd']);
  });

  it('is more patient where so many are slow that they are no exception', () => {
    const scene = new Scene();
    scene.answer(100, 20);
    let late = 0;
    for (let i = 0; i < 2_000; i += 1) {
      scene.answer(1, 20);
      scene.begin(`slow ${i}`);
      // It would answer after two seconds.
      scene.now += Math.min(2_000, scene.deferral.next(scene.now) ?? 0);
      const found = scene.late().length;
      if (found === 0) scene.deferral.hasAnswered(`slow ${i}`, hostFor(`slow ${i}`), scene.now);
      late += found;
    }
    assert.ok(late < 600, `${late} of 2,000`);
  });
});
