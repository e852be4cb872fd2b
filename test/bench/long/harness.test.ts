/** How many files make a run, and what of it is starting: real runs, of which no time is asserted. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { Place } from '../../../src/bench/place.js';
import { Harness } from '../../../src/bench/harness.js';
import { embedded as serve } from '../../../src/bench/source.js';
import { scratch } from '../../helpers/scratch.js';

/** Each of them takes a thread. */
const REQUESTS = 16;
const SETTING = { layout: 'flat', requests: REQUESTS, workers: 'auto' } as const;

async function rigOf(t: TestContext, files?: number): Promise<Harness> {
  const place = await Place.open(scratch(t));
  t.after(() => place.close());
  const bodies = { kind: 'fixed', size: 1000 } as const;
  const source = await serve({ bodies, encoding: 'identity', latency: 0, errorRate: 0, bandwidth: 0, seed: 1 });
  t.after(() => source.server?.stop());
  return new Harness({ place, source, options: {}, files, most: 1000, signal: new AbortController().signal });
}

describe('a run of threads', () => {
  test('has more files than threads, though their start alone takes longer than is wanted', async (t) => {
    const rig = await rigOf(t);
    const { files, result } = await rig.size('threads', SETTING, 0.01);
    assert.ok(files >= 2 * REQUESTS, `${files} files`);
    assert.equal(result.stored, files);
    assert.ok(result.starting > 0 && result.starting < result.elapsed, JSON.stringify(result));
  });

  test('with as many files as threads is nothing but starting', async (t) => {
    const rig = await rigOf(t, REQUESTS);
    const { result } = await rig.size('threads', SETTING, 1);
    assert.equal(result.stored, REQUESTS);
    assert.equal(result.starting, result.elapsed);
  });
});
