import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { FrameWriter, itemAt, PREAMBLE } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import { scratch } from '../helpers/scratch.js';

const KEY = { a: 1, b: 2, c: 3 };

test('reads frames of whatever size, wherever what is read at once ends', async (t) => {
  const path = join(scratch(t), 'journal');
  const writer = new FrameWriter();
  const parts: Buffer[] = [PREAMBLE];
  let end = PREAMBLE.length;
  const written: number[] = [];
  for (const size of [10, 2_000_000, 97_000, 1_900_000, 1, 1_990_000, 64_000, 700_000, 1_999_999, 3]) {
    const url = `http://localhost/${'x'.repeat(size)}`;
    writer.item(written.length, KEY, url, 'x');
    written.push(url.length);
    const frame = Buffer.from(writer.take(end));
    parts.push(frame);
    end += frame.length;
  }
  writeFileSync(path, Buffer.concat([...parts, Buffer.from('torn')]));
  await using file = await open(path);
  const read: number[] = [];
  const extent = await readJournal(file, path, {
    item: (index, payload, at, offset) => {
      assert.equal(index, read.length);
      read.push(itemAt(payload, at).url.length);
      assert.ok(offset < end);
    },
  });
  assert.deepEqual(read, written);
  assert.deepEqual(extent, { end, torn: 4, damaged: 0 });
});
