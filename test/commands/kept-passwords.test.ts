/** `--keep-columns all`: the column of the URLs is kept, and what passwords they have is told nowhere. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { warmSluice } from '../helpers/cli.js';
import { serveEditions } from '../helpers/editions-server.js';
import { filesBelow } from '../helpers/folders.js';
import { scratch } from '../helpers/scratch.js';

describe('--keep-columns', () => {
  const server = serveEditions();

  for (const extension of ['csv', 'tsv', 'jsonl', 'json', 'parquet']) {
    for (const columns of ['all', 'URL,caption']) {
      test(`${columns} of ${extension} tells no password of a URL`, async (t) => {
        const cwd = scratch(t);
        const host = server.origin.slice('http://'.length);
        const rows = [
          { URL: `http://me:s3cret@${host}/a.txt`, caption: 'a b' },
          { URL: `http://me:s3cret@${host}/a.txt`, caption: 'again' },
          { URL: `http://${host}/b.txt`, caption: 'me:kept@here' },
          { URL: `htp://me:s3cret@${host}/none`, caption: 'no URL' },
        ];
        const list = `list.${extension}`;
        writeList(join(cwd, list), rows);
        const told = ['--report', 'r', '--events', 'e', '--metadata', 'm.jsonl', '--dataset', 'img2dataset'];
        const args = [
          'get',
          '-i',
          list,
          '--url-column',
          'URL',
          '--keep-columns',
          columns,
          '-d',
          'd',
          '--layout',
          'tar',
        ];
        const { status, stdout, stderr } = await warmSluice([...args, ...told], { cwd });
        assert.equal(status, 1, stderr);
        const exported: string[] = [];
        for (const format of ['csv', 'jsonl', 'parquet']) {
          const to = `x.${format}`;
          assert.equal((await warmSluice(['export', 'd', '-o', to], { cwd })).status, 0);
          exported.push(to);
        }
        assert.doesNotMatch(stdout + stderr, /s3cret/);
        for (const file of filesBelow(cwd)) {
          // What is requested, the journal has to know; only its owner can read it.
          if (file === list || file.endsWith('/journal')) continue;
          assert.ok(!readFileSync(join(cwd, file)).includes('s3cret'), file);
        }
        const text = readFileSync(join(cwd, 'x.jsonl'), 'utf8').trimEnd().split('\n');
        const kept = text.map((line) => JSON.parse(line) as { URL?: string; caption?: string });
        assert.deepEqual(
          kept.map(({ URL, caption }) => [URL, caption]),
          rows.map(({ URL, caption }) => [URL.replace('s3cret', '***'), caption]),
        );
      });
    }
  }
});

function writeList(path: string, rows: readonly { readonly URL: string; readonly caption: string }[]): void {
  const separator = path.endsWith('.tsv') ? '\t' : ',';
  if (path.endsWith('.parquet')) {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'URL', data: rows.map(({ URL }) => URL), type: 'STRING' },
        { name: 'caption', data: rows.map(({ caption }) => caption), type: 'STRING' },
      ],
    });
    writeFileSync(path, Buffer.from(bytes));
  } else if (path.endsWith('.jsonl')) writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  else if (path.endsWith('.json')) writeFileSync(path, JSON.stringify(rows));
  else {
    const lines = rows.map(({ URL, caption }) => `${URL}${separator}${caption}`);
    writeFileSync(path, ['URL' + separator + 'caption', ...lines].join('\n'));
  }
}
