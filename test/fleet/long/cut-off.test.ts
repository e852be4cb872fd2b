import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Line, NatsServer, noNats } from '../../helpers/nats.js';
import { servePaths } from '../../helpers/paths-server.js';
import { doneOf, planOf, startWorker, until } from '../../helpers/plans.js';
import { scratch } from '../../helpers/scratch.js';

const server = servePaths();

test(
  'a worker that has no connection to the queue for two minutes keeps its shard, and takes more when it is back',
  { skip: noNats, timeout: 400_000 },
  async (t) => {
    const nats = await NatsServer.start(t);
    const line = await Line.to(t, nats.port);
    const directory = scratch(t);
    const lines = Array.from({ length: 480 }, (_, n) => `${server.origin}/${n % 7}/f${n}`);
    const shards = await planOf(directory, lines, { shardItems: 60 });
    // A shard takes 30 seconds, six times as long as the queue waits for a word of who has it.
    const slow = ['-m', '1', '--rate', '2', '--lease', '5'];
    const far = startWorker(t, [directory, '--queue', line.url, ...slow]);
    await until(() => server.requested.length >= 5, 'a few requests');
    line.cut();
    const near = startWorker(t, [directory, '--queue', nats.url, ...slow]);
    await sleep(120_000);
    const before = doneBy(far.stderr());
    assert.deepEqual(before, [0], far.stderr());
    line.mend();
    assert.deepEqual(await Promise.all([far.ended, near.ended]), [0, 0]);
    assert.match(far.stderr(), /lost the connection[^]*connected again/);
    const all = [...doneBy(far.stderr()), ...doneBy(near.stderr())];
    assert.ok(doneBy(far.stderr()).length > 1, far.stderr());
    assert.deepEqual(
      all.toSorted((a, b) => a - b),
      Array.from({ length: shards }, (_, shard) => shard),
    );
    for (let shard = 0; shard < shards; shard += 1) assert.equal(doneOf(directory, shard).claim, 1);
    assert.equal(server.requested.length, 480);
  },
);

/** Which shards a worker says that it has done. */
function doneBy(text: string): number[] {
  return [...text.matchAll(/^Shard (\d+) done/gm)].map(([, shard]) => Number(shard));
}
