import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FrameWriter, PREAMBLE, type RunRecord } from '../../src/journal/format.js';
import { History } from '../../src/journal/history.js';
import { learnedLater } from '../../src/journal/learned.js';
import { keyOf } from '../../src/journal/state-index.js';
import { isItemName, isPlainItemName } from '../../src/plan/paths.js';
import { scratch } from '../helpers/scratch.js';

const RUN: Omit<RunRecord, 'layout' | 'afresh'> = {
  version: '0',
  started: new Date(0).toISOString(),
  pid: 1,
  boot: 'this',
  directory: '/d',
  lists: [],
};

const event = fc.record({
  item: fc.nat(7),
  what: fc.constantFrom('begin', 'replace', 'rename', 'stored', 'linked', 'unproven', 'error', 'changed', 'not_found'),
  shard: fc.nat(2),
});
const run = fc.record({
  layout: fc.constantFrom('flat', 'hashed', 'tar'),
  afresh: fc.boolean(),
  events: fc.array(event, { maxLength: 30 }),
});

const path = (item: number): string => `http://localhost/${item === 3 ? 'a^b' : item === 4 ? 'x/../y' : item}`;

function write(
  writer: FrameWriter,
  { item, what, shard }: typeof event extends fc.Arbitrary<infer E> ? E : never,
  inShards: boolean,
): void {
  const [url, name] = [path(item), `file-${item}.bin`];
  const failed = (code: 'NET_RESET' | 'STORE_CHANGED', status: 'error' | 'not_found'): void =>
    writer.failed(item, { status, code, message: `no ${item}`, hint: '' });
  const file = { size: 10 + item, crc32: 0, ...(inShards && { shard }) };
  if (what === 'begin' || what === 'replace') writer.item(item, keyOf(url, name), url, name, what === 'replace');
  else if (what === 'rename') writer.renamed(item, `other-${item}`, false);
  else if (what === 'error') failed('NET_RESET', 'error');
  else if (what === 'changed') failed('STORE_CHANGED', 'error');
  else if (what === 'not_found') failed('NET_RESET', 'not_found');
  else {
    const same = what === 'linked' ? { name: 'other', linked: true } : undefined;
    writer.learned(item, learnedLater(url, { same }));
    writer.stored(item, file, what === 'unproven');
  }
}

test('counts what is told of each item, whatever runs have done', async (t) => {
  const journal = join(scratch(t), 'journal');
  const shards = new Set([0, 1]);
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 4 }), async (runs) => {
      const writer = new FrameWriter();
      for (const { layout, afresh, events } of runs) {
        writer.run({ ...RUN, layout, afresh });
        for (const each of events) write(writer, each, layout === 'tar');
      }
      writeFileSync(journal, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
      const told = { stored: 0, bytes: 0, unproven: 0, linked: 0, notFound: 0, errors: 0, unfinished: 0 };
      const failures: string[] = [];
      for await (const batch of (await History.open(journal))?.outcomes() ?? []) {
        for (const past of batch) {
          if (past.status === 'unfinished') told.unfinished += 1;
          else if (past.status === 'failed' || (past.stored.shard ?? 0) > 1) {
            told[past.status === 'failed' && past.failure.status === 'not_found' ? 'notFound' : 'errors'] += 1;
            failures.push(past.item.url);
          } else {
            told.stored += 1;
            told.bytes += past.stored.size;
            told.unproven += past.stored.unproven ? 1 : 0;
            told.linked += past.learned?.same?.linked === true ? 1 : 0;
          }
        }
      }
      const counted = await (await History.open(journal))?.count(shards, 3);
      const { stored, bytes, unproven, linked, notFound, errors, unfinished } = counted?.account ?? {};
      assert.deepEqual({ stored, bytes, unproven, linked, notFound, errors, unfinished }, told);
      assert.deepEqual(
        counted?.failures.map(({ url }) => url),
        failures.slice(0, 3),
      );
    }),
  );
});

test('refuses a journal that tells of a name which no item has', async (t) => {
  const journal = join(scratch(t), 'journal');
  for (const name of ['../a', 'CON', 'a/../b', '.a', 'a.']) {
    const writer = new FrameWriter();
    writer.run({ ...RUN, layout: 'flat', afresh: false });
    writer.item(0, keyOf(path(0), name), path(0), name);
    writeFileSync(journal, Buffer.concat([PREAMBLE, writer.take(PREAMBLE.length)]));
    const history = await History.open(journal);
    await assert.rejects(async () => history?.count(new Set(), 0), { code: 'STORE_JOURNAL' }, name);
  }
});

test('takes a name for plain only where it is one of an item', () => {
  const part = fc.oneof(
    fc.constantFrom('con', 'nul', 'com1', 'a', '', '.', '-', 'é', 'file', 'x'.repeat(70)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(part, fc.constantFrom('', '.', '-', '/', 'b'))), (parts) => {
      const name = parts.flat().join('');
      const bytes = Buffer.from(`/${name}/`);
      if (isPlainItemName(bytes, 1, bytes.length - 1)) assert.ok(isItemName(name), name);
    }),
    { numRuns: 2000 },
  );
  for (const name of ['3/a/photo-1.jpg', '000001.bin', 'a', 'IMG_20240101.jpeg']) {
    assert.ok(isPlainItemName(Buffer.from(name), 0, name.length), name);
  }
});
