/** What the server of a bench makes its clients wait for: its latency, and a narrow link. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchItem } from '../../src/bench/server.js';
import { agentOf, download, serve, sum } from '../helpers/bench-client.js';

test('latency: each answer waits, all of them at once', async (t) => {
  const latency = 20;
  const server = await serve(t, { latency });
  const agent = agentOf(t, 200);
  await download(server, {}, 200, agent);
  const started = performance.now();
  for (let index = 0; index < 10; index++) await download(server, {}, 1, agent);
  const sequential = performance.now() - started;
  assert.ok(sequential >= 10 * latency, String(sequential));
  const again = performance.now();
  await download(server, {}, 200, agent);
  const together = performance.now() - again;
  assert.ok(together >= latency && together < sequential, `${together} for 200, ${sequential} for 10`);
});

for (const [what, size, connections, least] of [
  ['large bodies on a few connections', 100_000, 4, 0.85],
  ['small bodies on many', 5000, 50, 0.85],
  // The link is idle for as long as the client takes for its next request.
  ['small bodies one after the other', 5000, 1, 0.5],
] as const) {
  test(`bandwidth: ${what} share it, and take all of it`, async (t) => {
    const bandwidth = 1_000_000;
    const settings = { bandwidth, bodies: { kind: 'fixed', size } } as const;
    const server = await serve(t, settings);
    const agent = agentOf(t, connections);
    const started = performance.now();
    const got = await download(server, settings, 400_000 / size, agent);
    const rate = (1000 * sum(got.map(({ body }) => body.length))) / (performance.now() - started);
    assert.ok(rate < 1.15 * bandwidth && rate > least * bandwidth, `${rate} bytes a second`);
    assert.equal((await server.take()).bytes, 400_000);
  });
}

test('bandwidth: heads come at once, and bodies that wait get equal shares', async (t) => {
  const settings = { bandwidth: 2_000_000, bodies: { kind: 'fixed', size: 200_000 } } as const;
  const server = await serve(t, settings);
  const heads: number[] = [];
  const ends: number[] = [];
  await Promise.all(
    [0, 1, 2, 3].map(async (index) => {
      const response = await fetch(benchItem(server.base, settings, index).url);
      heads.push(performance.now());
      await response.arrayBuffer();
      ends.push(performance.now());
    }),
  );
  // One after the other they would end three quarters of the time apart.
  const [first, last, end] = [Math.min(...ends), Math.max(...heads), Math.max(...ends)];
  assert.ok(end - first < 0.4 * (end - last), `${end - first} of ${end - last}`);
});
