/** What lies beside shards as img2dataset has it, read by programs of other makers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects, parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { noise } from '../../helpers/bodies.js';
import { warmSluice } from '../../helpers/cli.js';
import { scratch } from '../../helpers/scratch.js';
import { bodiesIn, listedByPython, listedByTar, membersOf, noGnuTar, noPython, shardsIn } from '../../helpers/tars.js';

const COUNT = 60;
/** At the beginning, in the middle, at the end. */
const LOST = new Set([0, 1, 30, 31, 58, 59]);
const SIZE = 100_000;
/** Of a body that is not held whole. */
const LARGE = 3_000_000;

interface Sample {
  readonly url: string;
  readonly caption: string | null;
  readonly key: string | null;
  readonly status: string;
  readonly error_message: string | null;
  readonly width: null;
  readonly sha256?: string;
}

interface Stats {
  readonly count: number;
  readonly successes: number;
  readonly failed_to_download: number;
  readonly failed_to_resize: number;
  readonly duration: number;
  readonly start_time: number;
  readonly end_time: number;
  readonly status_dict: Readonly<Record<string, number>>;
}

describe('a dataset', () => {
  let origin: string;
  let isUp = true;
  const server = createServer((request, response) => {
    const number = Number(/\d+/.exec(request.url ?? '')?.[0]);
    if (!isUp || LOST.has(number)) response.writeHead(number % 2 === 0 ? 403 : 404).end();
    else response.end(noise(request.url?.startsWith('/large/') === true ? LARGE : SIZE, number));
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const list = (): string =>
    ['url,caption', ...Array.from({ length: COUNT }, (_, n) => `${origin}/${n}.jpg,caption ${n}`), ''].join('\n');
  const GET = ['get', '-i', 'list.csv', '-d', 'd', '-q', '--tries', '1', '--layout', 'tar', '--shard-size', '1MiB'];
  const DATASET = [...GET, '--keep-columns', 'all', '--dataset', 'img2dataset'];

  async function samplesIn(path: string): Promise<Sample[]> {
    return (await parquetReadObjects({ file: await asyncBufferFromFile(path) })) as Sample[];
  }

  /** All samples, shard after shard; fails unless each shard's files agree with one another. */
  async function assertAgree(directory: string): Promise<Sample[]> {
    const all: Sample[] = [];
    for (const shard of shardsIn(directory)) {
      const base = shard.replace(/\.tar$/, '');
      const samples = await samplesIn(`${base}.parquet`);
      const stats = JSON.parse(readFileSync(`${base}_stats.json`, 'utf8')) as Stats;
      const good = samples.filter(({ status }) => status === 'success');
      const bodies = bodiesIn([readFileSync(shard)]);
      assert.equal(good.length, bodies.size);
      const keys = new Set(good.map(({ key }) => key));
      assert.equal(keys.size, good.length);
      if (!noPython)
        for (const [name] of listedByPython(shard)) assert.ok(keys.has(name.split('.')[0] as string), name);
      if (!noGnuTar) assert.equal(listedByTar(shard).length, 2 * good.length);
      for (const { status, key, error_message: error } of samples) {
        assert.equal(error === null, status === 'success');
        assert.equal(key === null, status !== 'success');
      }
      assert.deepEqual(
        { ...stats, duration: 0, start_time: 0, end_time: 0, status_dict: 0 },
        {
          count: samples.length,
          successes: good.length,
          failed_to_download: samples.length - good.length,
          failed_to_resize: 0,
          duration: 0,
          start_time: 0,
          end_time: 0,
          status_dict: 0,
        },
      );
      assert.ok(stats.end_time >= stats.start_time && stats.start_time > 1.7e9 && stats.end_time < 1e10);
      const told = Object.values(stats.status_dict).reduce((sum, count) => sum + count, 0);
      assert.equal(told, samples.length);
      assert.equal(stats.status_dict['success'] ?? 0, good.length);
      all.push(...samples);
    }
    return all;
  }

  test('has a row for each row of the list beside the shard that it is in, or that is before it', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), list());
    const ran = await warmSluice([...DATASET, '--compute-hash', 'sha256', '-m', '1'], { cwd });
    assert.equal(ran.status, 1, ran.stderr);
    const directory = join(cwd, 'd');
    const shards = shardsIn(directory);
    assert.ok(shards.length > 3, `${shards.length} shards`);
    const samples = await assertAgree(directory);
    assert.deepEqual(
      samples.map(({ url, caption, status, error_message: error, sha256 }) => {
        return { url, caption, status, error, sha256 };
      }),
      Array.from({ length: COUNT }, (_, n) => {
        const isLost = LOST.has(n);
        return {
          url: `${origin}/${n}.jpg`,
          caption: `caption ${n}`,
          status: isLost ? 'failed_to_download' : 'success',
          error: isLost ? `the server answered ${n % 2 === 0 ? 403 : 404}` : null,
          sha256: isLost ? null : createHash('sha256').update(noise(SIZE, n)).digest('hex'),
        };
      }),
    );
    const stats = JSON.parse(readFileSync(join(directory, '00000_stats.json'), 'utf8')) as Stats;
    assert.equal(stats.status_dict['the server answered 403'], 1);
    const file = await asyncBufferFromFile(join(directory, '00000.parquet'));
    assert.deepEqual(
      parquetSchema(await parquetMetadataAsync(file)).children.map(({ element }) => element.name),
      'url caption key status error_message width height original_width original_height exif sha256'.split(' '),
    );
    const files = [
      '.sluice',
      ...shards.flatMap((_, n) => ['.parquet', '.tar', '_stats.json'].map((end) => `0000${n}${end}`)),
    ];
    assert.deepEqual(readdirSync(directory).toSorted(), files.toSorted());
    // The same again from what was written down.
    const before = readFileSync(join(directory, '00001.parquet'));
    rmSync(join(directory, '00001.parquet'));
    const exported = await warmSluice(['export', 'd', '--format', 'img2dataset'], { cwd });
    assert.deepEqual([exported.status, exported.stdout, exported.stderr], [0, '', '']);
    assert.deepEqual(readFileSync(join(directory, '00001.parquet')), before);
    assert.equal((await warmSluice(['verify', 'd'], { cwd })).status, 0);
  });

  test('follows its shards over runs, and tells of what is left of one that is gone', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), list());
    isUp = false;
    assert.equal((await warmSluice(DATASET, { cwd })).status, 1);
    const directory = join(cwd, 'd');
    const none = await samplesIn(join(directory, '00000.parquet'));
    assert.deepEqual(shardsIn(directory), []);
    assert.deepEqual(
      [none.length, new Set(none.map(({ status }) => status))],
      [COUNT, new Set(['failed_to_download'])],
    );
    isUp = true;
    assert.equal((await warmSluice(DATASET, { cwd })).status, 1);
    const samples = await assertAgree(directory);
    assert.equal(samples.length, COUNT);
    assert.equal(samples.filter(({ status }) => status === 'success').length, COUNT - LOST.size);
    const second = (await samplesIn(join(directory, '00001.parquet'))).filter(({ status }) => status === 'success');
    rmSync(join(directory, '00001.tar'));
    const exported = await warmSluice(['export', 'd', '--format', 'img2dataset'], { cwd });
    assert.equal(
      exported.stderr,
      '*** 00001.parquet tells of a shard that is not there: remove it, and its _stats.json.\n',
    );
    const left = await assertAgree(directory);
    assert.equal(left.length, COUNT);
    const gone = left.filter(({ error_message: error }) => error === 'its shard is not there any more');
    assert.deepEqual(gone.map(({ url }) => url).toSorted(), second.map(({ url }) => url).toSorted());
    const again = await warmSluice(['retry', 'd', '-q', '--tries', '1', '--dataset', 'img2dataset'], { cwd });
    assert.equal(again.status, 1, again.stderr);
    const whole = await assertAgree(directory);
    assert.equal(whole.filter(({ status }) => status === 'success').length, COUNT - LOST.size);
    assert.ok(whole.every(({ url, caption }) => caption === `caption ${/(\d+)\.jpg/.exec(url)?.[1]}`));
  });

  test('has rows that were refused, and not what is in the list twice', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), `url,caption,status\nno,1,x\n${origin}/2.jpg,2,y\n${origin}/2.jpg,3,z\n`);
    await warmSluice(DATASET, { cwd });
    const rows = (await samplesIn(join(cwd, 'd/00000.parquet'))) as (Sample & { readonly list_status: string })[];
    assert.deepEqual(
      rows.map(({ url, caption, status, list_status: own }) => [url, caption, status, own]),
      [
        ['no', '1', 'failed_to_download', 'x'],
        [`${origin}/2.jpg`, '2', 'success', 'y'],
      ],
    );
    await assertAgree(join(cwd, 'd'));
  });

  test('has captions of the list as members of its shards, which are read again as all shards are', async (t) => {
    const cwd = scratch(t);
    const lines = Array.from({ length: 12 }, (_, n) => {
      // One that is streamed, and bodies that are called as captions or descriptions are.
      const url = n === 5 ? `${origin}/large/5.bin` : `${origin}/${n + 2}.${['jpg', 'txt', 'json'][n % 3]}`;
      return JSON.stringify({
        url,
        txt: n === 3 ? null : n === 4 ? { n } : n === 6 ? '' : `caption ${n} ${'ä'.repeat(n * 100)}`,
      });
    });
    writeFileSync(join(cwd, 'list.jsonl'), lines.join('\n'));
    const get = ['get', '-i', 'list.jsonl', '-d', 'd', '-q', '--layout', 'tar', '--caption-col', 'txt'];
    const ran = await warmSluice([...get, '--dataset', 'img2dataset', '--shard-size', '1MiB', '-m', '1'], { cwd });
    assert.equal(ran.status, 0, ran.stderr);
    const shards = shardsIn(join(cwd, 'd'));
    assert.ok(shards.length > 1);
    const members = new Map(shards.flatMap((shard) => [...membersOf(readFileSync(shard))]));
    const names = (n: number, extension: string): string[] => {
      const key = `00000000${n}`.slice(-9);
      return [`${key}.${extension}`, `${key}.json`, ...(n === 3 ? [] : [`${key}.txt`])];
    };
    assert.deepEqual(
      [...members.keys()].toSorted(),
      lines
        .flatMap((_, n) =>
          names(n, n === 5 ? 'bin' : (['jpg', n === 3 ? 'txt' : 'body.txt', 'body.json'][n % 3] as string)),
        )
        .toSorted(),
    );
    assert.equal(members.get('000000001.txt')?.toString(), `caption 1 ${'ä'.repeat(100)}`);
    assert.equal(members.get('000000004.txt')?.toString(), '{"n":4}');
    assert.equal(members.get('000000006.txt')?.toString(), '');
    assert.ok(members.get('000000001.body.txt')?.equals(noise(SIZE, 3)));
    assert.equal(members.get('000000005.bin')?.length, LARGE);
    for (const shard of shards) {
      const own = [...membersOf(readFileSync(shard)).keys()];
      if (!noPython)
        assert.deepEqual(
          listedByPython(shard).map(([name]) => name),
          own,
        );
      if (!noGnuTar) assert.equal(listedByTar(shard).length, own.length);
      const samples = await samplesIn(shard.replace(/tar$/, 'parquet'));
      assert.deepEqual(
        samples.map(({ key }) => key),
        [...new Set(own.map((name) => name.slice(0, 9)))],
      );
    }
    const verified = await warmSluice(['verify', 'd'], { cwd });
    assert.equal(verified.status, 0, verified.stderr);
    // The journal is lost in its middle: what is in the shards is known again by what they tell.
    const journal = readFileSync(join(cwd, 'd/.sluice/journal'));
    journal.fill(0, 100, 2000);
    writeFileSync(join(cwd, 'd/.sluice/journal'), journal);
    const repaired = await warmSluice(['verify', 'd', '--repair'], { cwd });
    assert.equal(repaired.status, 0, repaired.stderr);
    assert.match(repaired.stdout, /12 files/);
    const flat = await warmSluice([...get, '--layout', 'flat'], { cwd });
    assert.match(
      flat.stderr,
      /--caption-column does not go with --layout flat: captions are in shards: add --layout tar/,
    );
  });

  test('is asked for where there are shards, or will be', async (t) => {
    const cwd = scratch(t);
    const cases: readonly [readonly string[], RegExp][] = [
      [
        ['get', origin, '--dataset', 'img2dataset'],
        /--dataset img2dataset does not go with --layout flat: add --layout tar/,
      ],
      [['get', origin, '--layout', 'tar', '--dataset', 'img2dataset', '--no-journal'], /not go with --no-journal/],
      [
        ['export', 'e', '--format', 'img2dataset'],
        /--format img2dataset is about shards, and no run has stored any in/,
      ],
      [['export', 'e', '--format', 'img2dataset', '-o', 'x'], /--format img2dataset does not go with --output/],
      [['export', 'e', '--format', 'img2dataset', '--fields', 'url'], /does not go with --fields/],
    ];
    await warmSluice(['get', `${origin}/2`, '-d', 'e', '-q'], { cwd });
    for (const [args, message] of cases) {
      const { status, stderr } = await warmSluice(args, { cwd });
      assert.equal(status, 2, stderr);
      assert.match(stderr, message);
    }
    assert.equal(existsSync(join(cwd, 'downloads')), false);
  });
});
