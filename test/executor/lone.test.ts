/** The pool of a run that has one item. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Executor } from '../../src/executor/executor.js';
import { createExecutor } from '../../src/executor/create.js';
import type { StoreSettings } from '../../src/protocol/settings.js';
import { cut, noise } from '../helpers/bodies.js';
import { itemNamed, LargeBody, storeSettings, storeWhole, Told } from '../helpers/stores.js';

interface Setup {
  readonly executor: Executor;
  readonly settings: StoreSettings;
  readonly told: Told;
  /** Threads that were started since. */
  readonly started: () => number;
}

async function start(
  t: TestContext,
  workers: number | 'auto' = 'auto',
  changes: Partial<StoreSettings> = {},
): Promise<Setup> {
  let threads = 0;
  const count = (): void => {
    threads += 1;
  };
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const settings = storeSettings(t, changes);
  const told = new Told();
  const executor = await createExecutor('pool', workers, settings, told.listener, true);
  t.after(() => executor.close());
  return { executor, settings, told, started: () => threads };
}

test('a body that is whole is stored without a thread', async (t) => {
  const { executor, settings, told, started } = await start(t);
  const body = noise(100_000, 1);
  storeWhole(executor, 'whole', [body]);
  await executor.close();
  assert.equal(told.results.get('whole'), body.length);
  assert.ok(readFileSync(join(settings.directory, 'whole')).equals(body));
  assert.equal(started(), 0);
});

test('a large body is stored by a thread', async (t) => {
  const { executor, settings, told, started } = await start(t);
  const body = noise(9_000_000, 1);
  const large = new LargeBody(executor, 'large');
  await large.send(cut(body, 65_536));
  large.writer.end();
  await executor.close();
  assert.equal(told.results.get('large'), body.length);
  assert.ok(readFileSync(join(settings.directory, 'large')).equals(body));
  assert.equal(started(), 1);
});

test('a large body that is broken off before the thread is there is let go once, and nobody is told of it', async (t) => {
  const { executor, told } = await start(t);
  let left = 0;
  const sender = { onRoom: () => undefined, onLeft: () => (left += 1) };
  const writer = executor.storeLarge({ item: itemNamed('large'), encoding: '', window: 1 << 20 }, sender);
  writer.write(noise(1_000, 1));
  writer.abort();
  await executor.close();
  assert.equal(left, 1);
  assert.equal(told.results.size, 0);
});

test('threads store where their number is given, and where a body is to be hashed', async (t) => {
  for (const { workers, changes } of [
    { workers: 1, changes: {} },
    { workers: 'auto', changes: { computeHash: 'sha256' } },
  ] as const) {
    const { executor, told, started } = await start(t, workers, changes);
    storeWhole(executor, 'whole', [noise(1_000, 1)]);
    await executor.close();
    assert.equal(told.results.get('whole'), 1_000);
    assert.ok(started() > 0);
  }
});
