/** Rows are given as soon as they are there, and lists are opened when they have to be. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { createGzip, constants } from 'node:zlib';
import { plan } from '../../src/plan/plan.js';
import { entriesOf, list, short } from '../helpers/lists.js';
import { scratch } from '../helpers/scratch.js';

/** What is to come before the first row, the row, and what may follow it. */
const STARTS: Readonly<Record<string, string>> = {
  txt: 'http://h/a\nhttp://h/',
  csv: 'id,url\n1,http://h/a\n2,http',
  jsonl: '{"url":"http://h/a"}\n{"url":"http',
  json: '[{"url":"http://h/a"},{"url":"http',
  aria2: 'http://h/a\n  out=a\nhttp://h/b\n  out=b',
  metalink: '<metalink><file name="a"><url>http://h/a</url></file><file>',
  sitemap: '<urlset><url><loc>http://h/a</loc></url><url><loc>http',
};

describe('lists that come slowly', () => {
  for (const [format, start] of Object.entries(STARTS)) {
    it(`give the first row of ${format} before they end, compressed or not`, async () => {
      for (const isCompressed of [false, true]) {
        const input = isCompressed ? createGzip() : new PassThrough();
        const batches = plan([{ kind: 'stream', stream: input, label: '<stdin>' }]);
        input.write(start);
        if (isCompressed) (input as ReturnType<typeof createGzip>).flush(constants.Z_SYNC_FLUSH);
        const { value } = await batches.next();
        assert.deepEqual(short([...value!]), ['a']);
        const end = batches.return();
        input.destroy();
        await end;
      }
    });
  }

  it('are not waited for as long as others are read', async () => {
    const stalled = new PassThrough();
    stalled.write('{');
    const batches = plan([list('http://h/a\n', 'list'), { kind: 'stream', stream: stalled, label: '<stdin>' }]);
    assert.deepEqual(short([...(await batches.next()).value!]), ['a']);
    const next = batches.next();
    stalled.end('"url":"http://h/b"}');
    assert.deepEqual(short([...(await next).value!]), ['b']);
  });
});

describe('many lists', () => {
  it('are looked at before the first entry, but only some stay open until their turn', async (t) => {
    const folder = scratch(t);
    const paths = Array.from({ length: 100 }, (_, at) => join(folder, `${at}.csv`));
    for (const [at, path] of paths.entries()) writeFileSync(path, `url\nhttp://h/${at}\n`);
    const files = paths.map((path) => ({ kind: 'file', path }) as const);
    const isOpen = (fd: string): boolean => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    };
    const open = (): number => readdirSync('/proc/self/fd').filter(isOpen).length;
    const batches = plan(files);
    const [first] = short([...(await batches.next()).value!]);
    assert.equal(first, '0');
    if (process.platform === 'linux') assert.equal(open(), 16);
    const rest = [];
    for await (const batch of batches) rest.push(...short([...batch]));
    assert.deepEqual(rest, paths.slice(1).map((_, at) => String(at + 1))); // prettier-ignore
    if (process.platform === 'linux') assert.equal(open(), 0);
    writeFileSync(paths[99] ?? '', 'link\n');
    await assert.rejects(plan(files).next(), /99\.csv has no column url; it has link$/);
    unlinkSync(paths[99] ?? '');
    await assert.rejects(plan(files).next(), { code: 'LIST_UNREADABLE' });
    if (process.platform === 'linux') assert.equal(open(), 0);
  });

  it('may be empty, in every format that is known by its name', async (t) => {
    const folder = scratch(t);
    for (const name of ['a.txt', 'a.csv', 'a.tsv', 'a.jsonl', 'a.json', 'a.txt.gz']) {
      writeFileSync(join(folder, name), Buffer.alloc(0));
      assert.deepEqual(await entriesOf({ kind: 'file', path: join(folder, name) }), [], name);
    }
  });
});
