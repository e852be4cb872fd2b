import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { makePlan, type PlanSettings } from '../../src/fleet/make-plan.js';
import { type Manifest, readManifest } from '../../src/fleet/manifest.js';
import { listPath, listsFolder, manifestPath, planFolder } from '../../src/fleet/plan-folder.js';
import { readShard } from '../../src/fleet/shard-list.js';
import type { Entry } from '../../src/item.js';
import { type DownloadOptions, resolveOptions } from '../../src/options/resolve.js';
import { plan } from '../../src/plan/plan.js';
import { subfolder } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';
import { thorough } from '../helpers/thorough.js';

function settings(
  directory: string,
  urls: readonly string[],
  shardItems: number,
  more: Partial<PlanSettings> & { readonly download?: DownloadOptions } = {},
): PlanSettings {
  const { download = {}, ...others } = more;
  const options = resolveOptions({ directory, ...download });
  const sources = [{ kind: 'urls', urls, label: 'argument' }] as const;
  return { sources, options, given: {}, partitionBy: 'order', shardItems, ...others };
}

async function entriesOf(directory: string, manifest: Manifest): Promise<Entry[][]> {
  const shards: Entry[][] = [];
  for (const shard of manifest.shards.keys()) {
    const entries: Entry[] = [];
    for await (const batch of readShard(directory, manifest, shard)) entries.push(...batch);
    shards.push(entries);
  }
  return shards;
}

async function planned(urls: readonly string[], directory: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of plan([{ kind: 'urls', urls, label: 'argument' }], { directory })) entries.push(...batch);
  return entries;
}

/** Each makes many files. */
const RUNS = thorough ? 30 : 5;

/** Of items, refused rows and duplicates, with names that collide. */
const urlsOf = fc.array(
  fc.oneof(
    fc
      .tuple(fc.nat(8), fc.nat(4), fc.constantFrom('a', 'A', 'b', 'caf%C3%A9', '%E2%80%A8', 'a?x=1'))
      .map(([host, folder, name]) => `http://h${host}:80/${folder}/${name}`),
    fc.constantFrom('no url', 'http://user:secret@h1/p/a'),
  ),
  { maxLength: 60 },
);

describe('makePlan', () => {
  it('has every entry of the plan of one run once, in order or by host, as that run would have named it', async (t) => {
    const folder = scratch(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(urlsOf, fc.integer({ min: 1, max: 12 }), async (urls, most) => {
        const expected = await planned(urls, folder);
        for (const partitionBy of ['order', 'host'] as const) {
          const directory = join(folder, String((run += 1)));
          const { manifest } = await makePlan(settings(directory, urls, most, { partitionBy }));
          const shards = await entriesOf(directory, manifest);
          const all = shards.flat().toSorted((a, b) => indexOf(a) - indexOf(b));
          assert.deepEqual(JSON.parse(JSON.stringify(all)), JSON.parse(JSON.stringify(expected)));
          assert.deepEqual(
            manifest.shards.map(({ rows, items }) => [rows, items]),
            shards.map((entries) => [entries.length, entries.filter(({ kind }) => kind === 'item').length]),
          );
          if (partitionBy === 'order') {
            assert.deepEqual(shards.flat().map(indexOf), expected.map(indexOf));
            assert.ok(manifest.shards.slice(0, -1).every(({ rows }) => rows === most));
          } else assertByHost(shards, most);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('is the same, byte for byte, where few names and URLs fit into memory', async (t) => {
    const folder = scratch(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(urlsOf, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (few, most, byTemplate) => {
        // The first 64 rows are planned before there is a place for anything.
        const urls = [...few, ...Array.from({ length: 64 }, (_, at) => `http://h/${at % 8}/a?${at % 9}`), ...few];
        const download = byTemplate ? { name: '{host}/{path}' } : {};
        for (const partitionBy of ['order', 'host'] as const) {
          const plans = [];
          for (const room of [undefined, { most, filterBytes: 1024 }]) {
            const directory = join(folder, String((run += 1)));
            const { manifest } = await makePlan(settings(directory, urls, 20, { partitionBy, room, download }));
            const lists = readdirSync(listsFolder(directory));
            plans.push([
              { ...manifest, created: '' },
              lists.map((name) => readFileSync(join(listsFolder(directory), name), 'utf8')),
            ]);
            assert.deepEqual(readdirSync(planFolder(directory)), ['lists', 'manifest.json']);
          }
          assert.deepEqual(plans[1], plans[0]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('makes the same plan again, byte for byte but for its time', async (t) => {
    const folder = scratch(t);
    const urls = Array.from({ length: 50 }, (_, n) => `http://h${n % 5}/${n % 7}/f${n % 3}`);
    for (const partitionBy of ['order', 'host'] as const) {
      const [one, two] = [subfolder(folder, `${partitionBy}-1`), subfolder(folder, `${partitionBy}-2`)];
      // What a plan that was killed has left.
      mkdirSync(listsFolder(two), { recursive: true });
      writeFileSync(listPath(two, 0), 'half a');
      writeFileSync(listPath(two, 99), 'more than there will be');
      const made = await Promise.all(
        [one, two].map((directory) => makePlan(settings(directory, urls, 7, { partitionBy }))),
      );
      const [a, b] = made.map(({ manifest }) => ({ ...manifest, created: '' }));
      assert.deepEqual(a, b);
      assert.deepEqual(readdirSync(listsFolder(one)), readdirSync(listsFolder(two)));
      assert.deepEqual(readdirSync(planFolder(one)), ['lists', 'manifest.json']);
      for (const name of readdirSync(listsFolder(one))) {
        assert.deepEqual(readFileSync(join(listsFolder(one), name)), readFileSync(join(listsFolder(two), name)));
      }
    }
  });

  it('leaves a plan that is there, and refuses another one, naming what differs', async (t) => {
    const folder = scratch(t);
    const list = join(folder, 'list');
    writeFileSync(list, 'http://h/a\nhttp://h/b\n');
    const directory = join(folder, 'to');
    const sources = [{ kind: 'file', path: list }] as const;
    const how = settings(directory, [], 10, { sources });
    assert.equal((await makePlan(how)).isNew, true);
    const before = readFileSync(manifestPath(directory));
    assert.equal((await makePlan(how)).isNew, false);
    const others: readonly [Partial<PlanSettings>, RegExp][] = [
      [{ shardItems: 11 }, /with other --shard-items$/],
      [{ partitionBy: 'host', given: { imageCheck: 'pixels' } }, /with other --image-check, --partition-by$/],
      [{ sources: [{ kind: 'urls', urls: ['http://h/a'], label: 'argument' }] }, /with other argument [0-9a-f]{16}, /],
    ];
    for (const [other, message] of others) {
      await assert.rejects(makePlan({ ...how, ...other }), { code: 'PLAN_THERE', message });
    }
    const readOtherwise = { sources: [{ kind: 'file', path: list, reading: { urlColumn: '2' } }] } as const;
    await assert.rejects(makePlan({ ...how, ...readOtherwise }), { code: 'PLAN_THERE', message: /list$/ });
    appendFileSync(list, 'http://h/c\n');
    await assert.rejects(makePlan(how), { code: 'PLAN_THERE', message: new RegExp(`with other ${list}$`) });
    assert.deepEqual(readFileSync(manifestPath(directory)), before);
  });

  it('knows a list by what it holds, wherever it lies and whenever it was written', async (t) => {
    const folder = scratch(t);
    const [one, two, copy] = ['one', 'two', 'copy'].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(one, 'http://h/a\n');
    writeFileSync(two, 'http://h/b\n');
    const how = (...paths: string[]): PlanSettings =>
      settings(join(folder, 'to'), [], 10, { sources: paths.map((path) => ({ kind: 'file', path })) });
    assert.equal((await makePlan(how(one, two))).isNew, true);
    writeFileSync(copy, readFileSync(one));
    utimesSync(two, 0, 0);
    assert.equal((await makePlan(how(copy, two))).isNew, false);
    await assert.rejects(makePlan(how(two, one)), { code: 'PLAN_THERE', message: /with other order of its lists$/ });
    await assert.rejects(makePlan(how(one)), { code: 'PLAN_THERE', message: new RegExp(`with other ${two}$`) });
    writeFileSync(copy, 'http://h/x\n');
    await assert.rejects(makePlan(how(copy, two)), {
      code: 'PLAN_THERE',
      message: new RegExp(`with other ${copy}, ${one}$`),
    });
  });

  it('refuses what no plan can have, and leaves nothing', async (t) => {
    const folder = scratch(t);
    const full = subfolder(folder, 'full');
    writeFileSync(join(full, 'holiday.jpg'), '');
    const urls = ['http://h/a'];
    const missing = [{ kind: 'file', path: join(folder, 'none') }] as const;
    const wrong: readonly [PlanSettings, RegExp][] = [
      [settings(full, urls, 10), /is not empty: there is holiday\.jpg$/],
      [settings(join(folder, 'a'), urls, 200_000, { download: { layout: 'tar' } }), /--shard-items 200000 is too many/],
      [
        settings(join(folder, 'b'), urls, 10, { download: { trustServerNames: true } }),
        /--trust-server-names does not go with a plan/,
      ],
      [settings(join(folder, 'c'), urls, 10, { sources: missing }), /none/],
    ];
    for (const [how, message] of wrong) await assert.rejects(makePlan(how), { message });
    assert.deepEqual(readdirSync(folder), ['full']);
    assert.deepEqual(readdirSync(full), ['holiday.jpg']);
  });
});

describe('a plan that was damaged', () => {
  it('is told before anything of it is used', async (t) => {
    const directory = scratch(t);
    assert.equal(await readManifest(directory), undefined);
    const { manifest } = await makePlan(settings(directory, ['http://h/a', 'http://h/b', 'http://h/c'], 2));
    const path = listPath(directory, 0);
    const list = readFileSync(path, 'utf8');
    for (const other of [list.replace('h/a', 'h/x'), list.slice(0, -5), `${list}${list}`]) {
      writeFileSync(path, other);
      await assert.rejects(readShard(directory, manifest, 0).next(), { code: 'PLAN_DAMAGED' });
    }
    assert.equal((await readShard(directory, manifest, 1).next()).value?.length, 1);
    rmSync(path);
    await assert.rejects(readShard(directory, manifest, 0).next(), { code: 'PLAN_DAMAGED', message: /is not there$/ });
    const text = readFileSync(manifestPath(directory), 'utf8');
    for (const other of [
      text.slice(0, -20),
      '{}',
      text.replace('"rows": 3', '"rows": 4'),
      text.replace(/[0-9a-f]{64}/, 'f'),
    ]) {
      writeFileSync(manifestPath(directory), other);
      await assert.rejects(readManifest(directory), { code: 'PLAN_DAMAGED' });
    }
  });
});

function indexOf(entry: Entry): number {
  if (entry.kind === 'item') return entry.item.index;
  return entry.kind === 'refused' ? entry.refused.index : entry.duplicate.index;
}

/** No server is in two shards, and a shard has more rows than it may only where it has one server. */
function assertByHost(shards: readonly (readonly Entry[])[], most: number): void {
  const where = new Map<string, number>();
  for (const [shard, entries] of shards.entries()) {
    const hosts = new Set<string>();
    for (const entry of entries) {
      if (entry.kind === 'refused') continue;
      const { origin } = new URL(entry.kind === 'item' ? entry.item.url : entry.duplicate.url);
      assert.equal(where.get(origin) ?? shard, shard, origin);
      where.set(origin, shard);
      hosts.add(origin);
    }
    assert.ok(entries.length <= most || hosts.size <= 1, `${entries.length} rows of ${hosts.size} servers`);
  }
}
