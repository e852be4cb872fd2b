import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CLI } from './helpers/cli.js';
import { scratch } from './helpers/scratch.js';

/**
 * Loaded before the command: tells at its end how many threads it has. CommonJS, and nothing asynchronous, so that the
 * number of libuv's threads is not settled by it.
 */
const COUNT_THREADS = `
  const { readdirSync, writeFileSync } = require('node:fs');
  process.on('exit', () => writeFileSync(__filename + '.threads', String(readdirSync('/proc/self/task').length)));
`;
const notLinux = process.platform !== 'linux' && 'threads are counted in /proc';

/** Threads that the command has when it ends, libuv's and the others, where the environment gives libuv so many. */
function threadsOf(t: TestContext, size: string | undefined): number {
  const count = join(scratch(t), 'count.cjs');
  writeFileSync(count, COUNT_THREADS);
  const env = { ...process.env };
  delete env['UV_THREADPOOL_SIZE'];
  if (size !== undefined) env['UV_THREADPOOL_SIZE'] = size;
  const { status, stderr } = spawnSync(process.execPath, ['--require', count, CLI, '--version'], {
    encoding: 'utf8',
    env,
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  return Number(readFileSync(`${count}.threads`, 'utf8'));
}

describe("libuv's threads", { skip: notLinux }, () => {
  test('are 68 under the command, unless the environment says otherwise', (t) => {
    const others = threadsOf(t, '1') - 1;
    assert.equal(threadsOf(t, '7') - others, 7);
    assert.equal(threadsOf(t, undefined) - others, 68);
  });
});
