/** `sluice export` and `--metadata`, on the destinations of real runs, read by other programs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { Item } from '../../src/item.js';
import { resolveOptions } from '../../src/options/resolve.js';
import { Download } from '../../src/pipeline/download.js';
import { addressOf } from '../../src/plan/address.js';
import { type Ran, warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';

const COUNT = 300;
/** Of the system. */
const SHA256SUM = 'sha256sum';

describe('export', () => {
  let origin: string;
  const server = createServer((request, response) => {
    const number = Number(/\d+/.exec(request.url ?? '')?.[0]);
    if (number % 50 === 7) response.statusCode = 404;
    else if (number % 50 === 8) response.statusCode = 403;
    response.setHeader('content-type', number % 2 === 0 ? 'image/gif' : 'text/plain');
    // Later ones answer sooner, so that they are stored in another order than the list has.
    setTimeout(() => response.end(`body ${number}`), number % 7);
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  /** Stores so many items in a destination `d`. */
  async function store(cwd: string, ...more: string[]): Promise<string> {
    writeFileSync(join(cwd, 'urls'), Array.from({ length: COUNT }, (_, n) => `${origin}/${n}.gif`).join('\n'));
    const ran = await warmSluice(['get', '-i', 'urls', '-d', 'd', '--tries', '1', ...more], { cwd });
    assert.equal(ran.status, 1, ran.stderr);
    return cwd;
  }

  const plain = scratch({ after });
  let storing: Promise<string> | undefined;
  /** A folder with such a destination: a copy, where the run is one that several tests want. */
  async function stored(t: TestContext, ...more: string[]): Promise<string> {
    const cwd = scratch(t);
    if (more.length > 0) return store(cwd, ...more);
    storing ??= store(plain);
    cpSync(await storing, cwd, { recursive: true, preserveTimestamps: true });
    return cwd;
  }

  const exported = (cwd: string, ...more: string[]): Promise<Ran> => warmSluice(['export', 'd', ...more], { cwd });

  interface Row {
    readonly url: string;
    readonly status: string;
    readonly content_type: string | null;
    readonly size: number | bigint | null;
    readonly stored: string | Date | null;
  }

  function assertRows(rows: readonly Row[]): void {
    assert.deepEqual(
      rows.map(({ url }) => url),
      Array.from({ length: COUNT }, (_, n) => `${origin}/${n}.gif`),
    );
    for (const [n, { status, content_type: type, size, stored: when }] of rows.entries()) {
      const expected = n % 50 === 7 ? 'not_found' : n % 50 === 8 ? 'error' : 'ok';
      assert.equal(status, expected);
      assert.equal(type, n % 2 === 0 ? 'image/gif' : 'text/plain');
      assert.equal(size === null ? null : Number(size), expected === 'ok' ? `body ${n}`.length : null);
      assert.equal(when !== null, expected === 'ok');
    }
  }

  test('tells of every item once, in the order of the list, as csv, JSON lines and parquet', async (t) => {
    const cwd = await stored(t, '--metadata', 'run.parquet');
    const lines = (await exported(cwd, '--format', 'jsonl')).stdout.trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Row);
    assertRows(rows);
    const csv = (await exported(cwd, '--format', 'csv')).stdout.trimEnd().split('\n');
    assert.equal(csv[0], Object.keys(rows[0] as Row).join(','));
    assert.equal(csv.length, COUNT + 1);
    for (const name of ['run.parquet', 'again.parquet']) {
      if (name === 'again.parquet') assert.equal((await exported(cwd, '-o', name)).status, 0);
      assertRows((await parquetReadObjects({ file: await asyncBufferFromFile(join(cwd, name)) })) as Row[]);
    }
    assert.deepEqual(readFileSync(join(cwd, 'run.parquet')), readFileSync(join(cwd, 'again.parquet')));
  });

  test('tells of items that a later run has stored where they were before', async (t) => {
    const cwd = await stored(t);
    const list = readFileSync(join(cwd, 'urls'), 'utf8');
    writeFileSync(join(cwd, 'urls'), `${origin}/1000.gif\n${list}`);
    await warmSluice(['get', '-i', 'urls', '-d', 'd', '--tries', '1'], { cwd });
    await warmSluice(['retry', 'd', '--tries', '1'], { cwd });
    const urls = (await exported(cwd, '--format', 'csv', '--fields', 'url')).stdout.trimEnd().split('\n');
    assert.deepEqual(urls, ['url', ...list.split('\n'), `${origin}/1000.gif`]);
  });

  test('gives sums that sha256sum checks, computed by the run or not, and none of a file that is gone', async (t) => {
    for (const more of [[], ['--compute-hash', 'sha256'], ['--compute-hash', 'md5']]) {
      const cwd = await stored(t, ...more);
      assert.equal((await exported(cwd, '-o', 'sums.sha256')).status, 0);
      const sums = readFileSync(join(cwd, 'sums.sha256'), 'utf8').trimEnd().split('\n');
      assert.equal(sums.length, COUNT - 12);
      execFileSync(SHA256SUM, ['--check', '--strict', '--quiet', '../sums.sha256'], { cwd: join(cwd, 'd') });
    }
  });

  test('gives sums that --checksums takes: a body that has another one is fetched once more, and is no file', async (t) => {
    const cwd = await stored(t);
    await exported(cwd, '-o', 'sums.sha256');
    const sums = readFileSync(join(cwd, 'sums.sha256'), 'utf8');
    writeFileSync(join(cwd, 'sums.sha256'), sums.replace(/^[0-9a-f]{64} {2}3\.gif$/m, `${'0'.repeat(64)}  3.gif`));
    for (const layout of ['flat', 'hashed']) {
      const run = ['get', '-i', 'urls', '-d', layout, '--layout', layout, '--tries', '2', '--verbose'];
      const args = [...run, '--checksums', 'sums.sha256'];
      const { status, stderr } = await warmSluice(args, { cwd });
      assert.equal(status, 1);
      assert.match(stderr, /3\.gif: its sha256 is [0-9a-f]{64}, and its list says 0{64}/);
      assert.match(stderr, /^7 errors: 6 HTTP_STATUS, 1 BODY_CHECKSUM\.$/m);
    }
    const { status, stderr } = await warmSluice(['get', '-i', 'urls', '-d', 'x', '--checksums', 'urls'], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, /urls:1: no checksum and name: http.*: give what sha256sum/);
    assert.equal(existsSync(join(cwd, 'x')), false);
  });

  test('gives what is left to aria2, and URLs that sluice reads again, readable by their owner only', async (t) => {
    const cwd = await stored(t);
    assert.equal((await exported(cwd, '-o', 'left.aria2')).status, 0);
    const lines = readFileSync(join(cwd, 'left.aria2'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 4), [`${origin}/7.gif`, ' out=7.gif', `${origin}/8.gif`, ' out=8.gif']);
    assert.equal(lines.length, 24);
    assert.equal(statSync(join(cwd, 'left.aria2')).mode & 0o077, 0);
    const { stdout } = await exported(cwd, '--format', 'urls', '--status', 'error');
    assert.equal(stdout, [8, 58, 108, 158, 208, 258].map((n) => `${origin}/${n}.gif\n`).join(''));
  });

  test('tells the shards of items, refuses sums of them, and leaves no file where it fails', async (t) => {
    const cwd = await stored(t, '--layout', 'tar', '--compute-hash', 'sha256');
    const { stdout } = await exported(cwd, '--format', 'jsonl', '--status', 'ok', '--fields', 'shard,checksum');
    for (const line of stdout.trimEnd().split('\n')) {
      assert.match(line, /^\{"shard":"00000\.tar","checksum":"sha256:[0-9a-f]{64}"\}$/);
    }
    const refused = await exported(cwd, '-o', 'sums.sha256');
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, /sha256sum reads files, and those of the layout tar are in shards: choose csv/);
    assert.deepEqual(readdirSync(cwd).toSorted(), ['d', 'urls']);
  });

  test('has the columns of the list that are kept, each with a type, and one called as ours under another name', async (t) => {
    const cwd = scratch(t);
    const columns = [
      { caption: 'a, "b"\nc', n: 1, x: 1.5, ok: true, mixed: 1, size: 'XL' },
      { caption: '', n: 2, x: 2, ok: false, mixed: 'two', list: [1, { a: null }] },
    ];
    const items = columns.map((its, index): Item => {
      return { index, name: `${index}`, details: { columns: its }, ...addressOf(`${origin}/${index}.gif`) };
    });
    const options = resolveOptions({ directory: join(cwd, 'd') });
    for await (const outcome of new Download([{ kind: 'items', items }], options)) {
      assert.deepEqual(outcome.columns, columns[outcome.index]);
    }
    const fields = ['--fields', 'caption,n,x,ok,mixed,list_size,list'];
    assert.equal(
      (await exported(cwd, '--format', 'jsonl', ...fields)).stdout,
      '{"caption":"a, \\"b\\"\\nc","n":1,"x":1.5,"ok":true,"mixed":1,"list_size":"XL","list":null}\n' +
        '{"caption":"","n":2,"x":2,"ok":false,"mixed":"two","list_size":null,"list":[1,{"a":null}]}\n',
    );
    assert.equal(
      (await exported(cwd, '--format', 'csv', ...fields)).stdout,
      'caption,n,x,ok,mixed,list_size,list\n"a, ""b""\nc",1,1.5,true,1,XL,\n,2,2,false,"""two""",,"[1,{""a"":null}]"\n',
    );
    await exported(cwd, '-o', 't.parquet', ...fields);
    assert.deepEqual(await parquetReadObjects({ file: await asyncBufferFromFile(join(cwd, 't.parquet')) }), [
      { caption: 'a, "b"\nc', n: 1n, x: 1.5, ok: true, mixed: 1, list_size: 'XL', list: null },
      { caption: '', n: 2n, x: 2, ok: false, mixed: 'two', list_size: null, list: [1, { a: null }] },
    ]);
  });

  test('says what is wrong with what it is asked for', async (t) => {
    const cwd = await stored(t);
    const cases: readonly [readonly string[], RegExp][] = [
      [[], /nothing tells which format is wanted: give --format csv\|jsonl\|parquet/],
      [['--format', 'csv', '--fields', 'url,nonsense'], /there is no field nonsense: choose from url, name, status/],
      [
        ['--format', 'csv', '--status', 'good'],
        /--status good is unknown: give some of ok,error,not_found,disallowed,filtered,pending/,
      ],
      [['-o', 'not/there.csv'], /--output not\/there\.csv cannot be written: ENOENT/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = await exported(cwd, ...args);
      assert.equal(status, 2);
      assert.match(stderr, message);
    }
    const { status, stderr } = await warmSluice(['get', `${origin}/1`, '-d', 'e', '--metadata', 'm.doc'], { cwd });
    assert.equal(status, 2);
    assert.match(
      stderr,
      /--metadata m\.doc: its name does not tell its format: give it one of these extensions: \.csv/,
    );
    assert.equal(existsSync(join(cwd, 'e')), false);
  });
});
