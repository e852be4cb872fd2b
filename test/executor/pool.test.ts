/** What is the pool's alone: threads that die, and a process that ends. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PoolExecutor } from '../../src/executor/pool.js';
import { Workers } from '../../src/executor/workers.js';
import type { SlowStorage } from '../../src/protocol.js';
import { simulate } from '../../workers/slow.js';
import { cut, noise } from '../helpers/bodies.js';
import { storeInChild } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';
import type { ChildAnswer, ChildTask } from '../helpers/store-child.js';
import { LargeBody, storeSettings, storeWhole, Told } from '../helpers/stores.js';

const MIB = 1 << 20;
const POISON = new URL('../helpers/poison.js', import.meta.url).href;

describe('a worker that dies', () => {
  for (const [how, flags] of [
    ['exit', []],
    ['heap', ['--max-old-space-size=48']],
  ] as const) {
    test(`by ${how}: all of its bodies are told of once, as WORKER_LOST, and the pool works on`, (t) => {
      const directory = join(scratch(t), 'd');
      const bodies = Array.from({ length: 602 }, (_, i) => {
        const name = i === 40 ? `poison-${how}` : `${i}`;
        return [name, i < 2 ? 12 * MIB : 1_000] as const;
      });
      const task = { executor: 'pool', directory, bodies } as const;
      const { told, files } = storeInChild(task, { flags: [...flags, '--import', POISON] });
      assert.equal(told.length, bodies.length);
      const lost: string[] = [];
      for (const [name, result] of told) {
        if (typeof result === 'number') {
          assert.ok(files[name], name);
        } else {
          assert.equal(result.code, 'WORKER_LOST');
          lost.push(name);
        }
      }
      assert.ok(lost.includes(`poison-${how}`));
      assert.ok(told.length - lost.length > 200, `${lost.length} were lost`);
      assert.ok(!lost.includes('601'));
      // Some of the lost were stored before; they are whole, too.
      for (const [name, whole] of Object.entries(files)) assert.ok(whole || name.startsWith('.unfinished'), name);
    });
  }

  test('between two tasks: nothing is lost, and the process goes on', (t) => {
    const directory = join(scratch(t), 'd');
    const bodies = [
      ['a', 100],
      ['poison-throw', 100],
      ['c', 100],
    ] as const;
    const { told, files } = storeInChild({ executor: 'pool', directory, bodies }, { flags: ['--import', POISON] });
    // Each is told once; what the worker had been given when it ended may be lost with it, and is told as that.
    assert.deepEqual(told.map(([name]) => name).sort(), ['a', 'c', 'poison-throw']);
    for (const [name, result] of told) {
      if (typeof result === 'number') assert.deepEqual([result, files[name]], [100, true], name);
      else assert.equal(result.code, 'WORKER_LOST', name);
    }
  });

  test('while it starts: what waits for it is rejected, and the next task tries again', async (t) => {
    const folder = scratch(t);
    const entry = join(folder, 'entry.mjs');
    writeFileSync(entry, 'throw new Error("broken")');
    const workers = new Workers(pathToFileURL(entry), 2, 2, () => undefined);
    const results = await Promise.allSettled([1, 2, 3].map((task) => workers.run(task)));
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
    writeFileSync(entry, 'export default (task) => task * 2');
    assert.equal(await workers.run(21), 42);
    await workers.destroy();
  });

  test('a task that cannot be sent: told once, and the sender of a large body goes on', async (t) => {
    const told = new Told();
    const slow = Object.assign(simulate({ name: 1, write: 1 }) as SlowStorage, { toString: () => '' });
    const executor = new PoolExecutor(1, storeSettings(t, { slow }), told.listener);
    storeWhole(executor, 'small', [noise(100, 1)]);
    const large = new LargeBody(executor, 'large');
    await large.send(cut(noise(9 * MIB, 1), 100_000));
    large.writer.end();
    await executor.close();
    for (const name of ['small', 'large']) {
      assert.deepEqual([told.errorOf(name).code, told.errorOf(name).cause?.name], ['WORKER_LOST', 'DataCloneError']);
    }
  });
});

test('the process ends by itself once the executor is closed, and when it was never used', (t) => {
  const directory = join(scratch(t), 'd');
  assert.deepEqual(storeInChild({ executor: 'pool', directory, bodies: [['a', 100]] }).files, { a: true });
  const url = new URL('../../src/executor/create.js', import.meta.url).href;
  const unused = `import { createExecutor } from '${url}'; await createExecutor('pool', 2, {}, () => {});`;
  const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', unused], { timeout: 20_000 });
  assert.deepEqual([status, signal], [0, null]);
});

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
    const answer = storeSlowly(join(scratch(t), 'd'), {}, 4);
    assert.ok(answer.threads > 1, `${answer.threads} threads`);
    assertWhole(
      answer,
      hashed(COUNT).map(([name]) => name),
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
