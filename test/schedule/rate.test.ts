import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import { Hosts } from '../../src/schedule/hosts.js';
import type { Limit } from '../../src/schedule/limit.js';
import { RatePerHost, WaitPerHost } from '../../src/schedule/rate.js';

const RETRY: RetryPolicy = { tries: 5, baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 600_000, patience: 300_000 };

/** Servers under a clock that the test turns. */
class Scene {
  now = 1_000;
  readonly hosts: Hosts;

  constructor(limits: readonly Limit[], maxRequests = Infinity) {
    const clock = (): number => this.now;
    this.hosts = new Hosts({ retry: RETRY, maxRequests, limits, clock, date: clock, random: () => 0.5 });
  }

  /** Requests that begin at one server while the clock goes on by a millisecond each time. */
  begin(origin: string, milliseconds: number): number[] {
    const times: number[] = [];
    for (const end = this.now + milliseconds; this.now < end; this.now += 1) {
      const host = this.hosts.of(origin);
      if (this.hosts.enter(host) !== true) continue;
      times.push(this.now);
      this.hosts.leave(host);
    }
    return times;
  }
}

describe('a limit on the requests to each server', () => {
  it('lets so many of them go in a time, and counts those of each by themselves', () => {
    const scene = new Scene([new RatePerHost(4)]);
    assert.equal(scene.begin('http://a', 10_000).length, 40);
    const [b, c] = [scene.hosts.of('http://b'), scene.hosts.of('http://c')];
    assert.deepEqual(
      [b, c, b].map((host) => scene.hosts.enter(host)),
      [true, true, false],
    );
    assert.deepEqual(scene.hosts.outlook(b), { free: 0, pause: 250 });
    assert.deepEqual(
      [scene.hosts.heldBy(b), scene.hosts.heldBy(scene.hosts.of('http://d'))],
      ['--rate-per-host', undefined],
    );
  });

  it('counts a request that had to be sent once more', () => {
    const scene = new Scene([new RatePerHost(4)]);
    const host = scene.hosts.of('http://a');
    assert.equal(scene.hosts.enter(host), true);
    scene.hosts.again(host);
    assert.equal(scene.hosts.outlook(host).pause, 500);
  });

  it('tells when more may come up than may now', () => {
    const scene = new Scene([new RatePerHost(100)]);
    const host = scene.hosts.of('http://a');
    assert.deepEqual(scene.hosts.outlook(host), { free: 1, pause: 10 });
    const bounded = new Scene([new RatePerHost(100)], 1);
    const other = bounded.hosts.of('http://a');
    // Two bounds that allow one more: it is a request in flight that the next has to wait for.
    assert.deepEqual(bounded.hosts.outlook(other), { free: 1 });
    assert.equal(bounded.hosts.enter(other), true);
    assert.deepEqual(bounded.hosts.outlook(other), { free: 0 });
  });

  it('waits half to one and a half times as long between two, by chance', () => {
    const chances = [0, 0.999_999, 0.5, 0.25];
    let n = 0;
    const scene = new Scene([new WaitPerHost(1_000, () => chances[n++ % chances.length] as number)]);
    const times = scene.begin('http://a', 4_000);
    assert.deepEqual(
      times.map((time) => time - 1_000),
      [0, 500, 2_000, 3_000, 3_750],
    );
  });

  it('makes up for no wait that was longer', () => {
    const scene = new Scene([new WaitPerHost(1_000, () => 0.5)]);
    assert.equal(scene.begin('http://a', 1).length, 1);
    scene.now += 60_000;
    assert.equal(scene.begin('http://a', 1_000).length, 1);
  });

  it('is not forgotten while a server has to be left alone', () => {
    const scene = new Scene([new RatePerHost(1 / 60)]);
    const host = scene.hosts.of('http://slow');
    assert.equal(scene.hosts.enter(host), true);
    scene.hosts.leave(host);
    for (let i = 0; i < 5_000; i += 1) scene.hosts.of(`http://${i}`);
    assert.equal(scene.hosts.of('http://slow'), host);
    scene.now += 60_000;
    for (let i = 0; i < 50_000; i += 1) scene.hosts.of(`http://${i}`);
    assert.notEqual(scene.hosts.of('http://slow'), host);
  });
});
