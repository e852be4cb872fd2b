import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { limited } from '../helpers/faults.js';
import { answer, startRawServer } from '../helpers/raw-server.js';
import { scratch } from '../helpers/scratch.js';

/** After the first of its items it opens files until there is room for few connections; then come the others. */
const CROWDED = `
import { closeSync, openSync } from 'node:fs';
const { download } = await import(LIBRARY);
let go;
const crowded = new Promise((resolve) => (go = resolve));
async function* urls() {
  yield ORIGIN + '/first';
  await crowded;
  for (let i = 0; i < 120; i += 1) yield ORIGIN + '/' + i;
}
const run = download(urls(), { directory: 'out', workers: 1, maxRequests: 40, tries: 2 });
for await (const outcome of run) {
  if (outcome.status !== 'ok') console.log(outcome.error.code, outcome.error.message);
  if (!outcome.url.endsWith('/first')) continue;
  const fds = [];
  try {
    for (;;) fds.push(openSync('/dev/null'));
  } catch (error) {
    console.log(error.code);
  }
  for (const fd of fds.slice(0, 12)) closeSync(fd);
  go();
}
console.log(run.summary.ok);
`;

test(
  'connections for which no file can be opened are made later, free of charge, and fewer at once',
  { skip: process.platform === 'linux' ? false : 'only Linux tells how many files may be open' },
  async (t) => {
    let running = 0;
    let most = 0;
    async function* slowly(): AsyncGenerator<Uint8Array> {
      running += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
      yield answer('x');
    }
    await using server = await startRawServer({ onRequest: slowly });
    const library = JSON.stringify(new URL('../../src/index.js', import.meta.url).href);
    const script = CROWDED.replace('LIBRARY', library).replaceAll('ORIGIN', JSON.stringify(server.origin));
    const [program, ...args] = [...limited('-n 400'), process.execPath, '--input-type=module', '-e', script];
    const { stdout } = await promisify(execFile)(program, args, { cwd: scratch(t) });
    assert.deepEqual(stdout.trim().split('\n'), ['EMFILE', '121']);
    assert.ok(most > 1 && most <= 14, `${most} at once`);
  },
);
