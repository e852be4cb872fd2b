/** Checksums by the names of files, as other programs print them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSums } from '../../src/lists/sums.js';
import { scratch } from '../helpers/scratch.js';

const NAMES = ['a.txt', 'b c.txt', 'd\\e', 'f\ng', 'sub'];

test('what sha256sum and its like print is read, of any name, as text, binary or with a tag', async (t) => {
  const folder = scratch(t);
  for (const name of NAMES) writeFileSync(join(folder, name), `body of ${name}`);
  for (const algorithm of ['sha256', 'sha1', 'sha512', 'md5'] as const) {
    for (const options of [[], ['--binary'], ['--tag']]) {
      const program = `${algorithm}sum`;
      const printed = execFileSync(program, [...options, ...NAMES.map((name) => `./${name}`)], { cwd: folder });
      const path = join(folder, 'sums');
      writeFileSync(path, Buffer.concat([Buffer.from('# a comment\n\n'), printed]));
      const expected = NAMES.map((name) => {
        return [name, { algorithm, hex: createHash(algorithm).update(`body of ${name}`).digest('hex') }] as const;
      });
      assert.deepEqual(await readSums(path), new Map(expected));
    }
  }
});

test('a line that is none is told with its number, and so is a file that is not there', async (t) => {
  const path = join(scratch(t), 'sums');
  const good = `${'0'.repeat(64)}  a\n`;
  for (const line of [
    'hello',
    '0123  a',
    `${'0'.repeat(64)} a`,
    `${'g'.repeat(64)}  a`,
    `FNORD (a) = ${'0'.repeat(64)}`,
  ]) {
    writeFileSync(path, `${good}${line}\n${good}`);
    const message = `--checksums ${path}:2: no checksum and name: ${line}`;
    await assert.rejects(readSums(path), { code: 'LIST_UNREADABLE', message });
  }
  await assert.rejects(readSums(join(path, 'none')), /cannot read --checksums .*none: ENOTDIR/);
});
