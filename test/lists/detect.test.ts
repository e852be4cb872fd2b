/** Which format a list has, and which columns and files of it are read. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { detect } from '../../src/lists/detect.js';
import { listsIn } from '../../src/lists/folder.js';
import type { ReadingOptions } from '../../src/lists/source.js';
import { entriesOf, list, short, stream } from '../helpers/lists.js';
import { scratch } from '../helpers/scratch.js';

function formatOf(content: string, label = '<stdin>', reading: ReadingOptions = {}): string | undefined {
  const found = detect(Buffer.from(content), true, label, reading);
  return found === undefined || 'format' in found ? found?.format : found.reason;
}

describe('the format of a list', () => {
  const cases: [expected: string, content: string, label?: string][] = [
    ['txt', ''],
    ['txt', 'http://h/a\nhttp://h/b\tname'],
    ['txt', '# url,name\nhttp://h/a,b'],
    ['txt', 'x,y\n1,2'],
    ['txt', 'url\nhttp://h/a'],
    ['csv', 'id,"URL",x\n1,http://h/a,'],
    ['tsv', '\nid\turl\n1\thttp://h/a'],
    ['csv', '1,http://h/a', 'list.csv'],
    ['csv', '1,http://h/a', 'https://h/list.CSV.gz?v=1#x'],
    ['tsv', '', 'a/b.tsv.zst'],
    ['jsonl', ' {"url":"http://h/a"}', 'list.txt'],
    ['jsonl', '"http://h/a"', 'list.ndjson'],
    ['json', '\n["http://h/a"]'],
    ['json', '{}', 'list.json'],
    ['parquet', 'PAR1...', 'list.txt'],
    ['parquet', '', 'list.parquet'],
    ['aria2', 'http://h/a\n  out=x\n'],
    ['aria2', '# mirrors\nhttp://h/a\thttps://m/a\n'],
    ['txt', 'http://h/a\n  other=x\n'],
    ['sitemap', '<?xml version="1.0"?>\n<!-- <html> -->\n<urlset xmlns="x">', 'list.xml'],
    ['sitemap', '<s:sitemapindex>'],
    ['metalink', '<metalink xmlns="x">'],
    ['metalink', '', 'list.meta4'],
    ['it is a web page, not a list', '<!doctype HTML><title>x'],
    ['it is a web page, not a list', '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>', 'list.csv'],
    ['it is neither a sitemap nor a metalink', '<rss>'],
  ];
  for (const [expected, content, label] of cases) {
    it(`is ${expected} where ${JSON.stringify(content)} is in ${label ?? 'a stream'}`, () => {
      assert.equal(formatOf(content, label), expected);
    });
  }

  it('is csv where another column is named for the URL', () => {
    assert.equal(formatOf('id,link\n1,http://h/a', '<stdin>', { urlColumn: 'link' }), 'csv');
  });

  it('is seen behind a byte order mark, which is no part of the list', async () => {
    for (const content of ['http://h/a\n', 'url,x\nhttp://h/a,\n', '{"url":"http://h/a"}', '["http://h/a"]']) {
      assert.deepEqual(short(await entriesOf(list(`\ufeff${content}`, '<stdin>'))), ['a'], content);
    }
  });

  it('is open as long as no line is whole', () => {
    for (const start of ['', '\n', '# x\n', 'http://h/a', 'id,url', '<!-- ', '<urls']) {
      assert.equal(detect(Buffer.from(start), false, '<stdin>', {}), undefined, start);
    }
    assert.deepEqual(detect(Buffer.from('http://h/a\n'), false, '<stdin>', {}), { format: 'txt' });
  });
});

describe('the columns of a list', () => {
  it('are found by name, or by number from 1; without a header only by number', async () => {
    const headed = 'id,Link,n\n1,http://h/a,x\n';
    const bare = '1,http://h/a,x\n2,http://h/b,y\n';
    const names = async (csv: string, reading: ReadingOptions): Promise<string[]> =>
      short(await entriesOf(list(csv, 'a.csv', reading)));
    assert.deepEqual(await names(headed, { urlColumn: 'Link' }), ['a']);
    assert.deepEqual(await names(headed, { urlColumn: '2', nameColumn: 'n' }), ['x']);
    assert.deepEqual(await names(bare, {}), ['a', 'b']);
    assert.deepEqual(await names(bare, { urlColumn: '2', nameColumn: '3' }), ['x', 'y']);
    await assert.rejects(names(bare, { nameColumn: 'n' }), /has no column n; it has 1, 2, 3$/);
  });

  it('are kept as the list has them, in its order', async () => {
    const kept = async (content: string, label: string, keepColumns: 'all' | string[]): Promise<unknown[]> => {
      const entries = await entriesOf(list(content, label, { keepColumns }));
      return entries.map((entry) => entry.kind === 'item' && entry.item.details?.columns);
    };
    const csv = 'b,url,a,__proto__\n"1,2",http://h/a,,p\n';
    const all = { b: '1,2', url: 'http://h/a', a: '', ['__proto__']: 'p' };
    assert.deepEqual(await kept(csv, 'a.csv', 'all'), [all]);
    assert.deepEqual(await kept(csv, 'a.csv', ['a', 'b']), [{ a: '', b: '1,2' }]);
    const jsonl = '{"url":"http://h/a","n":[1,null,{"x":true}],"m":1.5}';
    assert.deepEqual(await kept(jsonl, 'a.jsonl', 'all'), [JSON.parse(jsonl)]);
    assert.deepEqual(await kept(jsonl, 'a.jsonl', ['n', 'none']), [{ n: [1, null, { x: true }] }]);
  });

  it('give mirrors, headers and checksums of aria2 and metalink', async () => {
    const hash = 'AB'.repeat(20);
    const aria2 = `HTTP://H/a\thttp://M:80/a\n out=x\n dir=data/../sub\n checksum=sha-1=${hash}\n header=X-A: b:c\n referer=http://r/\n`;
    const [entry] = await entriesOf(list(aria2, 'list'));
    assert.deepEqual(entry?.kind === 'item' && [entry.item.url, entry.item.name, entry.item.details], [
      'http://h/a',
      'data/sub/x',
      {
        checksum: { algorithm: 'sha1', hex: hash.toLowerCase() },
        headers: ['X-A', 'b:c', 'referer', 'http://r/'],
        mirrors: ['http://m/a'],
      },
    ]);
    const metalink = `<metalink><file name="d/x"><hash type="md5">${'0'.repeat(32)}</hash><hash type="sha-1">${hash}</hash>
      <pieces><hash>${'1'.repeat(40)}</hash></pieces>
      <url priority="2">http://h/2</url><url priority="1">http://h/1</url><url>ftp://h/3</url></file></metalink>`;
    const [file] = await entriesOf(list(metalink, 'list'));
    assert.deepEqual(file?.kind === 'item' && [file.item.url, file.item.name, file.item.details], [
      'http://h/1',
      'd/x',
      { checksum: { algorithm: 'sha1', hex: hash.toLowerCase() }, mirrors: ['http://h/2'] },
    ]);
  });
});

describe('a compressed list', () => {
  /** `printf 'http://h/a\nhttp://h/b\n' | zstd`: Node compresses so only from 22.15 on. */
  const zstd = Buffer.from('28b52ffd04589d000068687474703a2f2f682f610a620a01002e8a1772771d99', 'hex');

  it('is read whatever its name, in several frames, and once more compressed', async () => {
    for (const bytes of [zstd, gzipSync(zstd), gzipSync(gzipSync('http://h/a\nhttp://h/b'))]) {
      assert.deepEqual(short(await entriesOf(list(bytes, 'list.txt'))), ['a', 'b']);
    }
    const twice = short(await entriesOf(list(Buffer.concat([zstd, zstd]), 'list')));
    assert.deepEqual(twice, ['a', 'b', '= http://h/a', '= http://h/b']);
    const skipped = Buffer.from('502a4d1803000000616263', 'hex');
    const frames = Buffer.concat([zstd, skipped, zstd]);
    for (const length of [1, 2, 7, 40]) {
      const chunks = Array.from({ length: Math.ceil(frames.length / length) }, (_, i) =>
        frames.subarray(i * length, (i + 1) * length),
      );
      assert.deepEqual(short(await entriesOf(stream(chunks, 'list'))), ['a', 'b', '= http://h/a', '= http://h/b']);
    }
  });

  it('is refused where it is cut or damaged', async () => {
    const damaged = Buffer.from(zstd).fill(0xff, 8, 20);
    for (const bytes of [zstd.subarray(0, 20), damaged, gzipSync('http://h/a').subarray(0, -4)]) {
      await assert.rejects(entriesOf(list(bytes, 'list')), { code: 'LIST_UNREADABLE' });
    }
  });
});

describe('a folder of lists', () => {
  it('is its lists by name, not those below it, nor hidden ones, nor what is none', async (t) => {
    const folder = scratch(t);
    for (const name of ['b.csv', 'a.jsonl.gz', 'c.txt', '.d.csv', '_SUCCESS', 'e.jpg', 'f.gz']) {
      writeFileSync(join(folder, name), '');
    }
    mkdirSync(join(folder, 'g.csv'));
    assert.deepEqual((await listsIn(folder)).map((path) => basename(path)), ['a.jsonl.gz', 'b.csv', 'c.txt']); // prettier-ignore
    assert.deepEqual(await listsIn(join(folder, 'c.txt')), [join(folder, 'c.txt')]);
    await assert.rejects(listsIn(join(folder, 'g.csv')), { code: 'USAGE', message: /is a folder without a list$/ });
  });
});
