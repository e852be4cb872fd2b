/** The same rows in every format are the same entries, however a list is compressed, encoded and cut into chunks. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { Entry } from '../../src/item.js';
import { SluiceError } from '../../src/errors.js';
import { FORMAT_NAMES, type FormatName } from '../../src/lists/source.js';
import { COLUMNS, entriesOf, parquet, type Row, short, stream, WRITERS } from '../helpers/lists.js';
import { thorough } from '../helpers/thorough.js';

const character = fc.constantFrom(...Array.from('abcXYZ019-_.~,;:!\'"()&<>=é語😀 '), '%20', '""', '&amp;');
const text = (most: number): fc.Arbitrary<string> =>
  fc
    .array(character, { minLength: 1, maxLength: most })
    .map((parts) => Buffer.from(parts.join('')).toString().trim() || 'x');
const row: fc.Arbitrary<Row> = fc.record({
  url: text(12).map((path) => `http://h/${path}`),
  name: text(8),
  checksum: fc.stringMatching(/^[0-9a-f]{64}$/),
});
const rows = fc.array(row, { maxLength: 20 });

/** Of the format by itself, since its name does not say it. */
const UNNAMED: ReadonlySet<FormatName> = new Set(['txt', 'aria2', 'sitemap']);

function chunksOf(bytes: Uint8Array, cuts: readonly number[] | 'bytes'): Uint8Array[] {
  if (cuts === 'bytes') return Array.from(bytes, (byte) => Buffer.of(byte));
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

/** What the format can say of the rows. */
async function expected(format: FormatName, wanted: readonly Row[]): Promise<Entry[]> {
  const hasNames = format !== 'sitemap';
  const urls = wanted.map(({ url, name }) => (hasNames ? { url, name } : { url }));
  const entries = await entriesOf({ kind: 'urls', urls, label: 'argument' });
  if (format === 'txt' || format === 'sitemap') return entries;
  return entries.map((entry, at) => {
    if (entry.kind !== 'item') return entry;
    const { checksum: hex = '' } = wanted[at] ?? {};
    return { kind: 'item', item: { ...entry.item, details: { checksum: { algorithm: 'sha256', hex } } } };
  });
}

function asGiven(content: string | Uint8Array, how: 'plain' | 'gzip' | 'utf16le' | 'utf16be'): Uint8Array {
  const bytes = Buffer.from(content);
  if (how === 'gzip') {
    const half = bytes.length >> 1;
    return Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]);
  }
  if (how === 'plain' || typeof content !== 'string') return bytes;
  const utf16 = Buffer.from(`\ufeff${content}`, 'utf16le');
  return how === 'utf16le' ? utf16 : utf16.swap16();
}

/** What broken lists are made of. */
const PIECES = [
  'url,x\n', 'http://h/a', '"', '""', ',', '\t', '\n', '\r\n', '\r', ' ', '#', '{', '}', '[', ']', '\\', ':', '{"url":"http://h/b"}', '"http://h/c"',
  '<urlset>', '<url><loc>', '</loc></url>', '<file name="x">', '</file>', '<url>', '</url>', '&', '&amp;', ';', '<', '>', '<!-- ', '-->', '<![CDATA[', ']]>',
  ' out=x\n', ' checksum=md5=', '0'.repeat(32), 'é', '\0', '\ufeff', '1', 'null',
]; // prettier-ignore

describe('broken lists', () => {
  const formats = FORMAT_NAMES.filter((format) => format !== 'parquet');
  const isXml = (format: FormatName): boolean => format === 'metalink' || format === 'sitemap';
  const read = async (chunks: readonly Uint8Array[], format: FormatName): Promise<unknown> => {
    const entries = await entriesOf(stream(chunks, 'list', { format })).catch((error: unknown) => {
      assert.ok(error instanceof SluiceError, String(error));
      return error.message;
    });
    // What the parser of XML finds at fault first, and in which line, depends on how far it has looked.
    if (!isXml(format) || typeof entries === 'string') return entries;
    const items = entries.filter(({ kind }) => kind !== 'refused');
    return { items: short(items), isWhole: items.length === entries.length };
  };

  for (const format of formats) {
    it(`are the same wherever they are cut (${format})`, async () => {
      const piece = fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...PIECES).map((text) => Buffer.from(text)) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)) },
      );
      const list = fc.array(piece, { maxLength: 25 }).map((parts) => Buffer.concat(parts));
      await fc.assert(
        fc.asyncProperty(list, fc.array(fc.nat(), { maxLength: 6 }), async (bytes, cuts) => {
          const whole = await read([bytes], format);
          assert.deepEqual(await read(chunksOf(bytes, cuts), format), whole);
          assert.deepEqual(await read(chunksOf(bytes, 'bytes'), format), whole);
        }),
        { numRuns: thorough ? 200 : 20 },
      );
    });
  }
});

describe('lists of every format', () => {
  for (const format of FORMAT_NAMES) {
    it(`gives the rows of ${format} as they are`, async () => {
      const cuts = fc.oneof(fc.constant('bytes' as const), fc.array(fc.nat(), { maxLength: 6 }));
      const how = fc.constantFrom('plain', 'gzip', 'utf16le', 'utf16be');
      await fc.assert(
        fc.asyncProperty(rows, cuts, how, async (wanted, cut, how) => {
          const bytes = asGiven(WRITERS[format](wanted), how);
          const label = UNNAMED.has(format) ? 'list' : `list.${format}`;
          const reading = { ...COLUMNS, format: UNNAMED.has(format) ? format : undefined };
          const entries = await entriesOf(stream(chunksOf(bytes, cut), label, reading));
          assert.deepEqual(entries, await expected(format, wanted));
        }),
        { numRuns: thorough ? 60 : 8 },
      );
    });
  }

  it('reads parquet whatever the sizes of its row groups and pages', async () => {
    const size = fc.integer({ min: 1, max: 500 });
    await fc.assert(
      fc.asyncProperty(rows, size, size, async (wanted, group, page) => {
        const bytes = parquet(wanted, group, page);
        const entries = await entriesOf(stream([bytes], 'list', COLUMNS));
        assert.deepEqual(entries, await expected('parquet', wanted));
      }),
      { numRuns: thorough ? 100 : 10 },
    );
  });
});
