import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Claim, type ClaimOptions } from '../../src/fleet/claim.js';
import { planFolder, shardFolder } from '../../src/fleet/plan-folder.js';
import type { ClaimRecord, DoneRecord } from '../../src/fleet/records.js';
import { ACCOUNT } from '../helpers/plans.js';
import { scratch } from '../helpers/scratch.js';

const OPTIONS: ClaimOptions = { lease: 60_000, worker: 'one' };
function destination(t: TestContext): string {
  const directory = scratch(t);
  mkdirSync(planFolder(directory), { recursive: true });
  return directory;
}

/** As a run does that has a journal. */
function commit(claim: Claim): Promise<'committed' | 'lost'> {
  try {
    writeFileSync(join(claim.folder, 'journal'), '', { flag: 'a' });
  } catch (error) {
    // It was taken over.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return claim.commit(ACCOUNT);
}

/** Takes a shard, and gives it back when the test is over. */
async function taken(t: TestContext, directory: string, options = OPTIONS): Promise<Claim> {
  const found = await Claim.take(directory, 0, options);
  assert.ok(found.kind === 'taken', found.kind);
  const { claim } = found;
  t.after(() => claim.release());
  return claim;
}

/** As if its worker had been on another machine, and had renewed nothing for so long. */
function abandon({ folder }: Claim, age: number, changes: Partial<ClaimRecord> = {}): void {
  const path = join(folder, 'claim.json');
  const record = JSON.parse(readFileSync(path, 'utf8')) as ClaimRecord;
  writeFileSync(path, JSON.stringify({ ...record, space: 'elsewhere', ...changes }));
  const then = (Date.now() - age) / 1000;
  utimesSync(path, then, then);
}

function shard(directory: string): string {
  return shardFolder(directory, 0);
}

test('of many that want a shard at once, exactly one gets it', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const directory = destination(t);
    const all = await Promise.all(Array.from({ length: 16 }, () => Claim.take(directory, 0, OPTIONS)));
    const won = all.filter(({ kind }) => kind === 'taken');
    assert.equal(won.length, 1);
    assert.ok(all.every(({ kind }) => kind === 'taken' || kind === 'held'));
    for (const one of all) if (one.kind === 'taken') await one.claim.release();
  }
});

test('of many that find a shard abandoned, exactly one takes it over', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const directory = destination(t);
    abandon(await taken(t, directory), 61_000);
    const all = await Promise.all(Array.from({ length: 16 }, () => Claim.take(directory, 0, OPTIONS)));
    const won = all.flatMap((one) => (one.kind === 'taken' ? one.claim : []));
    assert.equal(won.length, 1);
    const folders = readdirSync(shard(directory)).filter((name) => /^\d+$/.test(name));
    assert.deepEqual(folders, ['0002']);
    for (const claim of won) await claim.release();
  }
});

test('a shard whose worker renews its claim is held, and is told by whom', async (t) => {
  const directory = destination(t);
  abandon(await taken(t, directory), 30_000);
  const found = await Claim.take(directory, 0, { ...OPTIONS, worker: 'two' });
  assert.equal(found.kind, 'held');
  assert.equal(found.kind === 'held' && found.by.worker, 'one');
});

test("it is the holder's lease that counts, and not that of who looks", async (t) => {
  const directory = destination(t);
  abandon(await taken(t, directory), 30_000);
  assert.equal((await Claim.take(directory, 0, { ...OPTIONS, lease: 1_000 })).kind, 'held');
});

test('a claim whose process is gone is taken over at once, with its journal and the beginnings of large bodies', async (t) => {
  const directory = destination(t);
  const first = await taken(t, directory);
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(join(first.folder, 'journal'), 'all that is known');
  mkdirSync(join(first.folder, 'partial'));
  writeFileSync(join(first.folder, 'partial', 'some'), 'beginning');
  mkdirSync(join(first.folder, 'unfinished-1-abc'));
  const path = join(first.folder, 'claim.json');
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), pid }));
  const second = await taken(t, directory, { ...OPTIONS, worker: 'two' });
  assert.equal(second.number, 2);
  assert.equal(readFileSync(join(second.folder, 'journal'), 'utf8'), 'all that is known');
  assert.equal(readFileSync(join(second.folder, 'partial', 'some'), 'utf8'), 'beginning');
  assert.deepEqual(readdirSync(`${first.folder}.fenced`).toSorted(), ['claim.json', 'journal']);
});

test('what a worker that may only be stopped has begun of large bodies is left to it', async (t) => {
  const directory = destination(t);
  const first = await taken(t, directory);
  mkdirSync(join(first.folder, 'partial'));
  abandon(first, 61_000);
  const second = await taken(t, directory);
  assert.equal(existsSync(join(second.folder, 'partial')), false);
});

test('a claim that was taken over commits nothing, and the one after it does', async (t) => {
  const directory = destination(t);
  const first = await taken(t, directory);
  abandon(first, 61_000);
  const second = await taken(t, directory, { ...OPTIONS, worker: 'two' });
  assert.equal(await commit(first), 'lost');
  assert.equal(first.lost.aborted, true);
  assert.equal((await first.takenBy()).worker, 'two');
  assert.equal(existsSync(join(shard(directory), 'done.json')), false);
  assert.equal(await commit(second), 'committed');
  const done = JSON.parse(readFileSync(join(shard(directory), 'done.json'), 'utf8')) as DoneRecord;
  assert.deepEqual(done, { ...ACCOUNT, claim: 2, worker: 'two', journal: '0002' });
  assert.equal((await Claim.take(directory, 0, OPTIONS)).kind, 'done');
});

test('of a commit and a take-over at the same moment, exactly one counts', async (t) => {
  const seen = { committed: 0, lost: 0 };
  for (let round = 0; round < 100; round += 1) {
    const directory = destination(t);
    const first = await taken(t, directory);
    abandon(first, 61_000);
    const over = sleep(round % 10).then(() => commit(first));
    const [committed, next] = await Promise.all([over, Claim.take(directory, 0, { ...OPTIONS, worker: 'two' })]);
    seen[committed] += 1;
    assert.equal(next.kind, committed === 'committed' ? 'done' : 'taken');
    if (next.kind === 'taken') assert.equal(await commit(next.claim), 'committed');
    const done = JSON.parse(readFileSync(join(shard(directory), 'done.json'), 'utf8')) as DoneRecord;
    assert.equal(done.claim, committed === 'committed' ? 1 : 2);
    assert.ok(
      existsSync(join(shard(directory), done.journal)) || existsSync(join(shard(directory), `${done.journal}.fenced`)),
    );
  }
  t.diagnostic(JSON.stringify(seen));
});

test('a claim that is renewed finds out that it was taken over', async (t) => {
  const directory = destination(t);
  const first = await taken(t, directory, { lease: 300, worker: 'one' });
  renameSync(first.folder, `${first.folder}.fenced`);
  const started = performance.now();
  while (!first.lost.aborted && performance.now() - started < 10_000) await sleep(10);
  assert.equal(first.lost.aborted, true);
});

test('a claim that is given back is taken at once, and the number is never given again', async (t) => {
  const directory = destination(t);
  await (await taken(t, directory)).release();
  const second = await taken(t, directory);
  assert.equal(second.number, 2);
  await second.release();
  assert.equal((await taken(t, directory)).number, 3);
});

test('who comes late by a look that is old gets no number below one that was given', async (t) => {
  const directory = destination(t);
  // Both look while nobody has the shard; the one that is slower finds the first number free again.
  for (let round = 0; round < 50; round += 1) {
    const all = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        await sleep(at % 3);
        const found = await Claim.take(directory, 0, OPTIONS);
        if (found.kind !== 'taken') return undefined;
        await sleep(1);
        await found.claim.release();
        return found.claim.number;
      }),
    );
    const numbers = all.filter((number) => number !== undefined);
    assert.equal(new Set(numbers).size, numbers.length);
  }
});

test('a shard fails for good after as many tries as there may be, and can be opened once more', async (t) => {
  const directory = destination(t);
  const error = { code: 'STORE_FAILED', message: 'no' } as const;
  for (const expected of ['again', 'again', 'failed']) {
    assert.equal(await (await taken(t, directory)).fail(error, 3), expected);
  }
  const failed = JSON.parse(readFileSync(join(shard(directory), 'failed.json'), 'utf8')) as object;
  assert.deepEqual(failed, { claim: 3, attempts: 3, error });
  assert.equal((await Claim.take(directory, 0, OPTIONS)).kind, 'failed');
  const again = await taken(t, directory, { ...OPTIONS, reopen: true });
  assert.equal(again.failures, 0);
  assert.equal(existsSync(join(shard(directory), 'failed.json')), false);
  assert.equal(existsSync(join(again.folder, 'former.json')), true);
});

test('of many that open a done shard once more, one gets it, with the journal that the commit names', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const directory = destination(t);
    const first = await taken(t, directory);
    writeFileSync(join(first.folder, 'journal'), 'of the commit');
    assert.equal(await commit(first), 'committed');
    const all = await Promise.all(
      Array.from({ length: 8 }, () => Claim.take(directory, 0, { ...OPTIONS, reopen: true })),
    );
    const won = all.flatMap((one) => (one.kind === 'taken' ? one.claim : []));
    assert.equal(won.length, 1);
    const [claim] = won as [Claim];
    assert.equal(readFileSync(join(claim.folder, 'journal'), 'utf8'), 'of the commit');
    assert.equal(existsSync(join(shard(directory), 'done.json')), false);
    assert.equal(await commit(claim), 'committed');
  }
});
