/** Which file has which bytes, as a journal tells it of earlier runs, and as a run goes on telling it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Checksum } from '../../src/item.js';
import { Bodies, storedBodies } from '../../src/journal/bodies.js';
import type { RunRecord } from '../../src/journal/format.js';
import { beginJournalFile, Journal, openJournalFile } from '../../src/journal/journal.js';
import type { LearnedOf } from '../../src/journal/learned.js';
import { readJournal } from '../../src/journal/reader.js';
import { keyOf } from '../../src/journal/state-index.js';
import { scratch } from '../helpers/scratch.js';

const RUN: RunRecord = {
  version: '1.2.3',
  started: '2026-11-27T00:00:00.000Z',
  pid: 7,
  boot: 'b',
  directory: '/somewhere',
  layout: 'flat',
  afresh: false,
  lists: [],
};

const hashOf = (body: number): string => createHash('sha256').update(String(body)).digest('hex');

function learned(checksum: Checksum | undefined): LearnedOf {
  const times = { asked: 1, answered: 2, fetched: 3, stored: 4 };
  return { url: 'http://localhost/', answer: undefined, times, tries: 1, checksum };
}

/** What happens to an item: its name, what an answer calls it, and what becomes of it. */
const item = fc.record({
  name: fc.integer({ min: 0, max: 30 }).map((n) => `${'a'.repeat(n)}${n}`),
  renamed: fc.option(fc.integer({ min: 0, max: 30 }).map((n) => `b/${n}`)),
  body: fc.integer({ min: 0, max: 8 }),
  end: fc.constantFrom('stored', 'stored', 'stored', 'failed', 'killed', 'md5', 'unknown'),
});
const run = fc.record({
  layout: fc.constantFrom('flat', 'hashed', 'tar'),
  afresh: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  items: fc.array(item, { maxLength: 20 }),
});

test('of each body the file is known that was stored with it last, whatever the runs were that a journal tells of', async (t) => {
  const folder = scratch(t);
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(run, { maxLength: 4 }), async (runs) => {
      number += 1;
      const path = join(folder, String(number));
      const file = await openJournalFile(path);
      const journal = new Journal(file, path, await beginJournalFile(file, path), false, assert.ifError);
      const wanted = new Map<string, string>();
      const own = new Bodies(file);
      for (const { layout, afresh, items } of runs) {
        const inFiles = layout !== 'tar';
        journal.run({ ...RUN, layout, afresh });
        own.begun.clear();
        journal.noteNames(own.begun);
        if (inFiles && afresh) {
          wanted.clear();
          own.clear();
        }
        for (const [index, { name, renamed, body, end }] of items.entries()) {
          journal.begin(index, keyOf('http://localhost/', name), { url: 'http://localhost/', name });
          if (renamed !== null) journal.renamed(index, renamed, false);
          const hex = hashOf(body);
          if (end === 'stored' && inFiles) {
            wanted.set(hex, renamed ?? name);
            own.note(hex, index);
          }
          const checksum: Checksum = {
            algorithm: end === 'md5' ? 'md5' : 'sha256',
            hex: end === 'md5' ? hex.slice(32) : hex,
          };
          if (end === 'failed') {
            journal.failed(index, { status: 'error', code: 'NET_RESET', message: '', hint: '' }, learned(undefined));
          } else if (end !== 'killed') {
            journal.stored(index, { size: 1, crc32: 1 }, false, end === 'unknown' ? undefined : learned(checksum));
          }
          assert.equal(own.begun.has(index), end === 'killed');
        }
      }
      await journal.written();
      const extent = await readJournal(file, path, {});
      const read = await storedBodies(file, path, extent?.end ?? 0);
      for (let body = 0; body <= 8; body += 1) {
        const hex = hashOf(body);
        const name = wanted.get(hex);
        for (const bodies of [own, read]) {
          assert.equal(bodies.has(hex), name !== undefined);
          assert.equal(await bodies.nameOf(hex), name);
        }
      }
      await journal.leave();
    }),
    { numRuns: 50 },
  );
});

test('a name that no file of ours gets is none', async (t) => {
  const path = join(scratch(t), 'journal');
  const file = await openJournalFile(path);
  const journal = new Journal(file, path, await beginJournalFile(file, path), false, assert.ifError);
  journal.run(RUN);
  journal.begin(0, keyOf('http://localhost/', 'a'), { url: 'http://localhost/', name: '../outside' });
  const checksum = { algorithm: 'sha256', hex: hashOf(1) } as const;
  journal.stored(0, { size: 1, crc32: 1 }, false, learned(checksum));
  await journal.written();
  const bodies = await storedBodies(file, path, Infinity);
  assert.equal(bodies.has(hashOf(1)), true);
  assert.equal(await bodies.nameOf(hashOf(1)), undefined);
  await journal.leave();
});
