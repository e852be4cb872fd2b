import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode, PlainError } from '../../src/errors.js';
import type { RobotsAnswer } from '../../src/fetch/robots-request.js';
import type { RetryPolicy } from '../../src/options/retry-policy.js';
import { Hosts } from '../../src/schedule/hosts.js';
import type { Host } from '../../src/schedule/limit.js';
import { Robots } from '../../src/schedule/robots.js';

const RETRY: RetryPolicy = { tries: 3, baseDelay: 500, maxDelay: 30_000, maxRetryAfter: 600_000, patience: 300_000 };
const ORIGIN = 'http://a';

function failed(code: ErrorCode = 'NET_REFUSED', status?: number): RobotsAnswer {
  return { kind: 'failed', failure: { error: { code, message: 'it was refused', hint: 'none' }, status } };
}

function told(...lines: readonly string[]): RobotsAnswer {
  return { kind: 'told', text: ['User-agent: sluice', ...lines].join('\n') };
}

/** One server under a clock that the test turns. */
class Scene {
  now = 1_000;
  readonly hosts: Hosts;
  readonly robots: Robots;
  readonly host: Host;

  constructor(memory?: number) {
    const [clock, date, random] = [() => this.now, () => 0, () => 1];
    this.hosts = new Hosts({ retry: RETRY, maxRequests: Infinity, clock, date, random });
    const options = { token: 'sluice', retry: RETRY, clock, date, random };
    this.robots = new Robots(memory === undefined ? options : { ...options, memory });
    this.hosts.limitBy(this.robots, this.robots.crawlDelay);
    this.host = this.hosts.of(ORIGIN);
  }

  get free(): number {
    return this.hosts.outlook(this.host).free;
  }

  /** 0 for none. */
  get pause(): number {
    return this.hosts.outlook(this.host).pause ?? 0;
  }

  enter(host = this.host): boolean | PlainError {
    return this.hosts.enter(host);
  }

  note(answer: RobotsAnswer, host = this.host): void {
    this.robots.note(host.origin, answer);
    this.hosts.leave(host);
  }
}

describe('Robots', () => {
  it('lets one request ask, and all others after that; those of other servers ask for themselves', () => {
    const scene = new Scene();
    assert.equal(scene.robots.isKnown(ORIGIN), false);
    assert.equal(scene.free, 1);
    assert.equal(scene.enter(), true);
    assert.equal(scene.enter(), false);
    assert.deepEqual([scene.free, scene.pause], [0, 0]);
    assert.equal(scene.enter(scene.hosts.of('http://b')), true);
    scene.note(told('Disallow: /no'));
    assert.equal(scene.robots.isKnown(ORIGIN), true);
    assert.equal(scene.free, Infinity);
    for (let i = 0; i < 5; i += 1) assert.equal(scene.enter(), true);
    assert.equal(scene.robots.disallows(ORIGIN, '/no')?.code, 'ROBOTS_TXT');
    assert.equal(scene.robots.disallows(ORIGIN, '/yes'), undefined);
    assert.equal(scene.robots.disallows('http://b', '/no'), undefined);
  });

  it('allows all where there is none', () => {
    const scene = new Scene();
    assert.equal(scene.enter(), true);
    scene.note({ kind: 'none' });
    assert.equal(scene.enter(), true);
    assert.equal(scene.robots.disallows(ORIGIN, '/'), undefined);
  });

  it('asks again where that failed in a way that may pass, later each time, then fails all for five minutes', () => {
    const scene = new Scene();
    for (const pause of [500, 1_000]) {
      assert.equal(scene.enter(), true);
      scene.note(failed());
      assert.deepEqual([scene.enter(), scene.free, scene.pause], [false, 0, pause]);
      scene.now += pause;
      assert.equal(scene.free, 1);
    }
    assert.equal(scene.enter(), true);
    scene.note(failed());
    assert.equal(scene.free, Infinity, 'those that wait come up to fail');
    const error = scene.enter();
    assert.ok(typeof error === 'object');
    assert.equal(error.code, 'NET_REFUSED');
    assert.match(error.message, /^nothing was requested, since what robots.txt says is not known: it was refused$/);
    scene.now += RETRY.patience;
    assert.equal(scene.robots.isKnown(ORIGIN), false);
    assert.equal(scene.enter(), true);
  });

  it('asks only once where nothing else will come of it', () => {
    const scene = new Scene();
    assert.equal(scene.enter(), true);
    scene.note(failed('NET_TLS'));
    assert.equal(typeof scene.enter(), 'object');
  });

  it('is none the wiser where the item was ended that asked', () => {
    const scene = new Scene();
    for (let i = 0; i < 10; i += 1) {
      assert.equal(scene.enter(), true);
      scene.note(failed('ABORTED'));
    }
    assert.equal(scene.enter(), true);
  });

  it('has requests begin no sooner after one another than Crawl-delay says, the one for robots.txt among them', () => {
    const scene = new Scene();
    assert.equal(scene.enter(), true);
    scene.now += 500;
    scene.note(told('Crawl-delay: 2'));
    for (const wait of [1_500, 2_000, 2_000]) {
      assert.deepEqual([scene.enter(), scene.free, scene.pause], [false, 0, wait]);
      scene.now += wait - 1;
      assert.equal(scene.enter(), false);
      scene.now += 1;
      assert.equal(scene.free, 1);
      assert.equal(scene.enter(), true);
    }
  });

  it('obeys no Crawl-delay for longer than a Retry-After', () => {
    const scene = new Scene();
    assert.equal(scene.enter(), true);
    scene.note(told('Crawl-delay: 99999999'));
    assert.equal(scene.pause, RETRY.maxRetryAfter);
  });

  it('takes it for what it was for a day', () => {
    const scene = new Scene();
    assert.equal(scene.enter(), true);
    scene.note(told('Disallow: /'));
    scene.now += 24 * 3_600_000 - 1;
    assert.equal(scene.robots.isKnown(ORIGIN), true);
    scene.now += 1;
    assert.equal(scene.robots.isKnown(ORIGIN), false);
    assert.equal(scene.robots.disallows(ORIGIN, '/'), undefined);
  });

  it('keeps what was used last within its memory, and of servers that named a time all', () => {
    const scene = new Scene(100_000);
    const ask = (origin: string, answer: RobotsAnswer): void => {
      const host = scene.hosts.of(origin);
      assert.equal(scene.enter(host), true);
      scene.note(answer, host);
    };
    ask(ORIGIN, told('Disallow: /no'));
    ask('http://slow', told('Crawl-delay: 600'));
    for (let i = 0; i < 10_000; i += 1) {
      ask(`http://${i}`, i % 2 === 0 ? told('Disallow: /a', 'Allow: /b') : { kind: 'none' });
      assert.ok(scene.robots.isKnown(ORIGIN));
    }
    assert.ok(scene.robots.known < 250, `${scene.robots.known} are known`);
    assert.ok(scene.robots.known > 100, `${scene.robots.known} are known`);
    assert.ok(scene.robots.isKnown('http://slow'));
    assert.ok(!scene.robots.isKnown('http://5'));
  });
});
