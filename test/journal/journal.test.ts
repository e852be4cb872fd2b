import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { itemAt, type RecordVisitor, storedAt } from '../../src/journal/format.js';
import { beginJournalFile, cutJournalFile, Journal, openJournalFile } from '../../src/journal/journal.js';
import { type Extent, readJournal } from '../../src/journal/reader.js';
import { StorageError } from '../../src/errors.js';
import { noise } from '../helpers/bodies.js';
import { scratch } from '../helpers/scratch.js';
import { thorough } from '../helpers/thorough.js';

const KEY = { a: 1, b: 2, c: 3 };
const END = { complete: true, ended: '2026-11-21T00:00:01.000Z' };

interface Content {
  readonly extent: Extent | undefined;
  readonly records: readonly string[];
}

async function contentOf(path: string, salvage = false): Promise<Content> {
  const records: string[] = [];
  const visitor: RecordVisitor = {
    run: ({ pid }) => records.push(`run ${pid}`),
    item: (_index, payload, at) => records.push(`item ${itemAt(payload, at).url}`),
    stored: (index, payload, at) => records.push(`stored ${index} ${storedAt(payload, at).size}`),
    failed: (index) => records.push(`failed ${index}`),
    end: ({ complete }) => records.push(`end ${complete}`),
  };
  await using file = await open(path);
  return { extent: await readJournal(file, path, visitor, { salvage }), records };
}

async function begin(path: string, onFailure: (error: StorageError) => void = assert.ifError): Promise<Journal> {
  const file = await openJournalFile(path);
  return new Journal(file, path, await beginJournalFile(file, path), false, onFailure);
}

/** A journal of three frames, and where each of them begins. */
async function threeFrames(t: TestContext): Promise<{ path: string; starts: number[] }> {
  const path = join(scratch(t), 'journal');
  const journal = await begin(path);
  const starts: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    starts.push(statSync(path).size);
    journal.begin(index, KEY, { url: `http://localhost/${index}`, name: `${index}` });
    journal.stored(index, { size: index, crc32: 0 }, false);
    await journal.written();
  }
  await journal.leave();
  return { path, starts };
}

const RECORDS = [0, 1, 2].flatMap((index) => [`item http://localhost/${index}`, `stored ${index} ${index}`]);

describe('a journal', () => {
  test('holds what was noted, in order, once it is written', async (t) => {
    const path = join(scratch(t), 'journal');
    const journal = await begin(path);
    journal.run({
      version: '1',
      started: '',
      pid: 7,
      boot: '',
      directory: '',
      layout: 'flat',
      afresh: false,
      lists: [],
    });
    journal.begin(0, KEY, { url: 'http://localhost/a', name: 'a' });
    await journal.written();
    assert.deepEqual((await contentOf(path)).records, ['run 7', 'item http://localhost/a']);
    journal.stored(0, { size: 5, crc32: 1 }, false);
    journal.failed(1, { status: 'error', code: 'NET_DNS', message: '', hint: '' });
    await journal.close(END);
    const { records, extent } = await contentOf(path);
    assert.deepEqual(records, ['run 7', 'item http://localhost/a', 'stored 0 5', 'failed 1', 'end true']);
    assert.deepEqual(extent, { end: statSync(path).size, torn: 0, damaged: 0 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('is written without being asked, within a moment, and at once where it is much', async (t) => {
    const path = join(scratch(t), 'journal');
    const journal = await begin(path);
    const before = statSync(path).size;
    journal.begin(0, KEY, { url: 'http://localhost/a', name: 'a' });
    assert.equal(statSync(path).size, before);
    while (statSync(path).size === before) await sleep(5);
    for (let index = 0; index < 20_000; index += 1)
      journal.begin(index, KEY, { url: `http://localhost/${index}`, name: 'a' });
    await journal.written();
    await journal.leave();
    const { records, extent } = await contentOf(path);
    assert.equal(records.length, 20_001);
    assert.equal(extent?.torn, 0);
  });

  test('goes on behind the last whole frame, wherever a crash tore the one after it', async (t) => {
    const { path, starts } = await threeFrames(t);
    const whole = readFileSync(path);
    for (let length = 0; length <= whole.length; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      const { records, extent } = await contentOf(path);
      const frames = starts.filter((_, i) => (starts[i + 1] ?? whole.length) <= length).length;
      assert.deepEqual(records, RECORDS.slice(0, 2 * frames), `${length} bytes`);
      if (length < (starts[0] as number)) {
        assert.equal(extent, undefined);
        continue;
      }
      assert.equal(extent?.end, starts[frames] ?? whole.length);
      assert.equal(extent.end + extent.torn, length);
    }
    writeFileSync(path, whole.subarray(0, -3));
    const file = await openJournalFile(path);
    const { extent } = await contentOf(path);
    await cutJournalFile(file, path, extent?.end as number);
    const journal = new Journal(file, path, extent?.end as number, false, assert.ifError);
    journal.begin(9, KEY, { url: 'http://localhost/more', name: 'more' });
    await journal.close(END);
    const { records } = await contentOf(path);
    assert.deepEqual(records, [...RECORDS.slice(0, 4), 'item http://localhost/more', 'end true']);
  });

  test('is refused when any bit before its last frame is another, and never says what was not written', async (t) => {
    const { path, starts } = await threeFrames(t);
    const whole = readFileSync(path);
    const [first, , last] = starts as [number, number, number];
    // One of each byte, and not always the same; all of them where there is time.
    for (let bit = 0; bit < 8 * whole.length; bit += thorough ? 1 : 9) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, flipped);
      if (bit < 8 * last) {
        await assert.rejects(contentOf(path), (error) => {
          assert.ok(error instanceof StorageError);
          assert.equal(error.code, 'STORE_JOURNAL');
          if (bit >= 8 * first) assert.match(error.message, /is damaged at byte \d+$/);
          assert.ok(error.hint.length > 0);
          return true;
        });
      } else {
        // What is damaged at the very end cannot be told from what was torn.
        assert.deepEqual((await contentOf(path)).records, RECORDS.slice(0, 4));
      }
    }
  });

  test('is salvaged around what is damaged', async (t) => {
    const { path, starts } = await threeFrames(t);
    const whole = readFileSync(path);
    const [first, second] = starts as [number, number];
    const flipped = Buffer.from(whole);
    flipped[first + 20]! ^= 1;
    writeFileSync(path, flipped);
    assert.deepEqual(await contentOf(path, true), {
      records: RECORDS.slice(2),
      extent: { end: whole.length, torn: 0, damaged: second - first },
    });
    // A frame is right in its place only.
    const moved = [whole.subarray(0, first), noise(5_000_000, 1), whole.subarray(first)];
    writeFileSync(path, Buffer.concat(moved));
    assert.deepEqual((await contentOf(path, true)).records, []);
    const between = [whole.subarray(0, second), Buffer.alloc(second - first), whole.subarray(second)];
    writeFileSync(path, Buffer.concat(between));
    assert.deepEqual((await contentOf(path, true)).records, RECORDS.slice(0, 2));
  });

  test('that is no journal is told so, and left alone', async (t) => {
    const path = join(scratch(t), 'journal');
    for (const text of ['something else that lies there', 'sluice journal 2\nwhatever']) {
      writeFileSync(path, text);
      await assert.rejects(contentOf(path), { name: 'StorageError', code: 'STORE_JOURNAL' });
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });

  test('is not followed where it is a link', { skip: process.platform === 'win32' && 'no links' }, async (t) => {
    const folder = scratch(t);
    writeFileSync(join(folder, 'target'), 'kept');
    symlinkSync('target', join(folder, 'journal'));
    await assert.rejects(openJournalFile(join(folder, 'journal')), { name: 'StorageError' });
    assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'kept');
  });

  test('that cannot be written any more says so once, to everybody, and writes nothing after it', async (t) => {
    const path = join(scratch(t), 'journal');
    const writable = await openJournalFile(path);
    const end = await beginJournalFile(writable, path);
    await writable.close();
    const told: StorageError[] = [];
    const journal = new Journal(await open(path, 'r'), path, end, false, (error) => told.push(error));
    journal.begin(0, KEY, { url: 'http://localhost/a', name: 'a' });
    await assert.rejects(journal.written(), { name: 'StorageError' });
    journal.begin(1, KEY, { url: 'http://localhost/b', name: 'b' });
    await assert.rejects(journal.written(), { name: 'StorageError' });
    await journal.close(END);
    assert.equal(told.length, 1);
    assert.match(told[0]!.message, /cannot write the journal .*journal/);
    assert.equal(statSync(path).size, end);
  });
});
