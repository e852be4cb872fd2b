import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/errors.js';
import { loadFlags } from '../../src/server/files.js';

test('all 194 flags and their metadata are in memory, with their true lengths', async () => {
  const files = await loadFlags();
  assert.equal(files.size, 2 * 194);
  for (const { body, headers } of files.values()) assert.equal(headers['content-length'], String(body.length));
});

test('a directory without flags is an error that names it and says what makes them', async () => {
  await assert.rejects(
    loadFlags('/nowhere/flags'),
    (error) =>
      error instanceof SluiceError &&
      error.code === 'INTERNAL' &&
      error.message.includes('/nowhere/flags') &&
      error.hint.includes('npm run build') &&
      (error.cause as NodeJS.ErrnoException).code === 'ENOENT',
  );
});
