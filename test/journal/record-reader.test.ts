import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { RecordReader } from '../../src/journal/record-reader.js';
import { mulberry32 } from '../../src/server/random.js';
import { noise } from '../helpers/bodies.js';
import { scratch } from '../helpers/scratch.js';

describe('a reader of records', () => {
  test('gives what is in the file, wherever that is and however much of it is wanted', async (t) => {
    const bytes = noise(12 << 20, 1);
    const path = join(scratch(t), 'journal');
    writeFileSync(path, bytes);
    await using file = await open(path);
    const reader = new RecordReader(file);
    const random = mulberry32(2);
    for (let n = 0; n < 300; n += 1) {
      const place = Math.floor(random() * bytes.length);
      const size = Math.floor(random() * [100, 5_000, 2 << 20][n % 3]!);
      const expected = bytes.subarray(place, place + size);
      // Its whole size is known by its first bytes.
      const sizeOf = (there: Buffer): number => (there.length < 25 ? 25 : size);
      const found = await reader.from(place, sizeOf, n % 2 === 0);
      assert.ok(found.length >= expected.length, `${n}`);
      assert.ok(found.subarray(0, expected.length).equals(expected), `${n}`);
    }
  });
});
