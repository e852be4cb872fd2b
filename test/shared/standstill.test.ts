/** A process that nothing will wake any more ends by itself, with 0: nobody may take that for the end of a run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Ran, sluice } from '../helpers/cli.js';
import { answer, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

const FORGETFUL = new URL('../helpers/forgetful.js', import.meta.url).href;
const LIBRARY = new URL('../../src/index.js', import.meta.url).href;

function forgets(what: string): { flags: readonly string[]; env: NodeJS.ProcessEnv } {
  return { flags: ['--import', FORGETFUL], env: { FORGETS: what } };
}

async function runScript(script: string): Promise<Ran> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  return { status, stdout, stderr };
}

describe('a run that comes to a standstill', () => {
  test('ends with 70, says so, and leaves summary, report and a journal that is gone on with', async (t) => {
    const cwd = scratch(t);
    await using server = await startRawServer({
      onRequest: ({ path, number }) => [
        path === '/late' && number < 3 ? answer('', 'Retry-After: 3\r\n', '429 Slow') : answer('body'),
      ],
    });
    const args = ['get', '-d', 'out', '--report', 'report.json', `${server.origin}/good`, `${server.origin}/late`];
    const stuck = await sluice(args, { cwd, ...forgets('timers') });
    assert.equal(stuck.status, 70, stuck.stderr);
    assert.match(stuck.stderr, /^\*\*\* Error: the run came to a standstill before it was done/m);
    assert.match(stuck.stderr, /^1 file downloaded/m);
    const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')) as { ok: number; errors: number };
    assert.deepEqual([report.ok, report.errors], [1, 0]);
    assert.deepEqual(readdirSync(join(cwd, 'out', '.sluice')), ['journal']);
    const told = await sluice(['status', 'out'], { cwd });
    assert.match(told.stdout, /1 file stored.*\n1 not finished/);
    const again = await sluice(args, { cwd });
    assert.deepEqual([again.status, readdirSync(join(cwd, 'out')).sort()], [0, ['.sluice', 'good', 'late']]);
    assert.equal(server.requests.filter(({ path }) => path === '/good').length, 1);
  });

  test('ends with 70 also where it has not begun yet', async (t) => {
    const stuck = await sluice(['get', '-d', 'out', 'http://127.0.0.1:1/a'], {
      cwd: scratch(t),
      ...forgets('journal'),
    });
    assert.equal(stuck.status, 70, stuck.stderr);
    assert.match(stuck.stderr, /standstill/);
  });

  test('rejects in the library, where an iterable of URLs never goes on', async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer('body')] });
    const options = JSON.stringify({ directory: scratch(t) });
    const ran = await runScript(`
      import { download } from ${JSON.stringify(LIBRARY)};
      async function* urls() {
        yield '${server.origin}/one';
        await new Promise(() => undefined);
      }
      const seen = [];
      try {
        for await (const { status } of download(urls(), ${options})) seen.push(status);
      } catch (error) {
        console.log(JSON.stringify({ seen, code: error.code, message: error.message }));
      }`);
    assert.equal(ran.status, 0, ran.stderr);
    const { seen, code, message } = JSON.parse(ran.stdout) as { seen: string[]; code: string; message: string };
    assert.deepEqual([seen, code], [['ok'], 'INTERNAL']);
    assert.match(message, /standstill/);
  });

  test('is watched for without a warning, however many downloads a program has at once', async (t) => {
    await using server = await startRawServer({ onRequest: () => [answer('body')] });
    const ran = await runScript(`
      import { download } from ${JSON.stringify(LIBRARY)};
      await Promise.all(Array.from({ length: 12 }, async (_, i) => {
        const directory = ${JSON.stringify(scratch(t))} + '/' + i;
        for await (const { status } of download(['${server.origin}/one'], { directory })) console.log(status);
      }));
      console.log(process.listenerCount('beforeExit'));`);
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.equal(ran.stdout, `${'ok\n'.repeat(12)}0\n`);
  });
});
