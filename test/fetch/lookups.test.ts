import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Lookups } from '../../src/fetch/lookups.js';

const OPTIONS = { all: true };
const ADDRESSES = [{ address: '192.0.2.1', family: 4 }];

/** A system whose answers are in the hands of the test. */
class Scene {
  /** Hosts that the system was asked for, in order. */
  readonly asked: string[] = [];
  /** Hosts whose sockets were told, in order. */
  readonly told: string[] = [];
  readonly lookups: Lookups;
  /** Milliseconds. */
  now = 0;
  readonly #answers = new Map<string, (error: NodeJS.ErrnoException | null) => void>();

  constructor() {
    const resolve: LookupFunction = (host, _options, callback) => {
      this.asked.push(host);
      this.#answers.set(host, (error) => callback(error, ADDRESSES));
    };
    this.lookups = new Lookups(resolve, 2, () => this.now);
  }

  connect(host: string): Socket {
    return this.lookups.connect(() => {
      this.lookups.lookup(host, OPTIONS, (error, addresses) => {
        assert.equal(addresses, ADDRESSES);
        this.told.push(error === null ? host : `${host}: ${error.code}`);
      });
      return new Socket();
    });
  }

  answer(host: string, code?: string): void {
    const answer = this.#answers.get(host);
    assert.ok(answer !== undefined, `${host} was not asked for`);
    this.#answers.delete(host);
    answer(code === undefined ? null : Object.assign(new Error(code), { code }));
  }
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

describe('Lookups', () => {
  it('looks up a name once for all that ask while it is looked up and for a minute after', async () => {
    const scene = new Scene();
    for (let i = 0; i < 3; i += 1) scene.connect('a');
    assert.deepEqual([scene.asked, scene.told], [['a'], []]);
    scene.answer('a');
    assert.deepEqual(scene.told, ['a', 'a', 'a']);
    scene.now = 59_999;
    scene.connect('a');
    assert.equal(scene.told.length, 3, 'told before who asked could listen');
    scene.connect('a').destroy();
    await nextTick();
    assert.deepEqual([scene.asked, scene.told], [['a'], ['a', 'a', 'a', 'a']]);
    scene.now = 60_000;
    scene.connect('a');
    assert.deepEqual(scene.asked, ['a', 'a']);
  });

  it('looks up a name again at whose address nobody could be connected to', () => {
    const scene = new Scene();
    scene.connect('a');
    scene.answer('a');
    scene.lookups.forget('a');
    scene.connect('a');
    assert.deepEqual(scene.asked, ['a', 'a']);
  });

  it('keeps that there is no such name for ten seconds, and no other failure', async () => {
    const scene = new Scene();
    scene.connect('a');
    scene.answer('a', 'ENOTFOUND');
    scene.lookups.forget('a');
    scene.connect('a');
    await nextTick();
    assert.deepEqual([scene.asked, scene.told], [['a'], ['a: ENOTFOUND', 'a: ENOTFOUND']]);
    scene.now = 10_000;
    scene.connect('a');
    scene.answer('a', 'EAI_AGAIN');
    scene.connect('a');
    assert.deepEqual(scene.asked, ['a', 'a', 'a']);
  });

  it('keeps a thousand names', () => {
    const scene = new Scene();
    for (let i = 0; i <= 1_000; i += 1) {
      scene.connect(`${i}`);
      scene.answer(`${i}`);
    }
    scene.connect('1');
    assert.equal(scene.asked.length, 1_001);
    scene.connect('0');
    assert.equal(scene.asked.length, 1_002);
  });

  it('looks up two names at once where no more are allowed, and the others in turn', () => {
    const scene = new Scene();
    for (const host of ['a', 'b', 'c', 'd']) scene.connect(host);
    assert.deepEqual(scene.asked, ['a', 'b']);
    scene.answer('b');
    assert.deepEqual(scene.asked, ['a', 'b', 'c']);
    scene.answer('a');
    scene.answer('c');
    assert.deepEqual(scene.told, ['b', 'a', 'c']);
    assert.deepEqual(scene.asked, ['a', 'b', 'c', 'd']);
  });

  it('never asks for a name whose sockets were all destroyed while it waited for its turn', () => {
    const scene = new Scene();
    scene.connect('a');
    scene.connect('b');
    const hung = Array.from({ length: 1_000 }, (_, i) => scene.connect(`hung-${i}`));
    const shared = scene.connect('shared');
    scene.connect('shared');
    for (const socket of [...hung, shared]) socket.destroy();
    scene.answer('a');
    assert.deepEqual(scene.asked, ['a', 'b', 'shared']);
    scene.answer('shared');
    assert.deepEqual(scene.told, ['a', 'shared']);
  });

  it('tells no socket that was destroyed while its name was looked up, but those that asked after it', () => {
    const scene = new Scene();
    scene.connect('a').destroy();
    scene.connect('a');
    scene.answer('a');
    assert.deepEqual([scene.asked, scene.told], [['a'], ['a']]);
  });
});
