import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StallWatchdog, type Runner } from '../../src/fetch/stall-watchdog.js';
import { answer, pause } from '../helpers/raw-server.js';
import { assertFailure, fetchOne, until, withServer } from './recording.js';

const TIMEOUT = 10_000;

class Body implements Runner {
  readonly limit: { timeLeft: number };
  readonly where = 'http://a/b';
  askedAt: number | undefined;
  received: number | undefined;
  isPaused = false;
  readonly errors: string[] = [];

  constructor(timeLeft = Infinity) {
    this.limit = { timeLeft };
  }

  takePaused(): boolean {
    return this.isPaused;
  }

  cancel({ code, message }: { code: string; message: string }): void {
    this.errors.push(`${code} ${message}`);
  }
}

/** A watchdog, with its clock in the hands of the test. */
class Scene {
  readonly watchdog: StallWatchdog;
  #now: number;

  constructor(lowestSpeed = 100) {
    this.watchdog = new StallWatchdog({ timeout: TIMEOUT, lowestSpeed }, 86_400_000);
    this.watchdog.add(new Body());
    this.watchdog.stop();
    this.#now = this.watchdog.now;
  }

  add(body: Body): Body {
    this.watchdog.add(body);
    return body;
  }

  /** Looks each second. */
  pass(seconds: number, each: () => void = () => undefined): void {
    for (let i = 0; i < seconds; i += 1) {
      each();
      this.#now += 1_000;
      this.watchdog.look(this.#now);
    }
  }

  /** Nobody looks for so many seconds, then once. */
  jump(seconds: number): void {
    this.#now += seconds * 1_000;
    this.watchdog.look(this.#now);
  }
}

describe('StallWatchdog', () => {
  for (const [speed, isSlow] of [
    [99, true],
    [100, false],
    [0, true],
    [1e9, false],
  ] as const) {
    it(`${isSlow ? 'gives up' : 'keeps'} a body of ${speed} bytes a second where 100 are asked for`, () => {
      const scene = new Scene();
      const body = scene.add(new Body());
      body.received = 5_000_000;
      scene.pass(12, () => (body.received = (body.received ?? 0) + speed));
      const message = 'NET_TIMEOUT http://a/b: the body came slower than 100 bytes a second for 10 seconds';
      assert.deepEqual(body.errors, isSlow ? [message] : []);
    });
  }

  it('adds up what has come of all bodies under way', () => {
    const scene = new Scene();
    const [one, other] = [scene.add(new Body()), scene.add(new Body())];
    assert.equal(scene.watchdog.received, 0);
    one.received = 1000;
    other.received = 500;
    assert.equal(scene.watchdog.received, 1500);
    scene.watchdog.delete(one);
    assert.equal(scene.watchdog.received, 500);
  });

  it('measures no body that is not coming, and none where no speed is asked for', () => {
    const scene = new Scene();
    const waiting = scene.add(new Body());
    scene.pass(100);
    assert.deepEqual(waiting.errors, []);
    const free = new Scene(0);
    const body = free.add(new Body());
    body.received = 0;
    free.pass(100);
    assert.deepEqual(body.errors, []);
  });

  it('never counts the time in which the body was paused, nor what came then', () => {
    const scene = new Scene();
    const body = scene.add(new Body(30_000));
    body.received = 0;
    scene.pass(9);
    body.isPaused = true;
    scene.pass(1_000, () => (body.received = (body.received ?? 0) + 1_000));
    assert.deepEqual(body.errors, []);
    body.isPaused = false;
    scene.pass(2);
    assert.equal(body.errors.length, 1, 'without the pause it was slow');
    assert.equal(body.limit.timeLeft, 30_000 - 11_000);
  });

  it('counts little of a time in which the main thread was held up', () => {
    const scene = new Scene();
    const body = scene.add(new Body(60_000));
    body.received = 0;
    scene.pass(1);
    scene.jump(3_600);
    assert.deepEqual(body.errors, []);
    assert.ok(body.limit.timeLeft >= 57_000);
  });

  it('begins anew with each body that a redirect leads to', () => {
    const scene = new Scene();
    const body = scene.add(new Body());
    body.received = 100_000;
    scene.pass(8);
    body.received = undefined;
    scene.pass(8);
    body.received = 0;
    scene.pass(8);
    assert.deepEqual(body.errors, []);
    scene.pass(4);
    assert.equal(body.errors.length, 1);
  });

  it('ends what takes longer than it may, over all its tries', () => {
    const scene = new Scene();
    const first = scene.add(new Body(20_000));
    scene.pass(12);
    scene.watchdog.delete(first);
    scene.pass(100);
    const second = scene.add(new Body(first.limit.timeLeft));
    scene.pass(7);
    assert.deepEqual(second.errors, []);
    scene.pass(1);
    assert.deepEqual(second.errors, ['NET_TIMEOUT http://a/b: it took longer than one file may take']);
    assert.deepEqual(first.errors, []);
  });

  it('waits for an answer as long as for the first byte of a body, from when it was asked for', () => {
    const scene = new Scene();
    const waiting = scene.add(new Body());
    scene.pass(100);
    assert.deepEqual(waiting.errors, [], 'it is not connected yet');
    waiting.askedAt = scene.watchdog.looks;
    const answered = scene.add(new Body());
    answered.askedAt = scene.watchdog.looks;
    scene.pass(10);
    answered.received = 0;
    assert.deepEqual(waiting.errors, []);
    scene.jump(3_600);
    assert.deepEqual(waiting.errors, [], 'the main thread was held up');
    scene.pass(1);
    assert.deepEqual(waiting.errors, ['NET_TIMEOUT http://a/b: the server did not answer in time']);
    assert.deepEqual(answered.errors, []);
  });

  it('ends the wait for an answer that others announce again and again', () =>
    withServer({ onRequest: () => announcing() }, async (server, connections) => {
      const watchdog = new StallWatchdog({ timeout: 300, lowestSpeed: 0 }, 60_000);
      const limit = { timeLeft: 5_000 };
      const ended = await fetchOne(connections, `${server.origin}/a`, { watchdog, limit });
      watchdog.stop();
      assertFailure(ended, 'NET_TIMEOUT', /the server did not answer in time$/);
      await until(() => server.open === 0, 'the connection was closed');
    }));

  it('looks after attempts by itself: one byte at a time is too slow, and no headers are too late', () =>
    withServer(
      { onRequest: ({ path }) => (path === '/slow' ? dripping() : path === '/none' ? [] : [answer('quick')]) },
      async (server, connections) => {
        const watchdog = new StallWatchdog({ timeout: 300, lowestSpeed: 1_000 }, 60_000);
        const [slow, none, quick] = await Promise.all([
          fetchOne(connections, `${server.origin}/slow`, { watchdog }),
          fetchOne(connections, `${server.origin}/none`, { watchdog, limit: { timeLeft: 200 } }),
          fetchOne(connections, `${server.origin}/quick`, { watchdog }),
        ]);
        watchdog.stop();
        assertFailure(slow, 'NET_TIMEOUT', /slower than 1000 bytes a second for 0.3 seconds$/);
        assertFailure(none, 'NET_TIMEOUT', /took longer/);
        assert.equal(quick.kind, 'body');
      },
    ));

  it('finds no fault with a body whose writer is slow', () =>
    withServer({ onRequest: () => [answer('x'.repeat(100_000))] }, async (server, connections) => {
      const watchdog = new StallWatchdog({ timeout: 100, lowestSpeed: 1_000_000_000 }, 60_000);
      const limit = { timeLeft: 500 };
      const ended = await fetchOne(connections, `${server.origin}/a`, {
        watchdog,
        limit,
        maxWhole: 10,
        openLarge: (onRoom) => ({
          write: () => (setTimeout(onRoom, 400), false),
          end: () => undefined,
          abort: () => undefined,
        }),
      });
      watchdog.stop();
      assert.equal(ended.kind, 'large', JSON.stringify(ended));
      assert.ok(limit.timeLeft > 300, `${limit.timeLeft} left`);
    }));
});

function* dripping(): Generator<string | Promise<void>> {
  yield 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n';
  for (;;) {
    yield 'x';
    yield pause(20);
  }
}

function* announcing(): Generator<string | Promise<void>> {
  for (;;) {
    yield 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n';
    yield pause(100);
  }
}
