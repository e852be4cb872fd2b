/** How many entries there will be, as far as a plan can tell. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Source } from '../../src/lists/source.js';
import { plan } from '../../src/plan/plan.js';
import { PlanProgress, type Total } from '../../src/plan/progress.js';
import { scratch } from '../helpers/scratch.js';

/** The totals that were told on the way, the last one after the end. */
async function totals(sources: readonly Source[]): Promise<(Total | undefined)[]> {
  const progress = new PlanProgress();
  const told: (Total | undefined)[] = [];
  for await (const batch of plan(sources, { progress })) if (batch.length > 0) told.push(progress.total);
  return [...told, progress.total];
}

function file(t: TestContext, name: string, content: string | Uint8Array): Source {
  const path = join(scratch(t), name);
  writeFileSync(path, content);
  return { kind: 'file', path };
}

const urls = (count: number): string[] => Array.from({ length: count }, (_, n) => `http://localhost/some/path/${n}`);

test('of what is in memory the total is known before the first entry', async () => {
  const all = await totals([{ kind: 'urls', urls: urls(200), label: 'argument' }]);
  assert.deepEqual(new Set(all.map((total) => JSON.stringify(total))), new Set(['{"count":200,"isEstimate":false}']));
});

test('of lists it is estimated within a tenth once some of them is read, and known at their end', async (t) => {
  const list = urls(20_000).join('\n');
  const csv = `n,url\n${urls(20_000)
    .map((url) => `1,${url}`)
    .join('\n')}`;
  for (const source of [file(t, 'a.txt', list), file(t, 'a.csv', csv), file(t, 'a.txt.gz', gzipSync(list))]) {
    const all = await totals([{ kind: 'urls', urls: ['http://h/1'], label: 'argument' }, source, file(t, 'b', list)]);
    const estimates = all.flatMap((total) => (total?.isEstimate === true ? total.count : []));
    assert.ok(estimates.length > all.length / 2, `${estimates.length} of ${all.length}`);
    // A compressed list is a small share of the bytes.
    if (!source.kind.startsWith('f') || ('path' in source && source.path.endsWith('gz'))) continue;
    for (const count of estimates) assert.ok(count > 34_000 && count < 46_000, String(count));
    assert.deepEqual(all.at(-1), { count: 40_001, isEstimate: false });
  }
});

test('of what has no end that is known nothing is told before it', async () => {
  const stream = (async function* () {
    yield Buffer.from(urls(500).join('\n'));
  })();
  const all = await totals([{ kind: 'stream', stream, label: '<stdin>' }]);
  assert.deepEqual(new Set(all.slice(0, -1)), new Set([undefined]));
  assert.deepEqual(all.at(-1), { count: 500, isEstimate: false });
});
