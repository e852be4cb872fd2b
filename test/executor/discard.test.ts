import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { benchItem, startBenchServer } from '../../src/bench/server.js';
import { resolveStrategy } from '../../src/bench/strategies.js';
import { Download } from '../../src/pipeline/download.js';
import { scratch } from '../helpers/scratch.js';

describe('the executor that discards', () => {
  for (const [what, size] of [
    ['whole bodies', 10_000],
    ['bodies that come in parts', 5_000_000],
  ] as const) {
    test(`counts ${what}, and stores nothing`, async (t) => {
      const directory = join(scratch(t), 'there');
      const settings = {
        bodies: { kind: 'fixed', size },
        encoding: 'identity',
        latency: 0,
        errorRate: 0,
        bandwidth: 0,
        seed: 1,
      } as const;
      const server = await startBenchServer(settings);
      t.after(() => server.stop());
      const urls = Array.from({ length: 12 }, (_, index) => benchItem(server.base, settings, index));
      const options = resolveStrategy('network', { directory });
      const run = new Download([{ kind: 'urls', urls, label: 'test' }], options);
      for await (const { status } of run) assert.equal(status, 'ok');
      assert.deepEqual([run.summary.ok, run.summary.bytes], [12, 12 * size]);
      assert.deepEqual(readdirSync(directory), []);
    });
  }
});
