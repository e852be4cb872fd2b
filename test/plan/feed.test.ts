import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../../src/plan/feed.js';

async function* source(...batches: (readonly number[] | Error)[]): AsyncGenerator<readonly number[], void, undefined> {
  for (const batch of batches) {
    await Promise.resolve();
    if (batch instanceof Error) throw batch;
    yield batch;
  }
}

test('a feed hands out all values in order, and loads more when it is asked to', async () => {
  const feed = new Feed(source([1, 2], [3]));
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

test('a second call does not load while the first is at it', async () => {
  const feed = new Feed(source([1], [2]));
  const first = feed.load();
  assert.equal(feed.loading, true);
  await feed.load();
  assert.equal(feed.first, undefined);
  await first;
  assert.equal(feed.first, 1);
});

test('a source that fails is at its end', async () => {
  const feed = new Feed(source([1], new Error('broken')));
  await feed.load();
  feed.dropFirst();
  await assert.rejects(feed.load(), /broken/);
  assert.equal(feed.ended, true);
});
