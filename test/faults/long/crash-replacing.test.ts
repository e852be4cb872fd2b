/** Runs that are killed before they have replaced a file: what is there is not taken for what was to be stored. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { sluice } from '../../helpers/cli.js';
import { asAfterKill } from '../../helpers/journals.js';
import { answer, startRawServer } from '../../helpers/raw-server.js';
import { scratch } from '../../helpers/scratch.js';

/** A server, and the command with its one URL; a run that is to be killed is when it has made its request. */
async function prepare(t: TestContext) {
  const cwd = scratch(t);
  let victim: number | undefined;
  const server = await startRawServer({
    onRequest: () => {
      if (victim === undefined) return [answer('new')];
      process.kill(victim, 'SIGKILL');
      return [];
    },
  });
  t.after(() => server.close());
  return {
    directory: join(cwd, 'd'),
    requests: () => server.requests.length,
    get: (...args: readonly string[]) => sluice(['get', `${server.origin}/a`, '-d', 'd', ...args], { cwd }),
    kill: async (...args: readonly string[]): Promise<void> => {
      const onStart = (pid: number): unknown => (victim = pid);
      const { status } = await sluice(['get', `${server.origin}/a`, '-d', 'd', ...args], { cwd, onStart });
      assert.equal(status, null);
      victim = undefined;
    },
  };
}

describe('a killed run', { skip: process.platform === 'win32' && 'Windows has no kill -9' }, () => {
  test('that was to overwrite a file has not stored it', async (t) => {
    const { directory, get, kill } = await prepare(t);
    mkdirSync(directory);
    writeFileSync(join(directory, 'a'), 'old');
    await kill('--overwrite');
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'old');
    const { status, stderr } = await get('--overwrite');
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'new');
  });

  test('that was to replace what a power cut may have torn has not made it whole', async (t) => {
    const { directory, get, kill, requests } = await prepare(t);
    await get();
    asAfterKill(join(directory, '.sluice', 'journal'), { stored: false, boot: 'before the power cut' });
    writeFileSync(join(directory, 'a'), '\0\0\0');
    for (let times = 0; times < 2; times += 1) await kill();
    const { status, stderr } = await get();
    assert.equal(status, 0, stderr);
    assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'new');
    assert.equal(requests(), 4);
    assert.equal((await get()).status, 0);
    assert.equal(requests(), 4);
  });
});
