/** Simulated slow storage: names of one folder take turns, whoever makes them; all else goes side by side. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { SlowStorage } from '../../src/protocol/settings.js';
import { writeWholeAsync } from '../../workers/files.js';
import { simulate, waitForName, waitForNameAsync, waitForWriteAsync } from '../../workers/slow.js';
import { noise } from '../helpers/bodies.js';
import { storeSettings } from '../helpers/stores.js';

/** Milliseconds. */
const NAME = 20;
const COUNT = 48;
const THREADS = 8;
/** A timer may be early by a part of a millisecond. */
const EARLY = 1;

const IN_ONE_FOLDER = Array.from({ length: COUNT }, (_, n) => `${n}`);
const IN_MANY_FOLDERS = IN_ONE_FOLDER.map((name) => `${(0x10 + Number(name)).toString(16)}/${name}`);

function slowly(name: number, write = 0): SlowStorage {
  const slow = simulate({ name, write });
  assert.ok(slow !== undefined);
  return slow;
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** A thread that says when it is there, and then writes small files, one after the other. */
const WRITER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.files).then(({ writeWhole }) => {
    parentPort.once('message', () => {
      for (const name of workerData.names) writeWhole(workerData.settings, name, Buffer.from(name));
      parentPort.postMessage('done');
    });
    parentPort.postMessage('ready');
  });`;

/** Milliseconds that threads take which all begin at once, and each write a part of the files. */
async function byThreads(t: TestContext, names: readonly string[]): Promise<number> {
  const settings = storeSettings(t, { slow: slowly(NAME) });
  const files = new URL('../../workers/files.js', import.meta.url).href;
  const threads = Array.from({ length: THREADS }, (_, thread) => {
    const ofThread = names.filter((_name, position) => position % THREADS === thread);
    return new Worker(WRITER, { eval: true, workerData: { files, settings, names: ofThread } });
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const milliseconds = await timed(() => {
    for (const thread of threads) thread.postMessage('go');
    return Promise.all(threads.map((thread) => once(thread, 'message')));
  });
  await Promise.all(threads.map((thread) => thread.terminate()));
  const made = readdirSync(settings.directory, { recursive: true, withFileTypes: true });
  const final = made.filter((entry) => entry.isFile());
  assert.equal(final.length, COUNT);
  return milliseconds;
}

/** Milliseconds that one thread takes which waits for all files at once. */
async function byWaiting(t: TestContext, names: readonly string[]): Promise<number> {
  const settings = storeSettings(t, { slow: slowly(NAME) });
  return timed(() => Promise.all(names.map((name) => writeWholeAsync(settings, name, noise(10, 1)))));
}

for (const [how, store] of Object.entries({ byThreads, byWaiting })) {
  test(`${how}: files of one folder get one name at a time, those of many folders many`, async (t) => {
    const [one, many] = [await store(t, IN_ONE_FOLDER), await store(t, IN_MANY_FOLDERS)];
    t.diagnostic(`${(one / COUNT).toFixed(2)} ms a name in one folder, ${(many / COUNT).toFixed(2)} in many`);
    assert.ok(one > COUNT * NAME - EARLY, `${one} ms`);
    // Eight threads could be eight times as fast; with one turn for all they would be as slow.
    assert.ok(one > 2 * many, `${one} ms in one folder, ${many} in many`);
  });
}

describe('a turn', () => {
  test('comes after those of all who came before, whether they block or wait', async () => {
    const slow = slowly(NAME);
    const waiting = Promise.all(Array.from({ length: 5 }, (_, n) => waitForNameAsync(slow, `ab/${n}`)));
    assert.ok((await timed(() => waitForName(slow, 'ab/last'))) > 6 * NAME - EARLY);
    await waiting;
  });

  test('of a folder where nobody was for long begins at once, and lasts as long as any', async () => {
    const slow = slowly(NAME);
    for (const name of ['a', 'b']) {
      await new Promise((resolve) => setTimeout(resolve, 3 * NAME));
      assert.ok((await timed(() => waitForNameAsync(slow, name))) > NAME - EARLY);
    }
  });

  test('is not taken from a writer by its waiting for writes, and writes take none', async () => {
    const slow = slowly(NAME, NAME);
    const [one, many] = [
      await timed(() => waitForWriteAsync(slow)),
      await timed(() => Promise.all(Array.from({ length: 20 }, () => waitForWriteAsync(slow)))),
    ];
    assert.ok(one > NAME - EARLY && many < 4 * one, `${one} ms for one, ${many} for 20`);
    assert.ok(slow.clocks.every((clock) => clock === 0n));
  });

  test('is of its own for the destination, and for each folder of the layout hashed', () => {
    const slow = slowly(0.001);
    const folders = Array.from({ length: 256 }, (_, n) => `${n.toString(16).padStart(2, '0')}/`);
    for (const folder of ['', ...folders]) waitForName(slow, `${folder}file`);
    assert.equal(slow.clocks.filter((clock) => clock > 0n).length, 257);
  });

  test('keeps no event loop from turning while it is waited for', async (t) => {
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await byWaiting(t, IN_ONE_FOLDER);
    clearInterval(timer);
    // Blocked, it would turn once for each file at the most.
    assert.ok(turns > 3 * COUNT, `${turns} turns`);
  });
});

test('where nothing is to be waited for, nothing is simulated', () => {
  assert.equal(simulate({ name: 0, write: 0 }), undefined);
});
