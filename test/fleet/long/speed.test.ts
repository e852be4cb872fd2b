import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NatsServer, noNats } from '../../helpers/nats.js';
import { servePaths } from '../../helpers/paths-server.js';
import { planOf, startWorker } from '../../helpers/plans.js';
import { scratch } from '../../helpers/scratch.js';

const SHARDS = 60;
const ROWS = 24;
const server = servePaths();

test(
  'three workers are at least 2.7 times as fast as one that has as many requests as each of them',
  { skip: noNats },
  async (t) => {
    const nats = await NatsServer.start(t);
    const seconds = async (count: number): Promise<number> => {
      const directory = scratch(t);
      const lines = Array.from({ length: SHARDS * ROWS }, (_, n) => `${server.origin}/f${n}`);
      assert.equal(await planOf(directory, lines, { shardItems: ROWS }), SHARDS);
      server.requested.length = 0;
      server.delay = 50;
      let [first, last] = [0, 0];
      server.onRequest = () => {
        last = performance.now();
        if (first === 0) first = last;
      };
      const args = [directory, '--queue', nats.url, '--max-requests', '2'];
      const workers = Array.from({ length: count }, () => startWorker(t, args));
      assert.deepEqual(await Promise.all(workers.map(({ ended }) => ended)), Array(count).fill(0));
      assert.equal(server.requested.length, lines.length);
      return (last - first) / 1_000;
    };
    // What else this machine does holds up three processes more than one: so the best of some rounds counts.
    let best = 0;
    for (let round = 0; round < 5 && best < 2.7; round += 1) {
      const [one, three] = [await seconds(1), await seconds(3)];
      t.diagnostic(`one ${one.toFixed(1)} s, three ${three.toFixed(1)} s: ${(one / three).toFixed(2)} times as fast`);
      best = Math.max(best, one / three);
    }
    assert.ok(best >= 2.7, `${best} times as fast at the best`);
  },
);
