/** Lists in every format that say the same, and what the plan makes of them. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Entry } from '../../src/item.js';
import type { FormatName, ReadingOptions, Source } from '../../src/lists/source.js';
import { plan } from '../../src/plan/plan.js';

export interface Row {
  readonly url: string;
  readonly name: string;
  readonly checksum: string;
}

export async function entriesOf(...sources: Source[]): Promise<Entry[]> {
  const entries = [];
  for await (const batch of plan(sources)) {
    assert.ok(batch.length >= 1 && batch.length <= 64);
    entries.push(...batch);
  }
  return entries;
}

/** Each entry in a word or two: the name of an item, the message of a refused line. */
export function short(entries: readonly Entry[]): string[] {
  return entries.map((entry) => {
    if (entry.kind === 'item') return entry.item.name;
    return entry.kind === 'refused' ? entry.refused.error.message : `= ${entry.duplicate.url}`;
  });
}

/** A stream of these chunks, all of them in the same memory, as files are read. */
export function stream(chunks: readonly Uint8Array[], label: string, reading: ReadingOptions = {}): Source {
  const memory = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  const bytes = (async function* () {
    for (const chunk of chunks) {
      memory.fill(0x22);
      memory.set(chunk);
      yield memory.subarray(0, chunk.length);
    }
  })();
  return { kind: 'stream', stream: bytes, label, reading };
}

export function list(content: string | Uint8Array, label: string, reading: ReadingOptions = {}): Source {
  return stream([Buffer.from(content)], label, reading);
}

/** What has to be said of a list besides the list: names and checksums are in columns. */
export const COLUMNS: ReadingOptions = { nameColumn: 'name', checksumColumn: { column: 'checksum' } };

/** The rows as each format writes them; a text where the format is one. */
export const WRITERS: Readonly<Record<FormatName, (rows: readonly Row[]) => string | Uint8Array>> = {
  txt: (rows) => rows.map(({ url, name }) => `${url}\t${name}\n`).join(''),
  csv: (rows) => delimited(rows, ',', '\r\n'),
  tsv: (rows) => delimited(rows, '\t', '\n'),
  jsonl: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  json: (rows) => JSON.stringify(rows, undefined, rows.length % 2),
  parquet: (rows) => parquet(rows, 7, 64),
  aria2: (rows) =>
    rows.map(({ url, name, checksum }) => `${url}\n out=${name}\n  checksum=sha-256=${checksum}\n`).join(''),
  metalink: (rows) =>
    `<?xml version="1.0"?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">${rows.map(metalinkFile).join('\n')}</metalink>`,
  sitemap: (rows) =>
    `<urlset>${rows.map(({ url }) => `<url><loc>${escaped(url)}</loc><priority>1</priority></url>\n`).join('')}</urlset>`,
};

export function parquet(rows: readonly Row[], rowGroupSize: number, pageSize: number): Uint8Array {
  const column = (name: keyof Row) => ({ name, data: rows.map((row) => row[name]), type: 'STRING' as const });
  const columnData = [column('checksum'), column('url'), column('name')];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize, pageSize }));
}

function delimited(rows: readonly Row[], separator: string, end: string): string {
  const quoted = (text: string): string =>
    /[",\t\r\n]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text;
  const records = [['name', 'URL', 'checksum'], ...rows.map(({ url, name, checksum }) => [name, url, checksum])];
  return records.map((fields) => fields.map(quoted).join(separator) + end).join('');
}

function metalinkFile({ url, name, checksum }: Row): string {
  return `<file name="${escaped(name)}"><hash type="sha-256">${checksum}</hash><url>${escaped(url)}</url></file>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
