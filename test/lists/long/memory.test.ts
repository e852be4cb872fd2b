/** Memory does not grow with a list, in whatever format it is. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { FormatName } from '../../../src/lists/source.js';
import { scratch } from '../../helpers/scratch.js';

const COUNT = 1_000_000;
/** That a list of lines takes, and that others take more than one of lines, in bytes. */
const MORE = 60e6;

const url = (at: number): string => `http://127.0.0.1:8188/c/${String(at).padStart(6, '0')}.bin`;

type Write = readonly [start: string, row: (at: number) => string, end: string];

const WRITERS: Readonly<Record<Exclude<FormatName, 'parquet'>, Write>> = {
  txt: ['', (at) => `${url(at)}\n`, ''],
  csv: ['url,caption,n\n', (at) => `${url(at)},a caption of it,${at}\n`, ''],
  tsv: ['url\tcaption\tn\n', (at) => `${url(at)}\t"a ""caption"" of it"\t${at}\n`, ''],
  jsonl: ['', (at) => `{"url":"${url(at)}","caption":"a caption of it","n":${at}}\n`, ''],
  json: ['[', (at) => `${at === 0 ? '' : ','}{"url":"${url(at)}","n":${at}}`, ']'],
  aria2: ['', (at) => `${url(at)}\n  split=5\n`, ''],
  metalink: ['<metalink>', (at) => `<file name="${at}.bin"><url>${url(at)}</url></file>\n`, '</metalink>'],
  sitemap: ['<urlset>', (at) => `<url><loc>${url(at)}</loc></url>\n`, '</urlset>'],
};

async function write(path: string, [start, row, end]: Write): Promise<void> {
  const list = createWriteStream(path);
  list.write(start);
  for (let first = 0; first < COUNT; first += 10_000) {
    const rows = Array.from({ length: 10_000 }, (_, at) => row(first + at)).join('');
    if (!list.write(rows)) await once(list, 'drain');
  }
  list.end(end);
  await finished(list);
}

interface Cost {
  /** The peak of a process that plans the list, in bytes. */
  readonly peak: number;
  /** What it had before it did. */
  readonly before: number;
  /** Its seconds of processor time. */
  readonly cpu: number;
}

async function costOf(path: string): Promise<Cost> {
  const program = `
    import { plan } from ${JSON.stringify(new URL('../../../src/plan/plan.js', import.meta.url).href)};
    import { peakMemory } from ${JSON.stringify(new URL('../../../src/bench/peak-memory.js', import.meta.url).href)};
    const used = process.cpuUsage();
    const before = process.memoryUsage.rss();
    let items = 0;
    for await (const batch of plan([{ kind: 'file', path: ${JSON.stringify(path)} }])) {
      for (const entry of batch) if (entry.kind === 'item') items += 1;
    }
    const { user, system } = process.cpuUsage(used);
    console.log(JSON.stringify({ items, before, peak: peakMemory(), cpu: (user + system) / 1e6 }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  const { items, ...cost } = JSON.parse(stdout) as Cost & { readonly items: number };
  assert.equal(items, COUNT);
  return cost;
}

test('a list of a million lines takes less than 60 MB, and one of any other format less than 60 MB more', async (t) => {
  const folder = scratch(t);
  let ofLines = 0;
  for (const [format, writer] of Object.entries(WRITERS)) {
    const path = join(folder, `list.${format}`);
    await write(path, writer);
    const { before, peak, cpu } = await costOf(path);
    if (format === 'txt') {
      ofLines = peak;
      assert.ok(peak - before < MORE, `${((peak - before) / 1e6).toFixed(1)} MB for lines`);
    }
    t.diagnostic(`${format}: ${(peak / 1e6).toFixed(1)} MB, ${cpu.toFixed(2)} s of processor time`);
    assert.ok(peak < ofLines + MORE, `${format}: ${((peak - ofLines) / 1e6).toFixed(1)} MB more`);
  }
  // All rows are in one group, which is read page by page.
  for (const [codec, name] of [
    ['SNAPPY', 'snappy'],
    ['UNCOMPRESSED', 'plain'],
  ] as const) {
    // prettier-ignore
    const path = join(folder, `${name}.parquet`);
    const columnData = [
      { name: 'url', data: Array.from({ length: COUNT }, (_, at) => url(at)), type: 'STRING' as const },
      { name: 'n', data: Int32Array.from({ length: COUNT }, (_, at) => at), type: 'INT32' as const },
    ];
    writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, codec, rowGroupSize: COUNT })));
    const { peak, cpu } = await costOf(path);
    t.diagnostic(`${name}.parquet: ${(peak / 1e6).toFixed(1)} MB, ${cpu.toFixed(2)} s of processor time`);
    assert.ok(peak < ofLines + MORE, `parquet: ${((peak - ofLines) / 1e6).toFixed(1)} MB more`);
  }
});
