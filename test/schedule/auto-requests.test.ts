/** `--max-requests auto` against servers that are made up, under a clock that the test turns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttemptFailure } from '../../src/fetch/failure.js';
import { AUTO_REQUESTS } from '../../src/options/limits.js';
import { AutoRequests } from '../../src/schedule/auto-requests.js';
import type { Host } from '../../src/schedule/limit.js';

interface Made {
  /** Milliseconds for a request that begins while so many run, itself included. */
  readonly latency: (running: number) => number;
  /** Whether it is refused. */
  readonly refuses?: (now: number, running: number) => boolean;
}

interface Seen {
  readonly answered: number;
  readonly refused: number;
  /** The most at once. */
  readonly most: number;
}

const BUSY: AttemptFailure = {
  error: { code: 'HTTP_STATUS', message: 'answered 429', hint: 'none' },
  status: 429,
};

/** A server of which as much is asked as the limit permits. */
class Scene {
  now = 0;
  readonly host: Host;
  readonly #limit: AutoRequests;
  readonly #made: Made;
  #running: { readonly ends: number; readonly refused: boolean }[] = [];

  constructor(made: Made, limit = new AutoRequests(Infinity), origin = 'http://a') {
    this.#made = made;
    this.#limit = limit;
    this.host = { origin, running: 0, parked: 0, breaker: undefined, answered: false };
  }

  pass(milliseconds: number): Seen {
    const seen = { answered: 0, refused: 0, most: 0 };
    for (const end = this.now + milliseconds; this.now < end; this.now += 1) {
      const ended = this.#running.filter(({ ends }) => ends <= this.now);
      this.#running = this.#running.filter(({ ends }) => ends > this.now);
      for (const { refused } of ended) {
        seen[refused ? 'refused' : 'answered'] += 1;
        this.host.running -= 1;
        this.#limit.ended(this.host, this.now, refused ? BUSY : undefined);
        this.#fill();
      }
      this.#fill();
      seen.most = Math.max(seen.most, this.host.running);
    }
    return seen;
  }

  #fill(): void {
    while (this.#limit.permit(this.host, this.now)) {
      this.#limit.begun(this.host, this.now);
      this.host.running += 1;
      const { running } = this.host;
      const refused = this.#made.refuses?.(this.now, running) === true;
      this.#running.push({ ends: this.now + (refused ? 2 : this.#made.latency(running)), refused });
    }
  }
}

/** So many requests in each second. */
function mostASecond(most: number): (now: number) => boolean {
  let [second, count] = [0, 0];
  return (now) => {
    if (Math.floor(now / 1_000) !== second) [second, count] = [Math.floor(now / 1_000), 0];
    count += 1;
    return count > most;
  };
}

describe('AutoRequests', () => {
  it('asks a server for four at once at first, and for as many as it is worth in the end', () => {
    const scene = new Scene({ latency: () => 100 });
    assert.equal(scene.pass(100).most, 4);
    scene.pass(10_000);
    assert.ok(scene.pass(1_000).most === AUTO_REQUESTS);
  });

  for (const bears of [10, 64, 200]) {
    it(`finds the number from which on a server is slower: ${bears}`, () => {
      const scene = new Scene({ latency: (running) => 100 * Math.max(1, (running / bears) ** 2) });
      scene.pass(20_000);
      const { answered } = scene.pass(60_000);
      assert.ok(answered > 0.85 * 600 * bears, `${answered} of ${600 * bears}`);
    });
  }

  it('asks a server for no more where more bring nothing', () => {
    // Whatever runs at once, 200 a second.
    const scene = new Scene({ latency: (running) => Math.max(50, 5 * running) });
    scene.pass(20_000);
    const { answered, most } = scene.pass(30_000);
    assert.ok(answered > 0.9 * 6_000, String(answered));
    assert.ok(most <= 40, String(most));
  });

  for (const [most, latency] of [
    [40, 5],
    [40, 300],
    [5, 20],
    [400, 50],
  ] as const) {
    it(`finds how many a second a server bears that refuses more than ${most}, where an answer takes ${latency} ms`, () => {
      const scene = new Scene({ latency: () => latency, refuses: mostASecond(most) });
      scene.pass(30_000);
      const { answered, refused } = scene.pass(120_000);
      assert.ok(answered > 0.85 * 120 * most, `${answered} of ${120 * most}`);
      assert.ok(refused < 0.02 * (answered + refused), `${refused} of ${answered + refused} refused`);
    });
  }

  it('finds how many at once a server bears that refuses more than 50', () => {
    const scene = new Scene({ latency: () => 100, refuses: (_now, running) => running > 50 });
    scene.pass(30_000);
    const { answered, refused } = scene.pass(120_000);
    assert.ok(answered > 0.7 * 120 * 500, `${answered} of ${120 * 500}`);
    assert.ok(refused < 0.02 * (answered + refused), `${refused} of ${answered + refused} refused`);
  });

  it('follows a server that becomes slower, and one that bears less', () => {
    let bears = 100;
    const slower = new Scene({ latency: (running) => 100 * Math.max(1, (running / bears) ** 2) });
    slower.pass(20_000);
    bears = 20;
    slower.pass(60_000);
    const { answered } = slower.pass(30_000);
    assert.ok(answered > 0.7 * 30 * 200, `${answered} of ${30 * 200}`);
    let refuses = mostASecond(100);
    const strict = new Scene({ latency: () => 10, refuses: (now) => refuses(now) });
    strict.pass(20_000);
    refuses = mostASecond(10);
    strict.pass(10_000);
    const { answered: few, refused } = strict.pass(60_000);
    assert.ok(few > 0.8 * 600, String(few));
    assert.ok(refused < 0.02 * (few + refused), `${refused} of ${few + refused} refused`);
  });

  it('keeps to the bound for each server, and lets one that refuses all but a few slow down no other', () => {
    const limit = new AutoRequests(8);
    const [strict, free] = [
      new Scene({ latency: () => 10, refuses: mostASecond(2) }, limit, 'http://strict'),
      new Scene({ latency: () => 100 }, limit, 'http://free'),
    ];
    for (let n = 0; n < 1_000; n += 1) for (const scene of [strict, free]) scene.pass(10);
    const { answered, most } = free.pass(1_000);
    assert.deepEqual([answered, most], [80, 8]);
    assert.ok(strict.pass(10_000).answered <= 20);
  });

  it('remembers what it has found of a server, and not for ever', () => {
    const limit = new AutoRequests(Infinity);
    const scene = new Scene({ latency: () => 100 }, limit);
    assert.ok(limit.knowsNothingOf(scene.host, 0));
    scene.pass(5_000);
    assert.ok(!limit.knowsNothingOf(scene.host, 60_000));
    assert.ok(limit.knowsNothingOf(scene.host, 66_000));
  });
});
