/** How far a plan is, as the storage has it. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import * as fc from 'fast-check';
import { type Manifest, readManifest } from '../../src/fleet/manifest.js';
import { planFolder, shardFolder } from '../../src/fleet/plan-folder.js';
import { readClaim, readDone } from '../../src/fleet/records.js';
import { shardStates, type ShardState } from '../../src/fleet/states.js';
import { survey } from '../../src/fleet/survey.js';
import { ACCOUNT, planOf } from '../helpers/plans.js';
import { scratch } from '../helpers/scratch.js';

const DONE = { ...ACCOUNT, claim: 1, worker: 'w', bytes: 7, journal: '0001' };
const CLAIM = { worker: 'w', pid: 1, host: 'far', space: 'elsewhere', since: '2026-01-01', lease: 60_000 };

async function planned(t: TestContext, shards: number): Promise<{ directory: string; plan: Manifest }> {
  const directory = scratch(t);
  const lines = Array.from({ length: shards }, (_, n) => `http://host/${n}`);
  assert.equal(await planOf(directory, lines, { shardItems: 1 }), shards);
  return { directory, plan: (await readManifest(directory)) as Manifest };
}

async function statesOf(directory: string, plan: Manifest, only?: Iterable<number>): Promise<readonly ShardState[]> {
  const states: ShardState[] = [];
  for await (const state of shardStates(directory, plan, only)) states.push(state);
  return states;
}

function makeDone(directory: string, shard: number, record: unknown = DONE): void {
  mkdirSync(shardFolder(directory, shard), { recursive: true });
  writeFileSync(join(shardFolder(directory, shard), 'done.json'), JSON.stringify(record));
}

function makeClaim(directory: string, shard: number, folder: string, text = JSON.stringify(CLAIM)): string {
  const claim = join(shardFolder(directory, shard), folder);
  mkdirSync(claim, { recursive: true });
  writeFileSync(join(claim, 'claim.json'), text);
  return join(claim, 'claim.json');
}

describe('the states of shards', () => {
  test('each shard is open, left, running, done, failed or damaged, by what is written down of it', async (t) => {
    const { directory, plan } = await planned(t, 9);
    makeDone(directory, 1);
    makeClaim(directory, 2, '0001');
    makeClaim(directory, 2, '0002.fenced');
    makeClaim(directory, 3, '0001.fenced');
    makeClaim(directory, 3, '0002');
    // By the clock of the storage, which this machine's is.
    utimesSync(makeClaim(directory, 4, '0001'), Date.now() / 1000 - 61, Date.now() / 1000 - 61);
    makeClaim(directory, 5, '0001', '{');
    mkdirSync(shardFolder(directory, 6));
    writeFileSync(
      join(shardFolder(directory, 6), 'failed.json'),
      '{"claim":1,"attempts":5,"error":{"code":"X","message":"m"}}',
    );
    makeDone(directory, 7, { ...DONE, ok: 2 });
    makeDone(directory, 8, { ...DONE, causes: { X: -1 } });
    const states = await statesOf(directory, plan);
    assert.deepEqual(
      states.map(({ shard, kind }) => [shard, kind]),
      [
        [0, 'open'],
        [1, 'done'],
        [2, 'left'],
        [3, 'running'],
        [4, 'left'],
        [5, 'running'],
        [6, 'failed'],
        [7, 'damaged'],
        [8, 'damaged'],
      ],
    );
    assert.equal(states[5]?.kind === 'running' && states[5].claim, undefined);
    assert.deepEqual(
      (await statesOf(directory, plan, [6, 1])).map(({ shard }) => shard),
      [6, 1],
    );
    const found = await survey(directory, plan);
    assert.deepEqual([found.stored, found.unfinished, found.unknown], [1, 6, 2]);
    // What asked for the time of the storage is gone.
    assert.deepEqual(
      readdirSync(planFolder(directory)).filter((name) => name.startsWith('now')),
      [],
    );
  });

  test('a plan of 10,000 shards is added up, of which most are not begun', async (t) => {
    const { directory, plan } = await planned(t, 10_000);
    for (let shard = 0; shard < 1_000; shard += 1) makeDone(directory, shard);
    const { shards, stored, unfinished, bytes } = await survey(directory, plan);
    assert.deepEqual([shards.done, shards.open, stored, unfinished, bytes], [1_000, 9_000, 1_000, 9_000, 7_000]);
  });

  test('whatever is in a record, it is read as what it is to be, or told to be damaged', async (t) => {
    const folder = scratch(t);
    const fields = fc.dictionary(
      fc.constantFrom(...Object.keys(DONE), ...Object.keys(CLAIM), 'progress'),
      fc.jsonValue(),
    );
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fields.map((some) => JSON.stringify({ ...DONE, ...CLAIM, ...some })),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        for (const name of ['done.json', 'claim.json']) writeFileSync(join(folder, name), text);
        const done = await readDone(folder);
        if (done.kind === 'read') for (const field of Object.keys(DONE)) assert.ok(field in done.record);
        const claim = await readClaim(folder);
        if (claim.kind === 'read') assert.equal(typeof claim.record.worker, 'string');
        assert.ok(done.kind !== 'none' && claim.kind !== 'none');
      }),
      { numRuns: 200 },
    );
    rmSync(join(folder, 'done.json'));
    assert.equal((await readDone(folder)).kind, 'none');
    mkdirSync(join(folder, 'done.json'));
    assert.equal((await readDone(folder)).kind, 'damaged');
  });
});
