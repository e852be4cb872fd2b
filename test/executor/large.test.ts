import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import * as fc from 'fast-check';
import { LARGE_WINDOW } from '../../src/body.js';
import { LargeBodySender } from '../../src/executor/large.js';
import type { Part, PartMessage } from '../../src/protocol/messages.js';
import { cut, noise } from '../helpers/bodies.js';

const MIB = 1 << 20;

/** A worker that gives each part back when it is told to. */
class Receiver {
  readonly #port: MessagePort;
  readonly #parts: Part[] = [];
  readonly #taken: Buffer[] = [];
  /** `end` or `abort`, when it has come. */
  last: PartMessage | undefined;
  /** The most bytes that lay with it at once. */
  peak = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: PartMessage) => {
      assert.equal(this.last, undefined, 'nothing comes after the end');
      if (typeof message === 'string') {
        this.last = message;
        return;
      }
      this.#parts.push(message);
      this.peak = Math.max(this.peak, this.waiting);
    });
  }

  get waiting(): number {
    return this.#parts.reduce((sum, { length }) => sum + length, 0);
  }

  get body(): Buffer {
    return Buffer.concat(this.#taken);
  }

  /** Takes the oldest part. */
  takeOne(): void {
    const part = this.#parts.shift();
    if (part === undefined) return;
    this.#taken.push(Buffer.from(part.buffer.subarray(0, part.length)));
    // Whoever still reads it would see it.
    part.buffer.fill(0xee);
    this.#port.postMessage(part.buffer);
  }
}

function connect(t: { after(fn: () => void): void }): {
  sender: LargeBodySender;
  receiver: Receiver;
  rooms: () => number;
  /** How often it was told that the body is let go. */
  left: () => number;
} {
  const { port1, port2 } = new MessageChannel();
  let rooms = 0;
  let left = 0;
  const sender = new LargeBodySender(port1, LARGE_WINDOW, { onRoom: () => (rooms += 1), onLeft: () => (left += 1) });
  const receiver = new Receiver(port2);
  t.after(() => port2.close());
  return { sender, receiver, rooms: () => rooms, left: () => left };
}

/** Messages have arrived. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await new Promise(setImmediate);
}

describe('the sender of a large body', () => {
  test('pauses its source when the window is full, and tells it when there is room again', async (t) => {
    const { sender, receiver, rooms } = connect(t);
    const body = noise(LARGE_WINDOW + 3 * MIB, 1);
    let sent = 0;
    for (; sent < body.length; sent += 100_000) {
      if (!sender.write(body.subarray(sent, sent + 100_000))) break;
    }
    await settle();
    assert.equal(receiver.waiting, LARGE_WINDOW, 'all of the window and no more is under way');
    assert.ok(sent < LARGE_WINDOW + 100_000);
    assert.equal(rooms(), 0);
    // The chunk that found no buffer was taken all the same: it is not sent again.
    sent += 100_000;
    receiver.takeOne();
    await settle();
    assert.equal(rooms(), 1);
    assert.equal(receiver.peak, LARGE_WINDOW);
    for (; sent < body.length; sent += 100_000) {
      while (!sender.write(body.subarray(sent, sent + 100_000))) {
        const before = rooms();
        while (rooms() === before) {
          receiver.takeOne();
          await settle();
        }
        sent += 100_000;
        if (sent >= body.length) break;
      }
    }
    sender.end();
    while (receiver.last === undefined || receiver.waiting > 0) {
      receiver.takeOne();
      await settle();
    }
    assert.equal(receiver.last, 'end');
    assert.ok(receiver.body.equals(body));
    assert.equal(receiver.peak, LARGE_WINDOW);
    sender.settled();
  });

  test('sends what found no buffer before it sends the end', async (t) => {
    const { sender, receiver } = connect(t);
    const body = noise(LARGE_WINDOW + 2 * MIB + 5, 1);
    assert.equal(sender.write(body), false);
    sender.end();
    await settle();
    assert.equal(receiver.last, undefined);
    for (let i = 0; i < 8; i += 1) {
      receiver.takeOne();
      await settle();
    }
    assert.equal(receiver.last, 'end');
    assert.ok(receiver.body.equals(body));
    sender.settled();
  });

  test('an abort goes out at once, and nothing after it', async (t) => {
    const { sender, receiver, rooms, left } = connect(t);
    assert.equal(sender.write(noise(LARGE_WINDOW + MIB, 1)), false);
    sender.abort();
    await settle();
    assert.equal(receiver.last, 'abort');
    assert.ok(sender.aborted);
    receiver.takeOne();
    await settle();
    assert.equal(rooms(), 0);
    assert.equal(left(), 0, 'the worker has it still');
    sender.settled();
    assert.equal(left(), 1);
  });

  test('once the worker has answered, it takes all there is and sends nothing', async (t) => {
    const { sender, receiver, rooms } = connect(t);
    assert.equal(sender.write(noise(LARGE_WINDOW + MIB, 1)), false);
    await settle();
    sender.settled();
    assert.equal(rooms(), 1, 'a source that waited goes on');
    assert.equal(sender.write(noise(LARGE_WINDOW * 2, 1)), true);
    sender.end();
    sender.abort();
    await settle();
    assert.equal(receiver.waiting, LARGE_WINDOW);
    assert.equal(receiver.last, undefined);
  });

  test('chunks of any sizes arrive as the same bytes', async (t: TestContext) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 * MIB }), { minLength: 1, maxLength: 6 }),
        async (sizes) => {
          const { sender, receiver } = connect(t);
          const body = noise(
            sizes.reduce((sum, size) => sum + size),
            sizes.length,
          );
          for (const chunk of cut(body, ...sizes)) sender.write(chunk);
          sender.end();
          while (receiver.last === undefined || receiver.waiting > 0) {
            receiver.takeOne();
            await settle();
          }
          assert.ok(receiver.body.equals(body));
          assert.ok(receiver.peak <= LARGE_WINDOW);
          sender.settled();
        },
      ),
      { numRuns: 15, seed: 7 },
    );
  });
});
