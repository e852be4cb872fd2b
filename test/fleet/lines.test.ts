/** Lines as they are read again. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { linesOf } from '../../src/fleet/lines.js';
import { scratch } from '../helpers/scratch.js';

async function readAgain(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const some of linesOf(path)) lines.push(...some);
  return lines;
}

test('lines end with LF and nothing else', async (t) => {
  const path = join(scratch(t), 'lines');
  const texts = ['a\u2028b', '\u2029', '\u0085 x', 'ü€😀', 'last'];
  writeFileSync(path, texts.join('\n'));
  assert.deepEqual(await readAgain(path), texts);
});

test('lines are whole wherever a block of the file ends', async (t) => {
  const path = join(scratch(t), 'lines');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('x', 'ü', '😀'), fc.nat(200_000)), { maxLength: 6 }),
      async (some) => {
        const texts = some.map(([character, times]) => character.repeat(times + 1));
        writeFileSync(path, texts.map((text) => `${text}\n`).join(''));
        assert.deepEqual(await readAgain(path), texts);
      },
    ),
    { numRuns: 20 },
  );
});

test('a file that is not there is an error of the storage', async (t) => {
  await assert.rejects(readAgain(join(scratch(t), 'none')), { name: 'StorageError' });
});
