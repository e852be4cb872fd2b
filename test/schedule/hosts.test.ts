import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { ErrorCode, PlainError } from '../../src/errors.js';
import { Hosts } from '../../src/schedule/hosts.js';
import type { Host } from '../../src/schedule/limit.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import type { AttemptFailure } from '../../src/fetch/failure.js';

const RETRY: RetryPolicy = { tries: 5, baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 600_000, patience: 300_000 };
const ORIGIN = 'http://a';

function failed(code: ErrorCode = 'NET_REFUSED'): AttemptFailure {
  return { error: { code, message: 'it was refused', hint: 'none' } };
}

function busy(status: number, retryAfter?: string): AttemptFailure {
  return { error: { code: 'HTTP_STATUS', message: `answered ${status}`, hint: 'none' }, status, retryAfter };
}

/** One server under a clock that the test turns. */
class Scene {
  now = 1_000;
  random = 0.5;
  readonly hosts: Hosts;
  readonly host: Host;

  constructor(maxRequests = Infinity, retry = RETRY) {
    const [clock, date, random] = [() => this.now, () => 784_111_777_000, () => this.random];
    this.hosts = new Hosts({ retry, maxRequests, clock, date, random });
    this.host = this.hosts.of(ORIGIN);
  }

  get free(): number {
    return this.hosts.outlook(this.host).free;
  }

  /** 0 for none. */
  get pause(): number {
    return this.hosts.outlook(this.host).pause ?? 0;
  }

  enter(): boolean | PlainError {
    return this.hosts.enter(this.host);
  }

  /** A request from its begin to its end. */
  ask(failure?: AttemptFailure): void {
    assert.equal(this.enter(), true);
    this.hosts.leave(this.host, failure);
  }

  /** As many failures as it takes until the server is left alone. */
  breakDown(failure = failed()): void {
    for (let i = 0; i < 5; i += 1) this.ask(failure);
  }
}

describe('Hosts', () => {
  it('leaves a server alone after five failures in a row, and no sooner', () => {
    for (const failure of [failed(), failed('NET_RESET'), failed('NET_TIMEOUT'), failed('NET_UNREACHABLE')]) {
      const scene = new Scene();
      for (let i = 0; i < 4; i += 1) scene.ask(failure);
      assert.equal(scene.enter(), true);
      scene.hosts.leave(scene.host, failure);
      assert.equal(scene.enter(), false);
      assert.equal(scene.pause, 250);
    }
  });

  it('counts 429 and 503 as failures, and anything else that was answered as none', () => {
    for (const [failure, isFailure] of [
      [busy(429), true],
      [busy(503), true],
      [busy(500), false],
      [busy(404), false],
      [failed('NET_TLS'), false],
      [failed('BODY_CUT'), false],
    ] as const) {
      const scene = new Scene();
      for (let i = 0; i < 5; i += 1) scene.ask(failure);
      assert.equal(scene.enter(), !isFailure, JSON.stringify(failure));
    }
  });

  it('begins to count anew after an answer, though the body may fail later', () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i += 1) {
      assert.equal(scene.enter(), true);
      scene.hosts.answer(scene.host, 200);
      scene.hosts.leave(scene.host, failed('NET_RESET'));
    }
  });

  it('lets one request find out when the pause is over; its answer sets all going, its failure none', () => {
    const scene = new Scene();
    scene.breakDown();
    scene.now += 249;
    assert.equal(scene.enter(), false);
    assert.equal(scene.free, 0);
    scene.now += 1;
    assert.equal(scene.free, 1);
    assert.equal(scene.enter(), true);
    assert.equal(scene.enter(), false, 'a second probe');
    scene.hosts.leave(scene.host, failed());
    assert.equal(scene.enter(), false, 'after a probe that failed');
    scene.now += scene.pause;
    assert.equal(scene.enter(), true);
    scene.hosts.answer(scene.host, 404);
    assert.equal(scene.free, Infinity);
    for (let i = 0; i < 10; i += 1) assert.equal(scene.enter(), true);
  });

  it('doubles the pause with each probe that fails, up to 30 seconds, by chance anything up to that', () => {
    const scene = new Scene();
    scene.random = 1;
    scene.breakDown();
    const pauses: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      const pause = scene.pause;
      pauses.push(pause);
      scene.now += pause;
      scene.ask(failed());
    }
    assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    scene.now += 30_000;
    scene.random = 0.01;
    scene.ask(failed());
    assert.equal(scene.pause, 300);
  });

  const asked: [value: string | undefined, pause: number][] = [
    ['7', 7_000],
    ['600', 600_000],
    ['601', 600_000],
    ['1000000000000', 600_000],
    ['1e12', 0],
    ['-5', 0],
    ['0', 0],
    ['soon', 0],
    [undefined, 0],
    ['Sun, 06 Nov 1994 08:49:47 GMT', 10_000],
    ['Sun, 06 Nov 1994 08:49:27 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 600_000],
  ];
  for (const [value, pause] of asked) {
    for (const status of [429, 503]) {
      it(`leaves the server alone for ${pause} ms after one ${status} with Retry-After: ${value}`, () => {
        const scene = new Scene();
        assert.equal(scene.enter(), true);
        scene.ask(busy(status, value));
        assert.equal(scene.pause, pause);
        assert.equal(scene.enter(), pause === 0);
        // Begun before: it says nothing of the time that the server named.
        scene.hosts.answer(scene.host, 200);
        assert.equal(scene.enter(), pause === 0);
        if (pause === 0) return;
        scene.now += pause;
        assert.equal(scene.enter(), true);
        assert.equal(scene.enter(), false, 'a second probe');
        scene.hosts.leave(scene.host);
        assert.equal(scene.enter(), true);
        assert.equal(scene.enter(), true);
      });
    }
  }

  it('gives up on a server that has not answered for five minutes, but for one probe each pause', () => {
    const scene = new Scene();
    scene.breakDown();
    while (scene.now < 1_000 + RETRY.patience) {
      scene.now += Math.max(1, scene.pause);
      scene.ask(failed());
    }
    assert.equal(scene.free, Infinity, 'those that wait come up to fail');
    const error = scene.enter();
    assert.ok(typeof error === 'object');
    assert.equal(error.code, 'NET_REFUSED');
    assert.match(error.message, /^http:\/\/a has given nothing but failures for 3\d\d seconds$/);
    assert.match(error.hint, /nothing was requested.*it was refused/);
    scene.now += RETRY.maxDelay;
    assert.equal(scene.enter(), true, 'the probe');
    assert.equal(typeof scene.enter(), 'object', 'while the probe is under way');
    scene.hosts.leave(scene.host);
    assert.equal(scene.enter(), true);
    assert.equal(scene.enter(), true);
  });

  it('gives up on a server that says nothing but that it is busy, and not while it said itself for how long', () => {
    const scene = new Scene();
    scene.breakDown(busy(503));
    for (let i = 0; i < 9; i += 1) {
      scene.now += 30_000;
      scene.ask(busy(503));
      assert.equal(scene.enter(), false);
    }
    scene.now += 30_000;
    scene.ask(busy(503, '600'));
    assert.equal(scene.enter(), false, 'it named a time');
    scene.now += 600_000;
    scene.ask(busy(503));
    assert.equal(typeof scene.enter(), 'object');
  });

  it('holds nobody up who tries once only', () => {
    const scene = new Scene(Infinity, { ...RETRY, tries: 1 });
    for (let i = 0; i < 20; i += 1) scene.ask(busy(503, '600'));
    assert.equal(scene.enter(), true);
  });

  it('tells nothing of a server from failures of this program', () => {
    const scene = new Scene();
    scene.breakDown();
    scene.now += 30_000;
    scene.ask(failed('NET_TOO_MANY_OPEN'));
    assert.equal(scene.enter(), true, 'another probe');
    assert.equal(scene.enter(), false, 'not all');
  });

  it('bounds the requests to each server, and leaves other servers alone', () => {
    const { hosts, host } = new Scene(2);
    const other = hosts.of('http://b');
    assert.deepEqual([hosts.enter(host), hosts.enter(host), hosts.enter(host)], [true, true, false]);
    assert.equal(hosts.outlook(host).free, 0);
    assert.equal(hosts.enter(other), true);
    hosts.leave(host);
    assert.equal(hosts.outlook(host).free, 1);
    assert.equal(hosts.enter(host), true);
    assert.equal(host.running, 2);
  });

  it('forgets servers of which there is nothing to know, and no others', () => {
    const { hosts, host } = new Scene();
    const kept = [host, ...['http://b', 'http://c'].map((origin) => hosts.of(origin))];
    assert.equal(hosts.enter(host), true);
    for (let i = 0; i < 5; i += 1) {
      assert.equal(hosts.enter(kept[1] as Host), true);
      hosts.leave(kept[1] as Host, failed());
    }
    (kept[2] as Host).parked = 1;
    const idle = hosts.of('http://idle');
    for (let i = 0; i < 5_000; i += 1) hosts.of(`http://${i}`);
    for (const known of kept) assert.equal(hosts.of(known.origin), known);
    assert.notEqual(hosts.of('http://idle'), idle);
  });

  it('whatever happens, leaves nobody waiting for ever and never has two probes', () => {
    const failures = [undefined, failed(), failed('NET_TIMEOUT'), busy(503), busy(429, '3'), failed('WORKER_LOST')];
    const step = fc.record({ ends: fc.boolean(), failure: fc.constantFrom(...failures), passes: fc.nat(40_000) });
    const property = fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (steps, most) => {
      const scene = new Scene(most);
      for (const { ends, failure, passes } of steps) {
        scene.now += passes;
        if (ends && scene.host.running > 0) scene.hosts.leave(scene.host, failure);
        else scene.enter();
        assert.ok(scene.host.running >= 0 && scene.host.running <= most);
      }
      while (scene.host.running > 0) scene.hosts.leave(scene.host, failed());
      scene.now += RETRY.maxRetryAfter;
      assert.ok(scene.free >= 1);
      assert.equal(scene.enter(), true);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
