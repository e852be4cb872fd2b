/** Who is held up by slow storage: the event loop, or only those that write. */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { download } from '../../src/index.js';
import { type RunningServer } from '../../src/server/server.js';
import { serveInThread } from '../../src/server/thread.js';
import { flagRequests } from '../helpers/flag-requests.js';
import { scratch } from '../helpers/scratch.js';

let server: RunningServer;
before(async () => {
  server = await serveInThread();
});
after(() => server.close());

/** Milliseconds that the store waits for each file. */
const STORE_WAIT = 20;

/** The longest stall of this thread's event loop, in milliseconds, while 75 files are stored at 20 ms each. */
async function longestStall(executor: 'pool' | 'inline', directory: string): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const options = {
    directory,
    executor,
    maxRequests: 32,
    workers: 4,
    simulatedLatency: { name: 0, write: STORE_WAIT },
  };
  delay.enable();
  for await (const outcome of download(flagRequests(75, server.port), options)) assert.equal(outcome.status, 'ok');
  delay.disable();
  return delay.max / 1e6;
}

test('slow writing stalls the event loop with inline and does not with the pool', async (t) => {
  const inline = await longestStall('inline', scratch(t));
  // The machine may stall any process: the least of some runs is what the pool causes itself.
  let least = Infinity;
  for (let run = 1; run <= 5 && least / STORE_WAIT >= 2.5; run += 1) {
    const pool = await longestStall('pool', scratch(t));
    t.diagnostic(`longest stall: pool ${pool.toFixed(1)} ms, inline ${inline.toFixed(1)} ms`);
    least = Math.min(least, pool);
  }
  assert.ok(least / STORE_WAIT < 2.5, `pool stalled ${least} ms`);
  assert.ok(inline / STORE_WAIT > 2.5, `inline stalled ${inline} ms`);
  assert.ok(inline / least > 2);
});
