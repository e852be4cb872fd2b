import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReadAhead } from '../../src/plan/read-ahead.js';

async function* source(...batches: (readonly number[] | Error)[]): AsyncGenerator<readonly number[], void, undefined> {
  for (const batch of batches) {
    await Promise.resolve();
    if (batch instanceof Error) throw batch;
    yield batch;
  }
}

function feedOf(values: AsyncGenerator<readonly number[], void, undefined>): ReadAhead<number, number> {
  return new ReadAhead(values, (batch) => batch);
}

test('a feed hands out all values in order, and loads more when it is asked to', async () => {
  const feed = feedOf(source([1, 2], [3]));
  const seen: number[] = [];
  while (!feed.ended) {
    if (feed.first === undefined) {
      await feed.load();
    } else {
      seen.push(feed.first);
      feed.dropFirst();
    }
  }
  assert.deepEqual(seen, [1, 2, 3]);
});

test('a second call waits for what the first one loads', async () => {
  const feed = feedOf(source([1], [2]));
  const first = feed.load();
  assert.equal(feed.loading, true);
  assert.equal(feed.first, undefined);
  await feed.load();
  assert.equal(feed.first, 1);
  await first;
  feed.dropFirst();
  assert.equal(feed.first, undefined);
});

test('what was got before it was asked for is handed out first', async () => {
  const feed = feedOf(source([1], [2]));
  await feed.prime();
  assert.equal(feed.first, undefined);
  await feed.load();
  assert.equal(feed.first, 1);
  await assert.rejects(feedOf(source(new Error('broken'))).prime(), /broken/);
});

test('batches are handed out in order, each once it is admitted, and the next ones are got meanwhile', async () => {
  const admissions: (() => void)[] = [];
  const asked: number[] = [];
  const feed = new ReadAhead(
    source([1, 2], [3, 4], [5], [6]),
    async (batch) => {
      asked.push(...batch);
      await new Promise<void>((resolve) => {
        admissions.push(resolve);
      });
      return batch.filter((value) => value !== 3 && value !== 5);
    },
    5,
  );
  const loaded = feed.load();
  await sleep(1);
  assert.deepEqual(asked, [1, 2, 3, 4, 5]);
  admissions[1]!();
  admissions[2]!();
  await sleep(1);
  assert.equal(feed.first, undefined);
  assert.ok(!feed.loading && !feed.ended);
  admissions[0]!();
  await loaded;
  const seen: number[] = [];
  while (!feed.ended) {
    const value = feed.first;
    if (value === undefined) {
      await sleep(1);
      admissions[3]!();
      await feed.load();
    } else {
      seen.push(value);
      feed.dropFirst();
    }
  }
  assert.deepEqual(seen, [1, 2, 4, 6]);
});

test('an admission that fails ends the feed, after what was admitted before', async () => {
  const feed = new ReadAhead<number, number>(
    source([1], [2], [3]),
    (batch) => (batch[0] === 2 ? Promise.reject(new Error('no room')) : Promise.resolve(batch)),
    9,
  );
  await feed.load();
  assert.equal(feed.first, 1);
  feed.dropFirst();
  await assert.rejects(feed.load(), /no room/);
});

test('a source that fails is at its end', async () => {
  const feed = feedOf(source([1], new Error('broken')));
  await feed.load();
  feed.dropFirst();
  await assert.rejects(feed.load(), /broken/);
  assert.equal(feed.ended, true);
});
