/** What is wrong with a list is told with its place and a way out, and what can be read is read. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { SluiceError } from '../../src/errors.js';
import type { ReadingOptions } from '../../src/lists/source.js';
import { plan } from '../../src/plan/plan.js';
import { entriesOf, list, parquet, short, stream } from '../helpers/lists.js';
import { scratch } from '../helpers/scratch.js';

async function read(content: string | Uint8Array, label: string, reading?: ReadingOptions): Promise<string[]> {
  return short(await entriesOf(list(content, label, reading)));
}

/** What a file is refused with before any entry. */
async function refusal(
  test: { after(fn: () => void): void },
  content: string | Uint8Array,
  name: string,
  reading: ReadingOptions = {},
): Promise<string> {
  const path = join(scratch(test), name);
  writeFileSync(path, content);
  const first = plan([
    { kind: 'urls', urls: ['http://h/first'], label: 'argument' },
    { kind: 'file', path, reading },
  ]);
  const error = await first.next().then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error as SluiceError,
  );
  assert.notEqual(error.hint, '');
  return error.message.replace(path, 'LIST');
}

/** As a file is read. */
function inParts(text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  const count = Math.ceil(bytes.length / 65_536);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * 65_536, (at + 1) * 65_536));
}

const HASH = 'a'.repeat(64);
const ROWS = Array.from({ length: 400 }, (_, at) => ({ url: `http://h/${at}`, name: `n${at}`, checksum: HASH }));

describe('bad lists', () => {
  it('refuses records of csv that are none, and reads on', async () => {
    const csv = [
      'id,url,caption',
      '1,http://h/a,"x, ""y""\nz"',
      '2,http://h/b',
      '3,ftp://h/c,',
      '4,http://h/d,"a"b',
      '5,http://h/e\u0001,',
      '6,http://h/f,"never closed',
      '7,http://h/g,',
    ];
    assert.deepEqual(await read(csv.join('\r\n'), 'a.csv'), [
      'a',
      'a.csv:4: 2 fields, where the first row has 3: 2,http://h/b',
      'a.csv:5: the scheme ftp is neither http nor https: ftp://h/c',
      'a.csv:6: text after a closing quote: 4,http://h/d,"a',
      'a.csv:7: the control character U+0001: http://h/e\\u{1}',
      'a.csv:8: a quote that is opened and not closed: 6,http://h/f,"never closed\\u{d}',
      'g',
    ]);
  });

  it('refuses a record of csv that is longer than 1 MiB, quoted or not, and reads on', async () => {
    for (const start of ['http://h/long,', 'http://h/long,"']) {
      const csv = `url,x\n${start}${'x'.repeat(3 << 20)}\nhttp://h/b,\n`;
      const [long = '', ...rest] = short(await entriesOf(stream(inParts(csv), 'a.csv')));
      assert.match(long, /^a\.csv:2: (?:longer than 1 MiB|a quote that is opened and not closed): http:\/\/h\/long,/);
      assert.deepEqual(rest, ['b']);
    }
  });

  it('refuses csv that is not UTF-8, record by record', async () => {
    const csv = Buffer.from('url,x\nhttp://h/a,caf\xe9\nhttp://h/b,cafe\n', 'latin1');
    assert.deepEqual(await read(csv, 'a.csv'), ['a.csv:2: not UTF-8: http://h/a,caf\ufffd', 'b']);
  });

  it('names the columns that there are, before anything is requested, where one is not there', async (t) => {
    const csv = 'id,link,caption\n1,http://h/a,x\n';
    const has = 'it has id, link, caption';
    assert.equal(await refusal(t, csv, 'a.csv'), `--input-file LIST has no column url; ${has}`);
    for (const reading of [
      { urlColumn: 'x' },
      { nameColumn: 'x', urlColumn: 'link' },
      { keepColumns: ['link', 'x'], urlColumn: 'link' },
    ]) {
      assert.equal(await refusal(t, csv, 'a.csv', reading), `--input-file LIST has no column x; ${has}`);
    }
    assert.equal(await refusal(t, csv, 'a.csv', { urlColumn: '4' }), `--input-file LIST has no column 4; ${has}`);
    assert.equal(
      await refusal(t, parquet(ROWS, 100, 1000), 'a.parquet', { urlColumn: 'x' }),
      '--input-file LIST has no column x; it has checksum, url, name',
    );
    assert.equal(
      await refusal(t, gzipSync('id,"url\n1,2'), 'a.csv.gz'),
      '--input-file LIST:1: a quote that is opened and not closed',
    );
  });

  it('refuses lines of jsonl that say no URL, and reads on', async () => {
    const jsonl = ['{"url":"http://h/a"}', '{"url":5}', '{"uri":"x"}', '[1]', '{bad', '"http://h/b"', '', '\xff'];
    const bytes = Buffer.from(jsonl.join('\n'), 'latin1');
    const messages = await read(bytes, 'a.jsonl');
    assert.match(messages[4] ?? '', /^a\.jsonl:5: not JSON \(.+\): \{bad$/);
    assert.deepEqual(
      [...messages.slice(0, 4), ...messages.slice(5)],
      [
        'a',
        'a.jsonl:2: the URL is a number, not a text',
        'a.jsonl:3: no url among uri',
        'a.jsonl:4: neither an object nor a text: [1]',
        'b',
        'a.jsonl:8: not UTF-8: \ufffd',
      ],
    );
    const long = `{"url":"http://h/${'x'.repeat(2 << 20)}"}\n"http://h/b"`;
    const [first = '', ...rest] = await read(long, 'a.jsonl');
    assert.match(first, /^a\.jsonl:1: longer than 1 MiB/);
    assert.deepEqual(rest, ['b']);
  });

  it('refuses elements of json that say no URL, tells where its array is cut, and reads what is whole', async () => {
    const whole = '[{"url":"http://h/a","s":"]}\\\\\\""},\n5,{"x":1},{bad},[],"http://h/b" ,{"url":null}]';
    const messages = await read(whole, 'a.json');
    assert.match(messages[3] ?? '', /^a\.json:4: not JSON \(.+\): \{bad\}$/);
    assert.deepEqual(
      messages.filter((_, at) => at !== 3),
      [
        'a',
        'a.json:2: neither an object nor a text: 5',
        'a.json:3: no url among x',
        'a.json:5: neither an object nor a text: []',
        'b',
        'a.json:7: the URL is null, not a text',
      ],
    );
    const cut = await read('[{"url":"http://h/a"},{"url":"http://h/b', 'a.json');
    assert.deepEqual(cut, ['a', 'a.json:2: the list ends before its array does: {"url":"http://h/b']);
    assert.deepEqual(await read('["http://h/a",', 'a.json'), ['a', 'a.json:2: the list ends before its array does']);
    const long = `["${'x'.repeat(2 << 20)}","http://h/b"]`;
    const [first = '', ...rest] = short(await entriesOf(stream(inParts(long), 'a.json')));
    assert.match(first, /^a\.json:1: longer than 1 MiB/);
    assert.deepEqual(rest, ['b']);
  });

  it('refuses checksums that are none', async () => {
    const reading: ReadingOptions = { checksumColumn: { column: 'hash', algorithm: undefined } };
    const csv = `url,hash\nhttp://h/a,${HASH}\nhttp://h/b,zz\nhttp://h/c,abc\nhttp://h/d,\n`;
    assert.deepEqual(await read(csv, 'a.csv', reading), [
      'a',
      'a.csv:3: a checksum that is not hexadecimal: http://h/b',
      'a.csv:4: a checksum of 3 digits, which is not the length of any that is known: http://h/c',
      'd',
    ]);
    const md5: ReadingOptions = { checksumColumn: { column: 'hash', algorithm: 'md5' } };
    const [message] = await read(csv, 'a.csv', md5);
    assert.equal(message, 'a.csv:2: a checksum of 64 digits, which is not the length of md5: http://h/a');
  });

  it('refuses downloads of aria2 whose options are wrong, and reads on', async () => {
    const aria2 = [
      'http://h/a\thttp://m/a\tftp://m/a',
      '  split=5',
      'http://h/b',
      ' checksum=sha-3=00',
      'http://h/c',
      ' header=Connection: close',
      'http://h/d',
      ' header=none',
      'http://h/e\tnone',
      'magnet:?x',
      'http://h/f',
    ];
    const entries = await entriesOf(list(aria2.join('\n'), 'list'));
    assert.deepEqual(short(entries), [
      'a',
      'list:3: a checksum of an algorithm that is not known: http://h/b',
      'list:5: a header that belongs to the connection: http://h/c',
      'list:7: a header that is none: http://h/d',
      'list:9: not an http or https URL: none',
      'list:10: not an http or https URL: magnet:?x',
      'f',
    ]);
  });

  it('tells of XML what is not well-formed, takes bare ampersands, and follows no index of sitemaps', async () => {
    const sitemap =
      '<urlset><url><loc>http://h/a?x&y=1</loc></url>\n<url><loc>http://h/b</wrong></loc></url><url><loc>http://h/c</loc></url>';
    const messages = await read(sitemap, 'a.xml');
    assert.deepEqual(messages, ['a', 'b', 'a.xml:2: not well-formed XML (unexpected close tag.)']);
    const cut = '<urlset><url><loc>http://h/a</loc></url>\n<url><loc>http://h/c';
    assert.deepEqual(await read(cut, 'a.xml'), ['a', 'a.xml:2: not well-formed XML (unclosed tag: loc)']);
    const index = '<sitemapindex><sitemap><loc>http://h/s.xml</loc></sitemap></sitemapindex>';
    assert.deepEqual(await read(index, 'a.xml'), [
      'a.xml:1: a sitemap of an index, which is not followed: http://h/s.xml',
    ]);
    const endless = `<urlset>${'<a>'.repeat(200)}`;
    assert.match(
      (await read(endless, 'a.xml')).join(),
      /^a\.xml:1: more than 100 elements in one another; the rest is not read$/,
    );
    const text = `<urlset><url><loc>${'x'.repeat(3 << 20)}`;
    assert.match(
      short(await entriesOf(stream(inParts(text), 'a.xml'))).join(),
      /^a\.xml:1: an element longer than 1 MiB; the rest is not read$/,
    );
  });

  it('refuses what is no list before anything is requested', async (t) => {
    const page = '<!DOCTYPE html>\n<html><body>Sign in</body></html>';
    const isPage = 'cannot read --input-file LIST: it is a web page, not a list';
    for (const name of ['list', 'list.txt', 'list.csv', 'list.xml']) assert.equal(await refusal(t, page, name), isPage);
    assert.equal(await refusal(t, gzipSync('  <html lang="en">'), 'list.gz'), isPage);
    assert.match(await refusal(t, '<rss/>', 'a.xml'), /it is neither a sitemap nor a metalink$/);
    const whole = parquet(ROWS, 100, 1000);
    assert.match(
      await refusal(t, whole.subarray(0, whole.length / 2), 'a.parquet'),
      /LIST: it is no whole parquet file$/,
    );
    assert.match(await refusal(t, 'PAR1', 'a.parquet'), /LIST: it is no whole parquet file$/);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, whole.length - 200, whole.length - 8);
    assert.match(await refusal(t, damaged, 'a.parquet'), /LIST: it is a damaged parquet file/);
    const begin = Buffer.from(whole).fill(0xff, 4, 300);
    assert.match(await refusal(t, begin, 'a.parquet'), /LIST: a damaged parquet file/);
    assert.match(await refusal(t, gzipSync('http://h/a\n').subarray(0, 20), 'a.gz'), /LIST: unexpected end of file$/);
    assert.match(await refusal(t, Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(50)]), 'a.gz'), /LIST: /);
  });

  it('leaves no file behind of a parquet that came as a stream', async (t) => {
    const folder = scratch(t);
    const { TMPDIR } = process.env;
    process.env['TMPDIR'] = folder;
    t.after(() => (TMPDIR === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = TMPDIR)));
    const whole = parquet(ROWS, 100, 1000);
    assert.equal((await entriesOf(list(whole, '<stdin>'))).length, ROWS.length);
    await assert.rejects(entriesOf(list(whole.subarray(0, 300), '<stdin>')), /no whole parquet file/);
    assert.deepEqual(readdirSync(folder), []);
  });
});
