/** The same rows in every format: the same files, and the same table of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FORMAT_NAMES, type FormatName } from '../../../src/lists/source.js';
import { OWN_FIELDS } from '../../../src/results/table/fields.js';
import { sluice } from '../../helpers/cli.js';
import { type Row, WRITERS } from '../../helpers/lists.js';
import { scratch } from '../../helpers/scratch.js';

const COUNT = 10_000;
/** They differ from run to run. */
const CHANGING = new Set(['asked', 'answered', 'fetched', 'stored', 'tries']);
const COLUMNS = ['--name-column', 'name', '--checksum-column', 'checksum'];
/** What is a table has to be told which of its columns are names and checksums. */
const WITH_COLUMNS = new Set<FormatName>(['csv', 'tsv', 'jsonl', 'json', 'parquet']);

/** Names that URLs have, some in other folders or in another case once more, and some that need care. */
function nameOf(n: number): string {
  if (n % 50 === 1) return `shared-${n % 1000}.txt`;
  if (n % 50 === 2) return `${n % 100 === 2 ? 'Shared' : 'shared'}-${n % 2000}.txt`;
  if (n % 50 === 3) return `größe, "${n}" & <Δ>.txt`;
  if (n % 50 === 4) return `a b ${n}`;
  if (n % 50 === 5) return `${n}'s; name=x`;
  return `f${n}.${n % 3 === 0 ? 'json' : 'txt'}`;
}

const bodyOf = (path: string): string => `body of ${path}\n`.repeat(path.length % 7);

describe('the same rows in all formats', () => {
  test('give the same files and the same table', async (t) => {
    const server = createServer((request, response) => {
      const path = request.url as string;
      response.statusCode = path.split('/')[1]?.endsWith('77') === true ? 404 : 200;
      response.setHeader('content-type', 'text/plain');
      response.setHeader('etag', `"${path.length}"`);
      response.end(bodyOf(path));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rows = Array.from({ length: COUNT }, (_, n): Row => {
      const name = nameOf(n);
      const path = `/${n}/${encodeURIComponent(name)}`;
      return { url: origin + path, name, checksum: createHash('sha256').update(bodyOf(path)).digest('hex') };
    });

    const cwd = scratch(t);
    const lists = FORMAT_NAMES.map((format) => ({ format, file: `list.${format}`, bytes: bytesOf(format, rows) }));
    lists.push({ format: 'jsonl', file: 'list.jsonl.gz', bytes: gzipSync(bytesOf('jsonl', rows)) });
    const fields = OWN_FIELDS.filter((name) => !CHANGING.has(name));
    let first: { readonly tree: readonly string[]; readonly table: readonly string[] } | undefined;
    for (const { format, file, bytes } of lists) {
      const directory = `d.${file}`;
      writeFileSync(join(cwd, file), bytes);
      const columns = WITH_COLUMNS.has(format) ? COLUMNS : [];
      const given = ['get', '-i', file, '-d', directory, '-q', '-m', '64', '--compute-hash', 'sha256', ...columns];
      const ran = await sluice(given, { cwd });
      assert.equal(ran.status, 1, `${file}: ${ran.stderr}`);
      const table: string[] = [];
      for (const [wanted, status] of [
        [fields, 'ok'],
        // Of a file that is not there, only the list can tell the checksum.
        [fields.filter((name) => name !== 'checksum'), 'not_found'],
      ] as const) {
        const given = ['export', directory, '--format', 'csv', '--fields', wanted.join(','), '--status', status];
        const exported = await sluice(given, { cwd });
        assert.equal(exported.status, 0, `${file}: ${exported.stderr}`);
        table.push(...exported.stdout.split('\n'));
      }
      const found = { tree: treeOf(join(cwd, directory)), table };
      first ??= found;
      assertSame(found.table, first.table, file);
      assertSame(found.tree, first.tree, file);
    }
    const lost = rows.filter((_, n) => n % 100 === 77).length;
    assert.equal(first?.tree.length, COUNT - lost);
    assert.equal(first?.table.filter((line) => line.includes(',ok,')).length, COUNT - lost);
    assert.equal(first?.table.filter((line) => line.includes(',not_found,')).length, lost);
  });
});

/** Shows the first line that is another. */
function assertSame(found: readonly string[], expected: readonly string[], where: string): void {
  const at = expected.findIndex((line, number) => line !== found[number]);
  if (at !== -1) assert.equal(found[at], expected[at], where);
  assert.equal(found.length, expected.length, where);
}

/** A plain list without names, as the sitemap has none. */
function bytesOf(format: FormatName, rows: readonly Row[]): string | Uint8Array {
  return format === 'txt' ? rows.map(({ url }) => `${url}\n`).join('') : WRITERS[format](rows);
}

/** A line of each file, with the hash of its content. */
function treeOf(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => name !== '.sluice');
  return names.toSorted().map((name) => {
    return `${name}: ${createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex')}`;
  });
}
