/** What is the pool's alone: threads that die, and a process that ends. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PoolExecutor } from '../../src/executor/pool.js';
import { Workers } from '../../src/executor/workers.js';
import type { SlowStorage } from '../../src/protocol/settings.js';
import { simulate } from '../../workers/slow.js';
import { cut, noise } from '../helpers/bodies.js';
import { storeInChild } from '../helpers/faults.js';
import { scratch } from '../helpers/scratch.js';
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
      // Whatever the worker had in hand may be lost with it, the last of the bodies too; those that come later are not.
      const task = { executor: 'pool', directory, bodies, afterwards: 2 } as const;
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
      assert.ok(!lost.includes('600') && !lost.includes('601'));
      // Some of the lost were stored before; they are whole, too.
      for (const [name, whole] of Object.entries(files)) assert.ok(whole || name.startsWith('.unfinished'), name);
    });
  }

  for (const how of ['process.exit(7)', 'throw 7']) {
    test(`while it starts, by ${how}: all that waits for it is told of once, as WORKER_LOST`, (t) => {
      const script = `import { isMainThread } from 'node:worker_threads'; if (!isMainThread) ${how};`;
      const flags = ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
      const bodies = ['a', 'b', 'c', 'd', 'e'].map((name, i) => [name, i < 2 ? MIB : 100] as const);
      const task = { executor: 'pool', directory: join(scratch(t), 'd'), bodies } as const;
      const { told } = storeInChild(task, { flags });
      assert.equal(told.length, bodies.length);
      assert.deepEqual(
        Object.fromEntries(told.map(([name, result]) => [name, typeof result === 'object' && result.code])),
        Object.fromEntries(bodies.map(([name]) => [name, 'WORKER_LOST'])),
      );
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
  const { status, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', unused], { timeout: 120_000 });
  assert.deepEqual([status, signal], [0, null]);
});

describe('the number of writers', () => {
  /** Stores bodies in parts alone; the most writers that there were meanwhile. */
  async function mostWriters(t: TestContext, write: number): Promise<number> {
    const settings = storeSettings(t, { layout: 'hashed', slow: simulate({ name: 0, write }) });
    const told = new Told();
    let most = 1;
    const executor = new PoolExecutor('auto', settings, (item, result) => {
      told.listener(item, result);
      most = Math.max(most, executor.takeLoad().writers);
    });
    for (let round = 0; round < 3; round += 1) {
      const bodies = Array.from({ length: 30 }, (_, i) => new LargeBody(executor, `${round}-${i}`));
      for (const body of bodies) {
        await body.send([noise(300_000, 1)]);
        body.writer.end();
      }
      // As where the network goes on, and the budget has room.
      await told.of(`${round}-20`);
    }
    await executor.close();
    assert.equal(told.results.size, 90);
    return most;
  }

  test('grows for bodies in parts alone, where the storage is slow', async (t) => {
    const most = await mostWriters(t, 20);
    assert.ok(most > 1, `${most} writers`);
  });
});
