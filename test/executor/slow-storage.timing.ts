/** What the pool does where storage is slow: it holds up nobody, and one thread waits for many files. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PoolExecutor } from '../../src/executor/pool.js';
import { simulate } from '../../workers/slow.js';
import { noise } from '../helpers/bodies.js';
import { storeInChild } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';
import type { ChildAnswer, ChildTask } from '../helpers/store-child.js';
import { storeSettings, storeWhole, Told } from '../helpers/stores.js';

test('while the store is slow, bodies come and go and the event loop turns', async (t) => {
  const settings = storeSettings(t, { slow: simulate({ name: 5, write: 5 }) });
  const told = new Told();
  const executor = new PoolExecutor(2, settings, told.listener);
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 1);
  for (let i = 0; i < 60; i += 1) storeWhole(executor, `${i}`, [noise(100, i)]);
  await executor.close();
  clearInterval(timer);
  assert.equal(told.results.size, 60);
  // On the main thread each body would have held it up: no more than a turn for each.
  assert.ok(turns > 90, `${turns} turns`);
});

describe('where storage is slow and libuv has threads, one worker that waits for many files', () => {
  const latency = { name: 20, write: 20 };
  /** Milliseconds that one writer would take at least for each file. */
  const EACH = latency.name + latency.write;
  const COUNT = 400;

  /** Paths as the layout `hashed` gives them: in 256 folders. */
  function hashed(count: number, extension = ''): [name: string, length: number][] {
    return Array.from({ length: count }, (_, i) => [
      `${((i * 89) % 256).toString(16).padStart(2, '0')}/${i}${extension}`,
      (i * 379) % 4_000,
    ]);
  }

  function storeSlowly(directory: string, changes: Partial<ChildTask>, libuvThreads = 68): ChildAnswer {
    const { settings, bodies = hashed(COUNT), ...others } = changes;
    return storeInChild(
      {
        executor: 'pool',
        workers: 'auto',
        directory,
        bodies,
        simulatedLatency: latency,
        settings: { layout: 'hashed', ...settings },
        ...others,
      },
      { libuvThreads },
    );
  }

  /** Asserts that a single thread waited for several files at once. */
  function assertWaited({ threads, milliseconds, told }: ChildAnswer): void {
    const ratio = (told.length * EACH) / milliseconds;
    assert.deepEqual([threads, ratio > 5], [1, true], `${threads} threads, ${ratio} times as fast as one writer`);
  }

  function assertWhole({ told, files }: ChildAnswer, names: readonly string[]): void {
    assert.deepEqual(Object.keys(files).sort(), names.toSorted());
    assert.ok(Object.values(files).every((whole) => whole));
    assert.deepEqual(
      told
        .filter(([, result]) => typeof result === 'number')
        .map(([name]) => name)
        .sort(),
      names.toSorted(),
    );
  }

  test('stores all of them whole, at least five times as fast as one writer', (t) => {
    const answer = storeSlowly(join(scratch(t), 'd'), {});
    assertWaited(answer);
    assertWhole(
      answer,
      hashed(COUNT).map(([name]) => name),
    );
  });

  test('gives way to several that block where libuv has no threads for it', (t) => {
    const bodies = hashed(150);
    const answer = storeSlowly(join(scratch(t), 'd'), { bodies }, 4);
    assert.ok(answer.threads > 1, `${answer.threads} threads`);
    assertWhole(
      answer,
      bodies.map(([name]) => name),
    );
  });

  test('fails alone where a file cannot have its name or its folder', (t) => {
    const directory = join(scratch(t), 'd');
    const bodies = hashed(COUNT);
    const [taken, folder] = [bodies[200]![0], bodies[300]![0].slice(0, 2)];
    mkdirSync(join(directory, taken, 'inside'), { recursive: true });
    writeFileSync(join(directory, folder), 'a file in the place of the folder');
    const fails = (name: string): boolean => name === taken || name.startsWith(`${folder}/`);
    const answer = storeSlowly(directory, { bodies });
    assertWaited(answer);
    const { [folder]: untouched, ...files } = answer.files;
    assert.equal(untouched, false);
    assertWhole(
      { ...answer, files },
      bodies.map(([name]) => name).filter((name) => !fails(name)),
    );
    const failed = answer.told.filter(([name]) => fails(name));
    assert.ok(failed.length > 1);
    for (const [name, result] of failed) {
      assert.ok(typeof result === 'object' && result.code === 'STORE_EXISTS', `${name}: ${JSON.stringify(result)}`);
    }
  });

  test('undoes encodings', (t) => {
    const answer = storeSlowly(join(scratch(t), 'd'), { gzip: true });
    assertWaited(answer);
    assertWhole(
      answer,
      hashed(COUNT).map(([name]) => name),
    );
  });

  test('checks images; what is none fails alone', (t) => {
    const images = hashed(COUNT, '.gif');
    const bodies: typeof images = [...images, ['00/page.png', 500], ['01/page.png', 500]];
    const answer = storeSlowly(join(scratch(t), 'd'), { bodies, settings: { imageCheck: 'structure' } });
    assertWaited(answer);
    assertWhole(
      answer,
      images.map(([name]) => name),
    );
    assert.equal(answer.told.length, bodies.length);
    for (const [name, result] of answer.told) {
      if (name.endsWith('.png')) assert.ok(typeof result === 'object' && result.code === 'BODY_IMAGE', name);
    }
  });
});
