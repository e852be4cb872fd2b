/** What a run that is stopped says of items whose bodies turn out to be of no use after that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Download } from '../../src/pipeline/download.js';
import { resolveOptions } from '../../src/options/resolve.js';
import { text } from '../helpers/bodies.js';
import { answer, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const CUT = gzipSync(text(9_000, 1)).subarray(0, 900);

for (const executor of ['pool', 'inline', 'libuv'] as const) {
  test(`a body that is worth another fetch is no failure of a run that is stopped, ${executor}`, async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer(CUT, 'Content-Encoding: gzip\r\n')] });
    const controller = new AbortController();
    const urls = [`${server.origin}/cut`];
    const options = { directory: scratch(t), executor, signal: controller.signal, grace: Infinity };
    const run = new Download([{ kind: 'urls', urls, label: 'argument' }], resolveOptions(options), {
      // Before it is stored.
      onFetched: () => controller.abort(),
      onStored: () => assert.fail('a cut body is stored'),
    });
    await assert.rejects(
      async () => {
        for await (const outcome of run) assert.fail(`${outcome.url} has the outcome ${outcome.status}`);
      },
      { code: 'ABORTED' },
    );
    assert.equal(run.summary.errors, 0);
    assert.equal(server.requests.length, 1);
  });
}
