import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CLI } from './helpers/cli.js';
import { noPowerless, powerless } from './helpers/faults.js';
import { scratch } from './helpers/scratch.js';

/**
 * Loaded before the command: tells at its end of its threads, by the priority of each (proc(5), field 19 of `stat`).
 * CommonJS, and nothing asynchronous, so that the number of libuv's threads is not settled by it.
 */
const TELL_THREADS = `
  const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
  const niceOf = (thread) => {
    const stat = readFileSync('/proc/self/task/' + thread + '/stat', 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  process.on('exit', () => {
    writeFileSync(__filename + '.threads', JSON.stringify(readdirSync('/proc/self/task').map(niceOf)));
  });
`;
const notLinux = process.platform !== 'linux' && 'threads are counted in /proc';

/**
 * Threads that the command has when it ends, libuv's and the others, where the environment gives libuv so many: how much
 * each is put after others.
 *
 * @param within the command that runs it
 */
function threadsOf(t: TestContext, size: string | undefined, within: readonly string[] = []): readonly number[] {
  const tell = join(scratch(t), 'tell.cjs');
  writeFileSync(tell, TELL_THREADS);
  const env = { ...process.env };
  delete env['UV_THREADPOOL_SIZE'];
  if (size !== undefined) env['UV_THREADPOOL_SIZE'] = size;
  const [program, ...args] = [...within, process.execPath, '--require', tell, CLI, '--version'];
  const { status, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env,
    timeout: 120_000,
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(readFileSync(`${tell}.threads`, 'utf8')) as number[];
}

describe("libuv's threads", { skip: notLinux }, () => {
  test('are 68 under the command, unless the environment says otherwise', (t) => {
    const others = threadsOf(t, '1').length - 1;
    assert.equal(threadsOf(t, '7').length - others, 7);
    assert.equal(threadsOf(t, undefined).length - others, 68);
  });

  test(
    'are put after the others by 5, also where `nice` has begun the command for who may not undo that',
    { skip: noPowerless },
    (t) => {
      const own = getPriority();
      for (const more of [0, 3, 19]) {
        const threads = threadsOf(t, '7', [...powerless, 'nice', '-n', `${more}`]);
        const [main, last] = [own + more, own + more + 5].map((nice) => Math.min(19, nice));
        assert.equal(threads[0], main);
        assert.equal(threads.filter((nice) => nice === last).length, main === last ? threads.length : 7);
      }
    },
  );
});
