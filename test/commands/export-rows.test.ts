/** What tables tell of rows of lists that are no items: those that were refused, and those that are items already. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { serveAsked } from '../helpers/asked-server.js';
import { warmSluice } from '../helpers/cli.js';
import { scratch } from '../helpers/scratch.js';

describe('an exported table of a list', () => {
  const server = serveAsked((url, response) => {
    response.statusCode = url === '/gone' ? 404 : 200;
    response.end(url);
  });

  interface Row {
    readonly url: string;
    readonly name: string;
    readonly status: string;
    readonly error: string | null;
    readonly message: string | null;
    readonly size: number | null;
    readonly caption: string | null;
  }

  async function rowsOf(cwd: string, ...more: string[]): Promise<Row[]> {
    const { status, stdout, stderr } = await warmSluice(['export', 'd', '--format', 'jsonl', ...more], { cwd });
    assert.equal(status, 0, stderr);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Row);
  }

  const short = (rows: readonly Row[]): string[] =>
    rows.map(({ url, name, status, size, caption }) => {
      return [url.replace(server.origin, ''), name, status, size ?? '-', caption ?? '-'].join(' ');
    });

  const CAPTIONED = (): string =>
    [
      'url,caption,name',
      'no-url,first,',
      `${server.origin}/a,one,`,
      `${server.origin}/b,two,`,
      `${server.origin}/a,one again,`,
      ',nothing,',
      `${server.origin}/gone,lost,`,
      `${server.origin}/a,other name,z.txt`,
      `${server.origin}/gone,lost again,`,
      `${server.origin}/a,and again,z.txt`,
      `${server.origin}/a,once more,`,
      'two fields,only',
      '',
    ].join('\n');
  const ROWS = [
    'no-url  error - first',
    '/a a ok 2 one',
    '/b b ok 2 two',
    '/a a ok 2 one again',
    '  error - nothing',
    '/gone gone not_found - lost',
    '/a z.txt ok 2 other name',
    '/gone gone not_found - lost again',
    '/a z.txt ok 2 and again',
    '/a a ok 2 once more',
    'two fields,only  error - -',
  ];
  const GET = ['get', '-i', 'list.csv', '-d', 'd', '-q', '--tries', '1', '--keep-columns', 'caption'];
  const NAMED = [...GET, '--name-column', 'name'];

  for (const layout of ['flat', 'hashed', 'tar']) {
    test(`has every row of it, in order, run after run, in the layout ${layout}`, async (t) => {
      const cwd = scratch(t);
      writeFileSync(join(cwd, 'list.csv'), CAPTIONED());
      const hashed = (rows: readonly Row[]): string[] =>
        short(rows).map((row) => row.replace(/ [0-9a-f]\/[0-9a-f]\//, ' '));
      for (let run = 0; run < 3; run += 1) {
        const { status, stderr } = await warmSluice([...NAMED, '--layout', layout], { cwd });
        assert.equal(status, 1, stderr);
        assert.deepEqual(hashed(await rowsOf(cwd)), ROWS);
      }
      await warmSluice(['retry', 'd', '-q'], { cwd });
      assert.deepEqual(hashed(await rowsOf(cwd)), ROWS);
      const errors = await rowsOf(cwd, '--status', 'error');
      assert.deepEqual(
        errors.map(({ error, message }) => `${error} ${message}`),
        [
          'LIST_LINE list.csv:2: not an http or https URL: no-url',
          'LIST_LINE list.csv:6: no URL',
          'LIST_LINE list.csv:12: 2 fields, where the first row has 3: two fields,only',
        ],
      );
    });
  }

  test('has columns of rows that were refused, whatever the format and the fault', async (t) => {
    const cwd = scratch(t);
    const rows = [
      { url: 7, caption: 'a number' },
      { caption: 'none' },
      { url: 'a\tb', caption: 'a tab' },
      { url: `${server.origin}/a`, caption: 'its name', name: ['x'] },
      { url: `${server.origin}/a`, caption: 'its checksum', sum: 'abc' },
      { url: `${server.origin}/a`, caption: 'right' },
      { url: 'ftp://x/', caption: 'another scheme' },
    ];
    const captions = rows.map(({ caption, url }, n) => `${n === 5 ? 'ok' : 'error'} ${caption} ${typeof url}`);
    writeFileSync(join(cwd, 'l.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    writeFileSync(join(cwd, 'l.json'), JSON.stringify(rows));
    const columns = ['--keep-columns', 'caption', '--name-column', 'name', '--checksum-column', 'sum'];
    for (const list of ['l.jsonl', 'l.json']) {
      await warmSluice(['get', '-i', list, '-d', 'd', '-q', '--overwrite', ...columns], { cwd });
      assert.deepEqual(
        (await rowsOf(cwd)).map(({ status, caption }, n) => `${status} ${caption} ${typeof rows[n]?.url}`),
        captions,
        list,
      );
    }
  });

  test('forgets rows of a list that was changed, and gives none of them to another program', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'list.csv'), CAPTIONED());
    await warmSluice(NAMED, { cwd });
    const { stdout } = await warmSluice(['export', 'd', '--format', 'aria2', '--status', 'ok,error,not_found'], {
      cwd,
    });
    assert.deepEqual(
      stdout.match(/^ out=.*$/gm),
      ['a', 'b', 'gone', 'z.txt'].map((name) => ` out=${name}`),
    );
    writeFileSync(join(cwd, 'list.csv'), `url,caption,name\nno-url,first,\n${server.origin}/a,one,\nnonsense,new,\n`);
    await warmSluice(NAMED, { cwd });
    assert.deepEqual(short(await rowsOf(cwd)), [ROWS[0], ROWS[1], ROWS[2], ROWS[5], ROWS[6], 'nonsense  error - new']);
    const again = await warmSluice([...NAMED, '--overwrite'], { cwd });
    assert.equal(again.status, 1, again.stderr);
    assert.deepEqual(short(await rowsOf(cwd)), [ROWS[0], ROWS[1], 'nonsense  error - new']);
  });

  test('has no columns that would be too long for the journal, whose rows are refused', async (t) => {
    const cwd = scratch(t);
    const lengths = [2 ** 20 - 20, 2 ** 20, 3 * 2 ** 20];
    const columnData = [
      { name: 'url', data: lengths.map((_, n) => `${server.origin}/${n}`), type: 'STRING' as const },
      { name: 'caption', data: lengths.map((length) => 'x'.repeat(length)), type: 'STRING' as const },
    ];
    writeFileSync(join(cwd, 'list.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    // Each of these bytes takes six in JSON.
    writeFileSync(join(cwd, 'list.csv'), `url,caption\n${server.origin}/3,${'\u0001'.repeat(200_000)}\n`);
    const lists = ['-i', 'list.parquet', '-i', 'list.csv'];
    const get = ['get', ...lists, '-d', 'd', '--keep-columns', 'caption'];
    for (let run = 0; run < 2; run += 1) {
      const { status, stderr } = await warmSluice(get, { cwd });
      assert.equal(status, 1);
      assert.equal(stderr.match(/columns of more than 1 MiB/g)?.length, 3, stderr);
    }
    assert.deepEqual(
      (await rowsOf(cwd)).map(({ status, caption }) => [status, caption?.length]),
      [
        ['ok', 2 ** 20 - 20],
        ['error', undefined],
        ['error', undefined],
        ['error', undefined],
      ],
    );
  });

  test('has rows that a plain list refused, and not its duplicates, which say nothing else', async (t) => {
    const cwd = scratch(t);
    writeFileSync(join(cwd, 'urls'), `${server.origin}/a\nnonsense\n${server.origin}/a\n${server.origin}/b\n`);
    const list = (path: string): Promise<unknown> => warmSluice(['get', '-i', path, '-d', 'd', '-q'], { cwd });
    await list('urls');
    assert.deepEqual(
      (await rowsOf(cwd)).map(({ url }) => url.replace(server.origin, '')),
      ['/a', 'nonsense', '/b'],
    );
    // A list without such rows costs the journal nothing.
    writeFileSync(join(cwd, 'more'), `${server.origin}/a\n${server.origin}/a\n`);
    const { size } = statSync(join(cwd, 'd/.sluice/journal'));
    await list('more');
    const added = readFileSync(join(cwd, 'd/.sluice/journal')).subarray(size);
    assert.equal(added.includes('/a'), false);
    assert.deepEqual(
      (await rowsOf(cwd)).map(({ url }) => url.replace(server.origin, '')),
      ['/a', '/b'],
    );
  });
});
